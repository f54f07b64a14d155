package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@code out_i = weight_hi (x_i - m) / sqrt(s + epsilon) + bias_hi} with m the mean of x or 0 and
 * {@code s = sum_j (x_j - m)² / divisor}: RMS, layer and L2 norm (arXiv:1910.07467, arXiv:1607.06450).
 */
public final class NormaliseRows {
    private NormaliseRows() {
    }

    /**
     * One token of one head.
     *
     * @param x [batch, heads, length, dim]
     * @param weight [weightHeads, dim]
     * @param bias [weightHeads, dim]
     * @param out [batch, heads, length, dim]
     * @param weightHeads heads or 1
     * @param centred 1 to subtract the mean, else 0
     * @param divisor dim or 1
     */
    public static void rows(FloatArray x, FloatArray weight, FloatArray bias, FloatArray out, int heads, int length, int dim, int weightHeads,
            int centred, int divisor, float epsilon, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int base = row * dim;
            int weightBase = row / length % heads % weightHeads * dim;
            float mean = 0.0f;
            if (centred == 1) {
                for (int c = 0; c < dim; c++) {
                    mean = mean + x.get(base + c);
                }
                mean = mean / dim;
            }
            float squares = 0.0f;
            for (int c = 0; c < dim; c++) {
                float distance = x.get(base + c) - mean;
                squares = squares + distance * distance;
            }
            float inverse = 1.0f / TornadoMath.sqrt(squares / divisor + epsilon);
            for (int c = 0; c < dim; c++) {
                out.set(base + c, weight.get(weightBase + c) * (x.get(base + c) - mean) * inverse + bias.get(weightBase + c));
            }
        }
    }
}
