package tessera.tasks.sparse;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code scores_ij = scale q_i · k_j} for every pair. */
public final class PairScores {
    private PairScores() {
    }

    /**
     * One pair.
     *
     * @param q [batch, kvHeads * group, queries, dim]
     * @param k [batch, kvHeads, keys, dim]
     * @param scores [batch, kvHeads * group, queries, keys]
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray scores, int group, int queries, int keys, int dim, float scale,
            int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int key = row % keys;
            int query = row / keys;
            int kvHead = query / queries / group;
            scores.set(row, scale * Dot.dot(q, query * dim, k, (kvHead * keys + key) * dim, dim));
        }
    }
}
