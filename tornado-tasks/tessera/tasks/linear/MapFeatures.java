package tessera.tasks.linear;

import tessera.tasks.Sigmoid;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@code mapped_i = f(x_i)}: the feature map of queries and keys (arXiv:2006.16236), gates from their logarithms, and activations.
 */
public final class MapFeatures {
    public static final int DECAY = 0;
    public static final int ELU_PLUS_ONE = 1;
    public static final int RELU = 2;
    public static final int EXP = 3;
    public static final int SIGMOID = 4;
    public static final int SILU = 5;

    private MapFeatures() {
    }

    /**
     * One element a row.
     *
     * @param x [rows]
     * @param mapped [rows]
     * @param map {@link #DECAY} the gate with logarithm x, {@link #ELU_PLUS_ONE} {@code x + 1} above 0 and {@code e^x} below,
     *        {@link #RELU} {@code max(x, 0)}, {@link #EXP} {@code e^x}, {@link #SIGMOID} {@code 1 / (1 + e^-x)}, {@link #SILU}
     *        {@code x / (1 + e^-x)}
     */
    public static void rows(FloatArray x, FloatArray mapped, int map, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int i = rowOffset + r;
            float value = x.get(i);
            float result = TornadoMath.max(value, 0.0f);
            if (map == DECAY) {
                result = Decay.of(value);
            } else if (map == ELU_PLUS_ONE) {
                result = result + TornadoMath.exp(TornadoMath.min(value, 0.0f));
            } else if (map == EXP) {
                result = TornadoMath.exp(value);
            } else if (map == SIGMOID) {
                result = Sigmoid.of(value);
            } else if (map == SILU) {
                result = value * Sigmoid.of(value);
            }
            mapped.set(i, result);
        }
    }
}
