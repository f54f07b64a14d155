package tessera.tasks.linear;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code φ(x) = count^(-1/2) [sin ωx̂, cos ωx̂]} with {@code x̂ = x / |x|} (RFA, arXiv:2103.02143). */
public final class TrigonometricFeatures {
    private TrigonometricFeatures() {
    }

    /**
     * One token a row.
     *
     * @param x [tokens, dim]; below a length of 1e-12 it counts as 0
     * @param omega [count, dim]
     * @param out [tokens, 2 * count]
     * @param factor {@code count^(-1/2)}
     */
    public static void rows(FloatArray x, FloatArray omega, FloatArray out, int dim, int count, float factor, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            float length = TornadoMath.sqrt(Dot.dot(x, row * dim, x, row * dim, dim));
            float inverse = 0.0f;
            if (length > 1.0e-12f) {
                inverse = 1.0f / length;
            }
            for (int f = 0; f < count; f++) {
                float angle = inverse * Dot.dot(x, row * dim, omega, f * dim, dim);
                out.set(row * 2 * count + f, factor * TornadoMath.sin(angle));
                out.set(row * 2 * count + count + f, factor * TornadoMath.cos(angle));
            }
        }
    }
}
