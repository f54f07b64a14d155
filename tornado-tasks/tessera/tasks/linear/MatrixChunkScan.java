package tessera.tasks.linear;

import tessera.instructions.Exp2;
import tessera.instructions.HalfPair;
import tessera.instructions.LoadGlobal;
import tessera.instructions.PackHalf;
import tessera.instructions.StoreGlobal;
import tessera.specialise.Constant;
import tessera.specialise.Registers;
import tessera.specialise.Unroll;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/** The state before each chunk from what each chunk adds, {@code S_{n+1} = G_n S_n + U_n}, kept in float32 and written in float16. */
public final class MatrixChunkScan {
    private MatrixChunkScan() {
    }

    /**
     * One work-item for two neighbouring elements of a state (x, work-groups of any size), one row of work-groups for each state (y).
     *
     * @param added [states, chunks, keyDim, valueDim] float16
     * @param decays [states, chunks, chunk, channels], as {@link ChunkDecays} writes them
     * @param s0 [states, keyDim, valueDim]
     * @param before [states, chunks, keyDim, valueDim] float16, the state before each chunk
     * @param s [states, keyDim, valueDim], the last state
     * @param valueDim even
     * @param channels 1, or keyDim where each key channel has decays of its own
     * @param ahead chunks that are loaded at a time
     */
    public static void tiles(KernelContext context, HalfFloatArray added, FloatArray decays, FloatArray s0, HalfFloatArray before, FloatArray s,
            int length, int keyDim, int valueDim, int chunks, int chunk, @Constant int channels, @Constant int ahead) {
        int elements = keyDim * valueDim;
        int at = 2 * context.globalIdx;
        int state = context.groupIdy;
        if (at < elements) {
            int channel = 0;
            if (channels > 1) {
                channel = at / valueDim;
            }
            @Registers float[] value = new float[2];
            @Registers int[] pair = new int[ahead];
            @Registers float[] decay = new float[ahead];
            LoadGlobal.two(value, 0, s0, state * elements + at, 0);
            for (int n = 0; n < chunks; n += ahead) {
                for (@Unroll int m = 0; m < ahead; m++) {
                    int last = TornadoMath.min((n + m + 1) * chunk, length) - 1;
                    pair[m] = LoadGlobal.pair(added, (state * chunks + TornadoMath.min(n + m, chunks - 1)) * elements + at, 0);
                    decay[m] = LoadGlobal.one(decays, (state * chunks * chunk + last) * channels + channel, 0);
                }
                for (@Unroll int m = 0; m < ahead; m++) {
                    if (n + m < chunks) {
                        StoreGlobal.pair(before, (state * chunks + n + m) * elements + at, 0, PackHalf.pack(value[0], value[1]));
                        float gate = Exp2.of(decay[m]);
                        value[0] = value[0] * gate + HalfPair.low(pair[m]);
                        value[1] = value[1] * gate + HalfPair.high(pair[m]);
                    }
                }
            }
            StoreGlobal.two(s, state * elements + at, 0, value[0], value[1]);
        }
    }
}
