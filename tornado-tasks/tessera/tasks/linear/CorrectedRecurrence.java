package tessera.tasks.linear;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Linear recurrence whose state is corrected by what it holds, token by token:
 * {@code S_t = G_t S_{t-1} + b_t^T ((a_t S_{t-1}) c_t) + k_t^T v_t}, {@code out_t = scale (q_t S_t + (q_t u · k_t) v_t)}
 * (arXiv:2102.11174, arXiv:2412.06464, arXiv:2503.14456).
 */
public final class CorrectedRecurrence {
    private CorrectedRecurrence() {
    }

    /**
     * One row for each value channel of each state. Arguments without a word here are those of {@link GatedRecurrence#rows}.
     *
     * @param a [state rows, length, keyDim]
     * @param b [state rows, length, keyDim]
     * @param c [state rows, length, valueDim] where options say OF_VALUES; else one element
     * @param from [states, 1, keyDim, valueDim + 1]
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray decay, FloatArray a, FloatArray b, FloatArray c, FloatArray u,
            FloatArray from, FloatArray to, FloatArray out, IntArray maps, int keyDim, int valueDim, float scale, int options, int gateStep,
            int gateChannel, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int state = row / valueDim;
            int e = row - state * valueDim;
            int of = maps.get(2) + 8 * state;
            int length = maps.get(3);
            int gateBase = maps.get(of + 2);
            float[] column = new float[keyDim];
            for (int n = 0; n < keyDim; n++) {
                column[n] = from.get((state * keyDim + n) * (valueDim + 1) + e);
            }
            for (int t = maps.get(of + 4); t < maps.get(of + 5); t++) {
                int token = maps.get(of + 3) * length + t;
                int kBase = (maps.get(of) * length + t) * keyDim;
                float value = v.get((maps.get(of + 1) * length + t) * valueDim + e);
                float seen = Dot.dot(column, a, token * keyDim, keyDim);
                if ((options & Reading.OF_VALUES) != 0) {
                    seen = seen * c.get(token * valueDim + e);
                }
                for (int n = 0; n < keyDim; n++) {
                    float kept = Decay.times(decay.get(gateBase + t * gateStep + n * gateChannel), column[n]);
                    column[n] = kept + b.get(token * keyDim + n) * seen + k.get(kBase + n) * value;
                }
                for (int g = 0; g < maps.get(1); g++) {
                    int output = maps.get(of + 6) + g;
                    int qBase = (maps.get(4 + 2 * output) * length + t) * keyDim;
                    float own = Reading.own(q, qBase, u, maps.get(of + 7) * keyDim, k, kBase, keyDim, options);
                    out.set((output * length + t) * valueDim + e, scale * (Dot.dot(column, q, qBase, keyDim) + own * value));
                }
            }
            for (int n = 0; n < keyDim; n++) {
                to.set((state * keyDim + n) * (valueDim + 1) + e, column[n]);
                if (e == 0) {
                    to.set((state * keyDim + n) * (valueDim + 1) + valueDim, 0.0f);
                }
            }
        }
    }
}
