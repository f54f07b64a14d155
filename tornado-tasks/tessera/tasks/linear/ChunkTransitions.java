package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What each chunk does to the state, {@code S_{n+1} = M_n S_n + U_n}, with decays from each token to the chunk's end in k and b:
 * {@code M = exp(cs_C) + b^T W}, {@code U = k^T V + b^T U} (arXiv:2406.06484, arXiv:2503.14456).
 */
public final class ChunkTransitions {
    private ChunkTransitions() {
    }

    /**
     * One row for each key channel of each chunk of each state. Arguments without a word here are those of {@link ChunkSolve#rows}.
     *
     * @param k [key heads, length, keyDim]
     * @param b [state rows, length, keyDim]
     * @param gate natural logarithms of the gates
     * @param states [states, chunks, keyDim, valueDim + 1], U; the last column is 0
     * @param transitions [states, chunks, keyDim, keyDim], M
     */
    public static void rows(FloatArray k, FloatArray v, FloatArray b, FloatArray solved, FloatArray w, FloatArray gate, FloatArray states,
            FloatArray transitions, IntArray maps, int keyDim, int valueDim, int chunk, int gateStep, int gateChannel, int rowOffset,
            int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int c = row % keyDim;
            int stateChunk = row / keyDim;
            int state = stateChunk / maps.get(0);
            int of = maps.get(2) + 8 * state;
            int length = maps.get(3);
            int start = (stateChunk - state * maps.get(0)) * chunk;
            int count = TornadoMath.min(chunk, length - start);
            float[] added = new float[valueDim];
            float[] passed = new float[keyDim];
            for (int e = 0; e < valueDim; e++) {
                added[e] = 0.0f;
            }
            for (int n = 0; n < keyDim; n++) {
                passed[n] = 0.0f;
            }
            float logDecay = 0.0f;
            for (int n = 1; n <= count; n++) {
                int t = start + count - n;
                float decay = TornadoMath.exp(logDecay);
                float key = decay * k.get((maps.get(of) * length + t) * keyDim + c);
                float second = decay * b.get((maps.get(of + 3) * length + t) * keyDim + c);
                for (int e = 0; e < valueDim; e++) {
                    float value = v.get((maps.get(of + 1) * length + t) * valueDim + e);
                    added[e] = added[e] + key * value + second * solved.get((state * length + t) * valueDim + e);
                }
                for (int m = 0; m < keyDim; m++) {
                    passed[m] = passed[m] + second * w.get((state * length + t) * keyDim + m);
                }
                logDecay = TornadoMath.max(logDecay + gate.get(maps.get(of + 2) + t * gateStep + c * gateChannel), -1.0e30f);
            }
            for (int e = 0; e < valueDim; e++) {
                states.set(row * (valueDim + 1) + e, added[e]);
            }
            states.set(row * (valueDim + 1) + valueDim, 0.0f);
            for (int n = 0; n < keyDim; n++) {
                transitions.set(row * keyDim + n, passed[n]);
            }
            transitions.set(row * keyDim + c, passed[c] + TornadoMath.exp(logDecay));
        }
    }
}
