package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@code kept = counts[visible]}, or the number of scores of at least a threshold, within bounds. */
public final class CountKept {
    private CountKept() {
    }

    /**
     * One set of candidates that are counted together: a row, or all rows of a head.
     *
     * @param scores [sets, size]
     * @param marks [sets, size], of {@link MarkCandidates}
     * @param counts [size + 1]: how many are kept of so many
     * @param kept [sets]: how many compete with success
     * @param top the highest mark that competes: SEEN or FORCED
     * @param first 1 if forced candidates count and come first, else 0
     * @param byScore 1 to count scores of at least {@code threshold}, 0 to look into {@code counts}
     */
    public static void rows(FloatArray scores, IntArray marks, IntArray counts, IntArray kept, int size, int top, int first, int byScore,
            float threshold, int least, int most, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int base = (rowOffset + r) * size;
            int competing = 0;
            int forced = 0;
            int above = 0;
            for (int n = 0; n < size; n++) {
                int mark = marks.get(base + n);
                if (mark > MarkCandidates.HIDDEN && mark <= top) {
                    competing++;
                    if (scores.get(base + n) >= threshold) {
                        above++;
                    }
                }
                if (mark == MarkCandidates.FORCED) {
                    forced++;
                }
            }
            int ahead = forced * first;
            int wanted = above + ahead;
            if (byScore == 0) {
                wanted = counts.get(competing + ahead);
            }
            wanted = TornadoMath.max(least, TornadoMath.min(most, wanted));
            kept.set(rowOffset + r, TornadoMath.max(0, TornadoMath.min(competing, wanted - ahead)));
        }
    }
}
