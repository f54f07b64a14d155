package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Gated linear recurrence, token by token: {@code S_t = G_t S_{t-1} + k_t^T v_t}, {@code z_t = G_t z_{t-1} + k_t},
 * {@code out_t = scale q_t S_t}, or divided by {@code q_t·z_t} (arXiv:2006.16236, arXiv:2312.06635, arXiv:2312.00752).
 */
public final class GatedRecurrence {
    private GatedRecurrence() {
    }

    /**
     * One row for each value channel of each chunk of each state: it walks over the chunk's tokens with its column of the state.
     * The gate of token t and channel c lies at {@code base + t * gateStep + c * gateChannel}.
     *
     * @param q [query heads, length, keyDim], features
     * @param k [key heads, length, keyDim], features
     * @param v [value heads, length, valueDim]
     * @param decay gates of keys, as {@link Decay} writes them
     * @param channel [state rows, length, valueDim]: gates of values as {@link Decay} writes them, delta or epsilon; else one element
     * @param rate [rates, valueDim, keyDim], for SSM; else one element
     * @param u [bonuses, keyDim]; else one element
     * @param from [states, chunks, keyDim, valueDim + 1], the state before each chunk; the last column is z
     * @param to as from, the state after each chunk
     * @param out [outputs, length, valueDim]; 0 where divided by a sum that is 0
     * @param maps chunks; outputs that read a state; where states begin in maps; length; then for each output its query head and
     *        state; for each state its key head, value head, gate base, state row, first and last token (exclusive), first output,
     *        and which of the rates and bonuses is its own
     * @param options of {@link Reading}
     * @param chunk tokens in a chunk
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray decay, FloatArray channel, FloatArray rate, FloatArray u,
            FloatArray from, FloatArray to, FloatArray out, IntArray maps, int keyDim, int valueDim, float scale, int options, int gateStep,
            int gateChannel, int chunk, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int e = row % valueDim;
            int stateChunk = row / valueDim;
            int chunks = maps.get(0);
            int state = stateChunk / chunks;
            int group = maps.get(1);
            int of = maps.get(2) + 8 * state;
            int length = maps.get(3);
            int first = maps.get(of + 4) + (stateChunk - state * chunks) * chunk;
            int last = TornadoMath.min(maps.get(of + 5), first + chunk);
            int gateBase = maps.get(of + 2);
            int own = maps.get(of + 7);
            float[] column = new float[keyDim];
            float[] normaliser = new float[keyDim];
            for (int c = 0; c < keyDim; c++) {
                column[c] = 0.0f;
                normaliser[c] = 0.0f;
                if ((options & Reading.CONTINUES) != 0) {
                    int base = (stateChunk * keyDim + c) * (valueDim + 1);
                    column[c] = from.get(base + e);
                    normaliser[c] = from.get(base + valueDim);
                }
            }
            for (int t = first; t < last; t++) {
                int kBase = (maps.get(of) * length + t) * keyDim;
                float value = v.get((maps.get(of + 1) * length + t) * valueDim + e);
                if ((options & Reading.READS) != 0 && (options & Reading.PREVIOUS) != 0) {
                    for (int g = 0; g < group; g++) {
                        int output = maps.get(of + 6) + g;
                        int qBase = (maps.get(4 + 2 * output) * length + t) * keyDim;
                        float more = Reading.own(q, qBase, u, own * keyDim, k, kBase, keyDim, options);
                        out.set((output * length + t) * valueDim + e, Reading.of(column, normaliser, q, qBase, keyDim, more, value, scale, 1.0f, options));
                    }
                }
                float ofValue = 0.0f;
                if ((options & (Reading.OF_VALUES | Reading.SSM | Reading.IMPLICIT)) != 0) {
                    ofValue = channel.get((maps.get(of + 3) * length + t) * valueDim + e);
                }
                for (int c = 0; c < keyDim; c++) {
                    float gate = decay.get(gateBase + t * gateStep + c * gateChannel);
                    float key = k.get(kBase + c);
                    if ((options & Reading.SSM) != 0) {
                        gate = Decay.of(ofValue * rate.get((own * valueDim + e) * keyDim + c));
                    }
                    if ((options & Reading.IMPLICIT) != 0) {
                        gate = -ofValue * key * key;
                    }
                    float kept = Decay.times(gate, column[c]);
                    if ((options & Reading.OF_VALUES) != 0) {
                        kept = Decay.times(ofValue, kept);
                    }
                    if ((options & Reading.ONLY_DECAYS) != 0) {
                        key = 0.0f;
                    }
                    column[c] = kept + key * value;
                    if ((options & (Reading.SUM | Reading.MAXABS)) != 0) {
                        normaliser[c] = Decay.times(gate, normaliser[c]) + key;
                    }
                }
                if ((options & Reading.READS) != 0 && (options & Reading.PREVIOUS) == 0) {
                    for (int g = 0; g < group; g++) {
                        int output = maps.get(of + 6) + g;
                        int qBase = (maps.get(4 + 2 * output) * length + t) * keyDim;
                        float more = Reading.own(q, qBase, u, own * keyDim, k, kBase, keyDim, options);
                        out.set((output * length + t) * valueDim + e, Reading.of(column, normaliser, q, qBase, keyDim, more, value, scale, 1.0f, options));
                    }
                }
            }
            if ((options & Reading.KEEPS) != 0) {
                for (int c = 0; c < keyDim; c++) {
                    int base = (stateChunk * keyDim + c) * (valueDim + 1);
                    to.set(base + e, column[c]);
                    if (e == 0) {
                        to.set(base + valueDim, normaliser[c]);
                    }
                }
            }
        }
    }
}
