package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@code kept = #{n : x_(1) + ... + x_(n) <= p sum x} + extra} for scores x in descending order, found by halving the range of the last
 * score that is kept: whole ranges are summed, in the order of their indices, and nothing is sorted (arXiv:2502.18137,
 * arXiv:2502.20766).
 */
public final class CoverMass {

    /** Scores that are summed before their sum joins the others', so that long sums stay exact. */
    private static final int CHUNK = 256;

    private CoverMass() {
    }

    /**
     * One set of candidates that are counted together. Arguments without a word here are those of {@link CountKept#rows}.
     *
     * @param scores [sets, size], not negative
     * @param p share of the sum
     * @param cover 1 for the fewest that pass p, 0 for the most that do not
     */
    public static void rows(FloatArray scores, IntArray marks, IntArray kept, int size, int top, int first, float p, int cover, int least,
            int most, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int base = (rowOffset + r) * size;
            int competing = 0;
            int forced = 0;
            float ahead = 0.0f;
            float total = 0.0f;
            float low = 1.0e30f;
            float high = -1.0e30f;
            for (int start = 0; start < size; start += CHUNK) {
                float sum = 0.0f;
                float forcedSum = 0.0f;
                for (int n = start; n < TornadoMath.min(size, start + CHUNK); n++) {
                    int mark = marks.get(base + n);
                    float score = scores.get(base + n);
                    if (mark > MarkCandidates.HIDDEN && mark <= top) {
                        competing++;
                        sum = sum + score;
                        low = TornadoMath.min(low, score);
                        high = TornadoMath.max(high, score);
                    }
                    if (mark == MarkCandidates.FORCED) {
                        forced = forced + first;
                        forcedSum = forcedSum + first * score;
                    }
                }
                total = total + sum;
                ahead = ahead + forcedSum;
            }
            float target = p * (total + ahead) - ahead;
            int within = competing;
            if (total > target) {
                int above = 0;
                float aboveSum = 0.0f;
                while (low < high) {
                    float middle = 0.5f * low + 0.5f * high;
                    if (middle >= high) {
                        middle = low;
                    }
                    if (middle < low) {
                        middle = low;
                    }
                    float mass = 0.0f;
                    float nextAbove = high;
                    float nextBelow = low;
                    for (int start = 0; start < size; start += CHUNK) {
                        float sum = 0.0f;
                        for (int n = start; n < TornadoMath.min(size, start + CHUNK); n++) {
                            int mark = marks.get(base + n);
                            float score = scores.get(base + n);
                            if (mark > MarkCandidates.HIDDEN && mark <= top) {
                                if (score > middle) {
                                    sum = sum + score;
                                    nextAbove = TornadoMath.min(nextAbove, score);
                                } else {
                                    nextBelow = TornadoMath.max(nextBelow, score);
                                }
                            }
                        }
                        mass = mass + sum;
                    }
                    if (mass > target) {
                        low = nextAbove;
                    } else {
                        high = nextBelow;
                    }
                }
                for (int start = 0; start < size; start += CHUNK) {
                    float sum = 0.0f;
                    for (int n = start; n < TornadoMath.min(size, start + CHUNK); n++) {
                        int mark = marks.get(base + n);
                        if (mark > MarkCandidates.HIDDEN && mark <= top && scores.get(base + n) > low) {
                            sum = sum + scores.get(base + n);
                            above++;
                        }
                    }
                    aboveSum = aboveSum + sum;
                }
                within = above;
                float running = aboveSum + low;
                while (within < competing && running <= target) {
                    within++;
                    running = running + low;
                }
            }
            int wanted = within + cover;
            if (forced == 0) {
                wanted = TornadoMath.max(1, wanted);
            }
            if (target < 0.0f) {
                wanted = 0;
            }
            wanted = TornadoMath.max(least, TornadoMath.min(most, wanted + forced));
            kept.set(rowOffset + r, TornadoMath.max(0, TornadoMath.min(competing, wanted - forced)));
        }
    }
}
