package tessera.tasks.linear;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What each token of a chunk sees of those before it: {@code Ab_ij = a_i exp(cs_i - log g_i - cs_j) b_j}, {@code Ak_ij} alike, for
 * j < i, and {@code w_i = a_i exp(cs_i - log g_i)}, what it sees of the state before the chunk (arXiv:2503.14456, arXiv:2406.06484).
 */
public final class ChunkPairs {
    private ChunkPairs() {
    }

    /**
     * One token of one state. Arguments without a word here are those of {@link GatedRecurrence#rows}.
     *
     * @param a [state rows, length, keyDim]
     * @param b [state rows, length, keyDim]
     * @param pairsB [states, length, chunk]
     * @param pairsK [states, length, chunk]
     * @param w [states, length, keyDim]
     */
    public static void rows(FloatArray a, FloatArray b, FloatArray k, FloatArray decay, FloatArray pairsB, FloatArray pairsK, FloatArray w,
            IntArray maps, int keyDim, int chunk, int gateStep, int gateChannel, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int length = maps.get(3);
            int state = row / length;
            int i = row - state * length;
            int of = maps.get(2) + 8 * state;
            int kRow = maps.get(of) * length;
            int stateRow = maps.get(of + 3) * length;
            int start = (i / chunk) * chunk;
            float[] seeing = new float[keyDim];
            for (int c = 0; c < keyDim; c++) {
                seeing[c] = a.get((stateRow + i) * keyDim + c);
            }
            for (int n = 1; n <= i - start; n++) {
                int t = i - n;
                pairsB.set(row * chunk + t - start, Dot.dot(seeing, b, (stateRow + t) * keyDim, keyDim));
                pairsK.set(row * chunk + t - start, Dot.dot(seeing, k, (kRow + t) * keyDim, keyDim));
                for (int c = 0; c < keyDim; c++) {
                    seeing[c] = Decay.times(decay.get(maps.get(of + 2) + t * gateStep + c * gateChannel), seeing[c]);
                }
            }
            for (int c = 0; c < keyDim; c++) {
                w.set(row * keyDim + c, seeing[c]);
            }
        }
    }
}
