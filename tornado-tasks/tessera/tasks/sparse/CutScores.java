package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@code cut = x_(kept)}, the lowest score that is kept, and the last index of that score that is: found by halving the range of scores
 * and counting, with comparisons only, so that every device finds the same.
 */
public final class CutScores {
    private CutScores() {
    }

    /**
     * One set of candidates that are counted together. Arguments without a word here are those of {@link CountKept#rows}.
     *
     * @param cuts [sets]: scores above are kept
     * @param ties [sets]: scores equal to the cut are kept up to this index in the set
     */
    public static void rows(FloatArray scores, IntArray marks, IntArray kept, FloatArray cuts, IntArray ties, int size, int top, int rowOffset,
            int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int base = (rowOffset + r) * size;
            int wanted = kept.get(rowOffset + r);
            float low = 3.0e38f;
            float high = -3.0e38f;
            for (int n = 0; n < size; n++) {
                int mark = marks.get(base + n);
                if (mark > MarkCandidates.HIDDEN && mark <= top) {
                    low = TornadoMath.min(low, scores.get(base + n));
                    high = TornadoMath.max(high, scores.get(base + n));
                }
            }
            if (wanted == 0) {
                low = 3.0e38f;
                high = 3.0e38f;
            }
            while (low < high) {
                float middle = 0.5f * low + 0.5f * high;
                if (middle >= high) {
                    middle = low;
                }
                if (middle < low) {
                    middle = low;
                }
                int above = 0;
                float nextAbove = high;
                float nextBelow = low;
                for (int n = 0; n < size; n++) {
                    int mark = marks.get(base + n);
                    float score = scores.get(base + n);
                    if (mark > MarkCandidates.HIDDEN && mark <= top) {
                        if (score > middle) {
                            above++;
                            nextAbove = TornadoMath.min(nextAbove, score);
                        } else {
                            nextBelow = TornadoMath.max(nextBelow, score);
                        }
                    }
                }
                if (above >= wanted) {
                    low = nextAbove;
                } else {
                    high = nextBelow;
                }
            }
            int left = wanted;
            for (int n = 0; n < size; n++) {
                int mark = marks.get(base + n);
                if (mark > MarkCandidates.HIDDEN && mark <= top && scores.get(base + n) > low) {
                    left--;
                }
            }
            int last = -1;
            for (int n = 0; n < size; n++) {
                int mark = marks.get(base + n);
                if (left > 0 && mark > MarkCandidates.HIDDEN && mark <= top && scores.get(base + n) == low) {
                    last = n;
                    left--;
                }
            }
            cuts.set(rowOffset + r, low);
            ties.set(rowOffset + r, last);
        }
    }
}
