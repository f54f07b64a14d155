package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What each token's correction adds for its second key: {@code y_i = U_i + W_i S} with S the state before its chunk (arXiv:2406.06484). */
public final class ChunkCorrections {
    private ChunkCorrections() {
    }

    /**
     * One token of one state. Arguments without a word here are those of {@link ChunkSolve#rows}.
     *
     * @param solved [states, length, valueDim]; in: U, out: the corrections
     * @param states [states, chunks, keyDim, valueDim + 1], the state before each chunk
     */
    public static void rows(FloatArray solved, FloatArray w, FloatArray states, IntArray maps, int keyDim, int valueDim, int chunk,
            int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int length = maps.get(3);
            int state = row / length;
            int base = (state * maps.get(0) + (row - state * length) / chunk) * keyDim;
            for (int e = 0; e < valueDim; e++) {
                float sum = solved.get(row * valueDim + e);
                for (int c = 0; c < keyDim; c++) {
                    sum = sum + w.get(row * keyDim + c) * states.get((base + c) * (valueDim + 1) + e);
                }
                solved.set(row * valueDim + e, sum);
            }
        }
    }
}
