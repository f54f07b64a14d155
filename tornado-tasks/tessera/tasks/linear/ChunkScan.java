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
     * @param states [batch, heads, chunks, keyDim, valueDim + 1]; in: what each chunk adds, out: the state before each chunk
     * @param chunkDecay [batch, heads, chunks, keyDim], product of all gates of the chunk, as {@link Decay} writes it
     * @param s0 [batch, heads, keyDim, valueDim]
     * @param z0 [batch, heads, keyDim]
     * @param s [batch, heads, keyDim, valueDim], the last state
     * @param z [batch, heads, keyDim], the last normaliser
     */
    public static void rows(FloatArray states, FloatArray chunkDecay, FloatArray s0, FloatArray z0, FloatArray s, FloatArray z, int keyDim,
            int valueDim, int chunks, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int channel = row / (valueDim + 1);
            int e = row - channel * (valueDim + 1);
            int head = channel / keyDim;
            int c = channel - head * keyDim;
            float state = z0.get(channel);
            if (e < valueDim) {
                state = s0.get(channel * valueDim + e);
            }
            for (int n = 0; n < chunks; n++) {
                int at = (head * chunks + n) * keyDim + c;
                float added = states.get(at * (valueDim + 1) + e);
                states.set(at * (valueDim + 1) + e, state);
                state = Decay.times(chunkDecay.get(at), state) + added;
            }
            if (e < valueDim) {
                s.set(channel * valueDim + e, state);
            } else {
                z.set(channel, state);
            }
        }
    }
}
