package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@code out_rc = fold(x_ij)} over the scores i, j that lie in row r and overlap candidate c, then over the heads of a group
 * (arXiv:2503.16428, arXiv:2509.24663).
 */
public final class FoldScores {
    public static final int SUM = 0;
    public static final int MEAN = 1;
    public static final int MAX = 2;

    private FoldScores() {
    }

    /**
     * One candidate of one row.
     *
     * @param x [batch, listHeads * group, queries, columns]
     * @param visible [queries]: columns that are seen, from the first one
     * @param apart [batch, kvHeads, columns]: columns that are left out, other than 0
     * @param out [batch, listHeads, rows, candidates]
     * @param kvGroup query heads of x to a head of keys
     * @param rowQueries queries of x in a row
     * @param blockK keys in a candidate
     * @param stride keys from one column to the next
     * @param span keys that a column stands for
     * @param within fold of a candidate: SUM, MEAN or MAX
     * @param across fold of a group
     * @param none a head's score where nothing is seen
     */
    public static void rows(FloatArray x, IntArray visible, IntArray apart, FloatArray out, int group, int kvGroup, int rows, int candidates,
            int queries, int columns, int rowQueries, int blockK, int stride, int span, int within, int across, float none, int rowOffset,
            int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int candidate = row % candidates;
            int ofRow = row / candidates % rows;
            int head = row / candidates / rows * group;
            int firstKey = candidate * blockK;
            int first = TornadoMath.max(0, firstKey + stride - span) / stride;
            int end = TornadoMath.min(columns, (firstKey + blockK + stride - 1) / stride);
            int lastQuery = TornadoMath.min(queries, (ofRow + 1) * rowQueries);
            float folded = 0.0f;
            for (int g = 0; g < group; g++) {
                float sum = 0.0f;
                float largest = -1.0e30f;
                int count = 0;
                for (int i = ofRow * rowQueries; i < lastQuery; i++) {
                    int base = ((head + g) * queries + i) * columns;
                    int seen = TornadoMath.min(end, visible.get(i));
                    for (int j = first; j < seen; j++) {
                        if (apart.get((head + g) / kvGroup * columns + j) == 0) {
                            sum = sum + x.get(base + j);
                            largest = TornadoMath.max(largest, x.get(base + j));
                            count++;
                        }
                    }
                }
                float score = none;
                if (count > 0) {
                    score = sum;
                    if (within == MEAN) {
                        score = sum / count;
                    }
                    if (within == MAX) {
                        score = largest;
                    }
                }
                if (across == MAX && g > 0) {
                    folded = TornadoMath.max(folded, score);
                } else {
                    folded = folded + score;
                }
            }
            if (across == MEAN) {
                folded = folded / group;
            }
            out.set(row, folded);
        }
    }
}
