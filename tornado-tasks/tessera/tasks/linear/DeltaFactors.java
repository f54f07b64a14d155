package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The delta rule as a correction of rank one: {@code a = g k}, {@code b = -beta k}, and keys {@code beta k}
 * (arXiv:2406.06484, arXiv:2412.06464).
 */
public final class DeltaFactors {
    private DeltaFactors() {
    }

    /**
     * One token of one state row. Arguments without a word here are those of {@link GatedRecurrence#rows}.
     *
     * @param k [state rows / share, length, keyDim]
     * @param beta [state rows, length]
     * @param a [state rows, length, keyDim]
     * @param b [state rows, length, keyDim]
     * @param key [state rows, length, keyDim]
     * @param share consecutive states that share keys
     */
    public static void rows(FloatArray k, FloatArray decay, FloatArray beta, FloatArray a, FloatArray b, FloatArray key, IntArray maps,
            int share, int keyDim, int gateStep, int gateChannel, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int length = maps.get(3);
            int state = row / length;
            int t = row - state * length;
            int of = maps.get(2) + 8 * state;
            float strength = beta.get(row);
            for (int c = 0; c < keyDim; c++) {
                float x = k.get((state / share * length + t) * keyDim + c);
                a.set(row * keyDim + c, Decay.times(decay.get(maps.get(of + 2) + t * gateStep + c * gateChannel), x));
                b.set(row * keyDim + c, -strength * x);
                key.set(row * keyDim + c, strength * x);
            }
        }
    }
}
