package tessera.tasks.linear;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Linear recurrence with exponential gates, kept divided by {@code e^m}, token by token:
 * {@code m_t = max(log g_t + m_{t-1}, i_t)}, {@code S_t = e^(log g_t + m_{t-1} - m_t) S_{t-1} + e^(i_t - m_t) k_t^T v_t}, z alike,
 * {@code out_t = q_t S_t / max(|q_t·z_t|, e^-m_t)} or divided by {@code q_t·z_t} (arXiv:2405.04517, arXiv:2305.13048).
 */
public final class StabilisedRecurrence {
    private StabilisedRecurrence() {
    }

    /**
     * One row for each value channel of each state. Arguments without a word here are those of {@link GatedRecurrence#rows}.
     *
     * @param gate natural logarithms of the gates, one for each token or constant
     * @param logInput [state rows, length], i
     * @param from [states, 1, keyDim, valueDim + 1]
     * @param m0 [states]; -1e30 or less where the state is empty
     * @param m [states], at the end
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray gate, FloatArray logInput, FloatArray u, FloatArray from,
            FloatArray to, FloatArray m0, FloatArray m, FloatArray out, IntArray maps, int keyDim, int valueDim, float scale, int options,
            int gateStep, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int state = row / valueDim;
            int e = row - state * valueDim;
            int of = maps.get(2) + 8 * state;
            int length = maps.get(3);
            float[] column = new float[keyDim];
            float[] normaliser = new float[keyDim];
            for (int c = 0; c < keyDim; c++) {
                column[c] = from.get((state * keyDim + c) * (valueDim + 1) + e);
                normaliser[c] = from.get((state * keyDim + c) * (valueDim + 1) + valueDim);
            }
            float most = TornadoMath.max(m0.get(state), -1.0e30f);
            for (int t = maps.get(of + 4); t < maps.get(of + 5); t++) {
                int kBase = (maps.get(of) * length + t) * keyDim;
                float value = v.get((maps.get(of + 1) * length + t) * valueDim + e);
                float entering = TornadoMath.max(logInput.get(maps.get(of + 3) * length + t), -1.0e30f);
                float staying = TornadoMath.max(gate.get(maps.get(of + 2) + t * gateStep), -1.0e30f) + most;
                float next = TornadoMath.max(staying, entering);
                float read = most;
                float factor = 1.0f;
                if ((options & Reading.PREVIOUS) != 0) {
                    if ((options & Reading.BONUS) != 0) {
                        read = TornadoMath.max(most, entering);
                        factor = TornadoMath.exp(most - read);
                    }
                    for (int g = 0; g < maps.get(1); g++) {
                        int output = maps.get(of + 6) + g;
                        int qBase = (maps.get(4 + 2 * output) * length + t) * keyDim;
                        float own = Reading.own(q, qBase, u, maps.get(of + 7) * keyDim, k, kBase, keyDim, options) * TornadoMath.exp(TornadoMath.min(entering - read, 0.0f));
                        float sum = factor * Dot.dot(column, q, qBase, keyDim) + own * value;
                        float weights = factor * Dot.dot(normaliser, q, qBase, keyDim) + own;
                        float least = TornadoMath.exp(TornadoMath.min(-most, 80.0f));
                        out.set((output * length + t) * valueDim + e, Reading.result(sum, weights, scale, least, options));
                    }
                }
                float stay = TornadoMath.exp(staying - next);
                float enter = TornadoMath.exp(entering - next);
                for (int c = 0; c < keyDim; c++) {
                    float key = enter * k.get(kBase + c);
                    column[c] = stay * column[c] + key * value;
                    normaliser[c] = stay * normaliser[c] + key;
                }
                most = next;
                if ((options & Reading.PREVIOUS) == 0) {
                    for (int g = 0; g < maps.get(1); g++) {
                        int output = maps.get(of + 6) + g;
                        int qBase = (maps.get(4 + 2 * output) * length + t) * keyDim;
                        float own = Reading.own(q, qBase, u, maps.get(of + 7) * keyDim, k, kBase, keyDim, options) * TornadoMath.exp(entering - most);
                        float least = TornadoMath.exp(TornadoMath.min(-most, 80.0f));
                        out.set((output * length + t) * valueDim + e, Reading.of(column, normaliser, q, qBase, keyDim, own, value, scale, least, options));
                    }
                }
            }
            for (int c = 0; c < keyDim; c++) {
                to.set((state * keyDim + c) * (valueDim + 1) + e, column[c]);
                if (e == 0) {
                    to.set((state * keyDim + c) * (valueDim + 1) + valueDim, normaliser[c]);
                }
            }
            if (e == 0) {
                m.set(state, most);
            }
        }
    }
}
