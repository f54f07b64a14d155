package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code φ(x) = [exp(x), exp(-x)]} (Hedgehog, arXiv:2402.04347). */
public final class ExponentialFeatures {
    private ExponentialFeatures() {
    }

    /**
     * One channel a row.
     *
     * @param x [tokens, dim]
     * @param out [tokens, 2 * dim]
     */
    public static void rows(FloatArray x, FloatArray out, int dim, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            float value = x.get(row);
            int at = row + row / dim * dim;
            out.set(at, TornadoMath.exp(value));
            out.set(at + dim, TornadoMath.exp(-value));
        }
    }
}
