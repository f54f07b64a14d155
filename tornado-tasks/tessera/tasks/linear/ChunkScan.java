package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Turns what each chunk adds into the state before each chunk, {@code S_{n+1} = G_n S_n + U_n} with {@code G_n} the product of
 * the chunk's gates, and leaves the last state (arXiv:2312.06635, arXiv:2405.21060).
 */
public final class ChunkScan {
    private ChunkScan() {
    }

    /**
     * One row for each element of the state: key channel times value channel, where value channel valueDim holds the
     * normaliser.
     *
     * @param states [states, chunks, keyDim, valueDim + 1]; in: what each chunk adds, out: the state before each chunk
     * @param chunkDecay [states, chunks, keyDim], product of all gates of the chunk, as {@link Decay} writes it; or, by element,
     *        [states, chunks, keyDim, valueDim + 1], the product itself
     * @param s0 [states, keyDim, valueDim]
     * @param z0 [states, keyDim]
     * @param s [states, keyDim, valueDim], the last state
     * @param z [states, keyDim], the last normaliser
     * @param byElement 0 or 1
     */
    public static void rows(FloatArray states, FloatArray chunkDecay, FloatArray s0, FloatArray z0, FloatArray s, FloatArray z, int keyDim,
            int valueDim, int chunks, int byElement, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int channel = row / (valueDim + 1);
            int e = row - channel * (valueDim + 1);
            int state = channel / keyDim;
            int c = channel - state * keyDim;
            float value = z0.get(channel);
            if (e < valueDim) {
                value = s0.get(channel * valueDim + e);
            }
            for (int n = 0; n < chunks; n++) {
                int at = (state * chunks + n) * keyDim + c;
                int element = at * (valueDim + 1) + e;
                float added = states.get(element);
                states.set(element, value);
                if (byElement == 1) {
                    value = chunkDecay.get(element) * value + added;
                } else {
                    value = Decay.times(chunkDecay.get(at), value) + added;
                }
            }
            if (e < valueDim) {
                s.set(channel * valueDim + e, value);
            } else {
                z.set(channel, value);
            }
        }
    }
}
