package tessera.tasks.linear;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code φ(x) = count^(-1/2) exp(ω x̂ - |x̂|² / 2)} with {@code x̂ = x / dim^(1/4)} (Performer's FAVOR+, arXiv:2009.14794). */
public final class PositiveFeatures {
    private PositiveFeatures() {
    }

    /**
     * One token a row.
     *
     * @param x [tokens, dim]
     * @param omega [count, dim]
     * @param out [tokens, count]
     * @param scale {@code dim^(-1/4)}
     * @param factor {@code count^(-1/2)}
     */
    public static void rows(FloatArray x, FloatArray omega, FloatArray out, int dim, int count, float scale, float factor, int rowOffset,
            int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            float half = 0.5f * scale * scale * Dot.dot(x, row * dim, x, row * dim, dim);
            for (int f = 0; f < count; f++) {
                float projected = scale * Dot.dot(x, row * dim, omega, f * dim, dim);
                out.set(row * count + f, factor * TornadoMath.exp(projected - half));
            }
        }
    }
}
