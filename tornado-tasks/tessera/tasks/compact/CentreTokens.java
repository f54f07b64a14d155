package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@code y_n = x_n - mean_m x_m} over runs of tokens, channel by channel: the smoothing of SageAttention (arXiv:2410.02367). Sums are exact,
 * and not negative, as TornadoVM's PTX divides a negative number by a power of two with a shift that loses its sign.
 */
public final class CentreTokens {
    private CentreTokens() {
    }

    /**
     * One channel of a run.
     *
     * @param x [batch, heads, length, dim]
     * @param centred [batch, heads, length, dim]
     * @param mean [batch, heads, ceil(length / run), dim]
     * @param run tokens of a run
     */
    public static void rows(FloatArray x, FloatArray centred, FloatArray mean, int length, int dim, int run, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int runs = (length + run - 1) / run;
            int first = row / dim % runs * run;
            int end = TornadoMath.min(length, first + run);
            int base = row / dim / runs * length * dim + row % dim;
            float most = 0.0f;
            for (int n = first; n < end; n++) {
                most = TornadoMath.max(most, TornadoMath.abs(x.get(base + n * dim)));
            }
            float unit = FixedPoint.unit(most);
            float inverse = FixedPoint.inverse(unit) / 256;
            long shift = FixedPoint.fixed(most * unit);
            long sum = 0;
            for (int n = first; n < end; n++) {
                sum = sum + (shift + FixedPoint.fixed(x.get(base + n * dim) * unit));
            }
            long average = sum / (end - first) - shift;
            mean.set(row, average * inverse);
            for (int n = first; n < end; n++) {
                centred.set(base + n * dim, (FixedPoint.fixed(x.get(base + n * dim) * unit) - average) * inverse);
            }
        }
    }
}
