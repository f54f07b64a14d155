package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@code φ(x) = [1, x / dim^(1/4), vec(x xᵀ) / sqrt(2 dim)]}, whose inner products are the Taylor series of
 * {@code exp(q · k / sqrt(dim))} up to the square (QT-ViT, NeurIPS 2024).
 */
public final class TaylorFeatures {
    private TaylorFeatures() {
    }

    /**
     * One channel i of one token: its feature of order one, and row i of {@code x xᵀ}.
     *
     * @param x [tokens, dim]
     * @param out [tokens, 1 + dim + dim * dim]
     * @param first {@code dim^(-1/4)}
     * @param second {@code (2 dim)^(-1/2)}
     */
    public static void rows(FloatArray x, FloatArray out, int dim, float first, float second, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int token = row / dim;
            int i = row - token * dim;
            int at = token * (1 + dim + dim * dim);
            float value = x.get(row);
            if (i == 0) {
                out.set(at, 1.0f);
            }
            out.set(at + 1 + i, first * value);
            for (int j = 0; j < dim; j++) {
                out.set(at + 1 + dim + i * dim + j, second * value * x.get(token * dim + j));
            }
        }
    }
}
