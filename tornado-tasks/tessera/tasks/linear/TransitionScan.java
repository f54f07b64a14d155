package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Turns what each chunk adds into the state before each chunk, {@code S_{n+1} = M_n S_n + U_n} with a matrix for each chunk, and
 * leaves the last state (arXiv:2406.06484).
 */
public final class TransitionScan {
    private TransitionScan() {
    }

    /**
     * One row for each value channel of each state.
     *
     * @param states [states, chunks, keyDim, valueDim + 1]; in: U, out: the state before each chunk
     * @param transitions [states, chunks, keyDim, keyDim], M
     * @param s0 [states, keyDim, valueDim]
     * @param s [states, keyDim, valueDim], the last state
     */
    public static void rows(FloatArray states, FloatArray transitions, FloatArray s0, FloatArray s, int keyDim, int valueDim, int chunks,
            int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int state = row / valueDim;
            int e = row - state * valueDim;
            float[] column = new float[keyDim];
            float[] next = new float[keyDim];
            for (int c = 0; c < keyDim; c++) {
                column[c] = s0.get((state * keyDim + c) * valueDim + e);
            }
            for (int n = 0; n < chunks; n++) {
                int base = (state * chunks + n) * keyDim;
                for (int c = 0; c < keyDim; c++) {
                    float sum = states.get((base + c) * (valueDim + 1) + e);
                    states.set((base + c) * (valueDim + 1) + e, column[c]);
                    for (int m = 0; m < keyDim; m++) {
                        sum = sum + transitions.get((base + c) * keyDim + m) * column[m];
                    }
                    next[c] = sum;
                }
                for (int c = 0; c < keyDim; c++) {
                    column[c] = next[c];
                }
            }
            for (int c = 0; c < keyDim; c++) {
                s.set((state * keyDim + c) * valueDim + e, column[c]);
            }
        }
    }
}
