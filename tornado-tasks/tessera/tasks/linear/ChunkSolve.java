package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Solves the unit lower triangular systems of each chunk by substitution: {@code U = (I - Ab)^-1 Ak V} and
 * {@code W = (I - Ab)^-1 W} (the WY form, arXiv:2406.06484).
 */
public final class ChunkSolve {
    private ChunkSolve() {
    }

    /**
     * One row for each column of each chunk of each state: first those of U, then those of W. Arguments without a word here are
     * those of {@link ChunkPairs#rows}.
     *
     * @param v [value heads, length, valueDim]
     * @param solved [states, length, valueDim], U
     * @param w [states, length, keyDim]; in: right-hand sides, out: W
     */
    public static void rows(FloatArray pairsB, FloatArray pairsK, FloatArray v, FloatArray solved, FloatArray w, IntArray maps, int keyDim,
            int valueDim, int chunk, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int column = row % (valueDim + keyDim);
            int stateChunk = row / (valueDim + keyDim);
            int state = stateChunk / maps.get(0);
            int length = maps.get(3);
            int vRow = maps.get(maps.get(2) + 8 * state + 1) * length;
            int start = (stateChunk - state * maps.get(0)) * chunk;
            int end = TornadoMath.min(length, start + chunk);
            for (int i = start; i < end; i++) {
                int pairs = (state * length + i) * chunk;
                float sum = 0.0f;
                if (column < valueDim) {
                    for (int j = start; j < i; j++) {
                        float known = pairsB.get(pairs + j - start) * solved.get((state * length + j) * valueDim + column);
                        sum = sum + known + pairsK.get(pairs + j - start) * v.get((vRow + j) * valueDim + column);
                    }
                    solved.set((state * length + i) * valueDim + column, sum);
                }
                if (column >= valueDim) {
                    int c = column - valueDim;
                    sum = w.get((state * length + i) * keyDim + c);
                    for (int j = start; j < i; j++) {
                        sum = sum + pairsB.get(pairs + j - start) * w.get((state * length + j) * keyDim + c);
                    }
                    w.set((state * length + i) * keyDim + c, sum);
                }
            }
        }
    }
}
