package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code φ(x) = [α x_i², β x_i, γ]}: squares, channels and a constant (QT-ViT, NeurIPS 2024). */
public final class SquareFeatures {
    private SquareFeatures() {
    }

    /**
     * One token a row.
     *
     * @param x [tokens, dim]
     * @param out [tokens, 2 * dim + 1]
     * @param beta with the factor {@code (4 / dim)^(1/4)} in it
     */
    public static void rows(FloatArray x, FloatArray out, int dim, float alpha, float beta, float gamma, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int at = row * (2 * dim + 1);
            for (int c = 0; c < dim; c++) {
                float value = x.get(row * dim + c);
                out.set(at + c, alpha * value * value);
                out.set(at + dim + c, beta * value);
            }
            out.set(at + 2 * dim, gamma);
        }
    }
}
