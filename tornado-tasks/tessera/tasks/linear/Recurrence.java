package tessera.tasks.linear;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Gated linear recurrence, token by token: {@code S_t = g_t S_{t-1} + k_t^T v_t}, {@code z_t = g_t z_{t-1} + k_t},
 * {@code out_t = scale q_t S_t} or {@code q_t S_t / (q_t·z_t)} (arXiv:2006.16236, arXiv:2312.06635).
 */
public final class Recurrence {
    private Recurrence() {
    }

    /**
     * One row for each value channel of each head and batch: it walks over time with its column of the state. The gate of
     * token t and channel c of head h lies at {@code (h mod gateHeads) * gateSpan + t * gateStep + c * gateChannel}.
     *
     * @param q [batch, heads, length, keyDim], features
     * @param k [batch, heads, length, keyDim], features
     * @param v [batch, heads, length, valueDim]
     * @param decay gates, as {@link Decay} writes them
     * @param s0 [batch, heads, keyDim, valueDim]
     * @param z0 [batch, heads, keyDim]
     * @param out [batch, heads, length, valueDim]; 0 where normalised and q·z is 0
     * @param s [batch, heads, keyDim, valueDim], the last state
     * @param z [batch, heads, keyDim], the last normaliser; meaningless unless normalised
     * @param normalised 0 or 1
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray decay, FloatArray s0, FloatArray z0, FloatArray out,
            FloatArray s, FloatArray z, int length, int keyDim, int valueDim, float scale, int normalised, int gateHeads, int gateSpan,
            int gateStep, int gateChannel, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int head = row / valueDim;
            int e = row - head * valueDim;
            int gateBase = (head % gateHeads) * gateSpan;
            float[] state = new float[keyDim];
            float[] normaliser = new float[keyDim];
            for (int c = 0; c < keyDim; c++) {
                state[c] = s0.get((head * keyDim + c) * valueDim + e);
                normaliser[c] = z0.get(head * keyDim + c);
            }
            for (int t = 0; t < length; t++) {
                int token = head * length + t;
                float value = v.get(token * valueDim + e);
                for (int c = 0; c < keyDim; c++) {
                    float gate = decay.get(gateBase + t * gateStep + c * gateChannel);
                    float key = k.get(token * keyDim + c);
                    state[c] = Decay.times(gate, state[c]) + key * value;
                    if (normalised == 1) {
                        normaliser[c] = Decay.times(gate, normaliser[c]) + key;
                    }
                }
                float sum = Dot.dot(state, q, token * keyDim, keyDim);
                float result = sum * scale;
                if (normalised == 1) {
                    float weights = Dot.dot(normaliser, q, token * keyDim, keyDim);
                    result = 0.0f;
                    if (weights != 0.0f) {
                        result = sum / weights;
                    }
                }
                out.set(token * valueDim + e, result);
            }
            for (int c = 0; c < keyDim; c++) {
                s.set((head * keyDim + c) * valueDim + e, state[c]);
                if (e == 0) {
                    z.set(head * keyDim + c, normaliser[c]);
                }
            }
        }
    }
}
