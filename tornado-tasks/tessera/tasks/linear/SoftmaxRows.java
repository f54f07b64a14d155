package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out_i = exp(x_i - max_j x_j) / sum_j exp(x_j - max_j x_j)} over the last axis (arXiv:1706.03762). */
public final class SoftmaxRows {
    private SoftmaxRows() {
    }

    /**
     * One vector a row.
     *
     * @param x [rows, dim]
     * @param out [rows, dim]
     */
    public static void rows(FloatArray x, FloatArray out, int dim, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int base = (rowOffset + r) * dim;
            float max = x.get(base);
            for (int c = 1; c < dim; c++) {
                max = TornadoMath.max(max, x.get(base + c));
            }
            float sum = 0.0f;
            for (int c = 0; c < dim; c++) {
                float weight = TornadoMath.exp(x.get(base + c) - max);
                out.set(base + c, weight);
                sum = sum + weight;
            }
            float inverse = 1.0f / sum;
            for (int c = 0; c < dim; c++) {
                out.set(base + c, out.get(base + c) * inverse);
            }
        }
    }
}
