package tessera.tasks.dense;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Rotary position embedding: {@code a' = a cos - b sin, b' = a sin + b cos} for every pair of channels, by the angles of
 * the token's position (RoFormer, arXiv:2104.09864).
 */
public final class RotatePairs {
    private RotatePairs() {
    }

    /**
     * One token of one head. Pair n is made of the channels {@code n * step} and {@code n * step + apart}.
     *
     * @param x [batch, heads, length, headDim]
     * @param cos [angleRows, pairs]
     * @param sin [angleRows, pairs]
     * @param positions [batch, length], the row of cos and sin for each token
     * @param out [batch, heads, length, headDim]; channels from 2 * pairs on are those of x
     * @param step 2 for neighbours, 1 for halves
     * @param apart 1 for neighbours, pairs for halves
     */
    public static void rows(FloatArray x, FloatArray cos, FloatArray sin, IntArray positions, FloatArray out, int heads, int length,
            int headDim, int pairs, int angleRows, int step, int apart, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int token = row / (heads * length) * length + row % length;
            int position = TornadoMath.max(0, TornadoMath.min(angleRows - 1, positions.get(token)));
            int angle = position * pairs;
            int base = row * headDim;
            for (int n = 0; n < pairs; n++) {
                int first = base + n * step;
                float a = x.get(first);
                float b = x.get(first + apart);
                float c = cos.get(angle + n);
                float s = sin.get(angle + n);
                out.set(first, a * c - b * s);
                out.set(first + apart, a * s + b * c);
            }
            for (int n = 2 * pairs; n < headDim; n++) {
                out.set(base + n, x.get(base + n));
            }
        }
    }
}
