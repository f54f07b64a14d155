package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@code weight_j = size_j exp(x_j - m) / sum_t size_t exp(x_t - m)} over the scores that a row sees, 0 elsewhere (arXiv:2505.18875). */
public final class VisibleSoftmax {
    private VisibleSoftmax() {
    }

    /**
     * One row of scores.
     *
     * @param x [batch, kvHeads * group, queries, columns]
     * @param index [queries]: where in {@code visible} a row's number stands
     * @param visible so many columns, from the first one, are seen
     * @param apart [batch, kvHeads, columns]: columns that are left out, other than 0
     * @param sizes [batch, kvHeads, columns]
     * @param out [batch, kvHeads * group, queries, columns]
     */
    public static void rows(FloatArray x, IntArray index, IntArray visible, IntArray apart, FloatArray sizes, FloatArray out, int group,
            int queries, int columns, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int base = row * columns;
            int ofHead = row / queries / group * columns;
            int seen = visible.get(index.get(row % queries));
            float max = -1.0e30f;
            for (int j = 0; j < seen; j++) {
                if (apart.get(ofHead + j) == 0) {
                    max = TornadoMath.max(max, x.get(base + j));
                }
            }
            float sum = 0.0f;
            for (int j = 0; j < columns; j++) {
                float weight = 0.0f;
                if (j < seen) {
                    if (apart.get(ofHead + j) == 0) {
                        weight = sizes.get(ofHead + j) * TornadoMath.exp(x.get(base + j) - max);
                    }
                }
                out.set(base + j, weight);
                sum = sum + weight;
            }
            float inverse = 0.0f;
            if (sum > 0.0f) {
                inverse = 1.0f / sum;
            }
            for (int j = 0; j < columns; j++) {
                out.set(base + j, out.get(base + j) * inverse);
            }
        }
    }
}
