package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out_c = z + s floor((x_c - z) / s + 1/2)} with z the least channel of a token and s = (largest - z) / steps (arXiv:2502.02770). */
public final class RoundTokens {
    private RoundTokens() {
    }

    /**
     * One token.
     *
     * @param x [tokens, dim]
     * @param out [tokens, dim]
     * @param steps {@code 2^bits - 1}
     */
    public static void rows(FloatArray x, FloatArray out, int dim, int steps, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int base = (rowOffset + r) * dim;
            float low = x.get(base);
            float high = x.get(base);
            for (int c = 1; c < dim; c++) {
                low = TornadoMath.min(low, x.get(base + c));
                high = TornadoMath.max(high, x.get(base + c));
            }
            float step = (high - low) / steps;
            for (int c = 0; c < dim; c++) {
                float rounded = low;
                if (step > 0.0f) {
                    rounded = low + step * TornadoMath.floor((x.get(base + c) - low) / step + 0.5f);
                }
                out.set(base + c, rounded);
            }
        }
    }
}
