package tessera.tasks.sparse;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code scores_ij = scale sum_h w_ih max(q_ih · k_j, 0)}: the lightning indexer of DeepSeek-V3.2. */
public final class IndexerScores {
    private IndexerScores() {
    }

    /**
     * One pair.
     *
     * @param q [batch, heads, queries, dim]
     * @param k [batch, keys, dim]
     * @param weights [batch, heads, queries]
     * @param scores [batch, queries, keys]
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray weights, FloatArray scores, int heads, int queries, int keys, int dim,
            float scale, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int query = row / keys % queries;
            int batch = row / keys / queries;
            int kBase = (batch * keys + row % keys) * dim;
            float sum = 0.0f;
            for (int h = 0; h < heads; h++) {
                int at = (batch * heads + h) * queries + query;
                sum = sum + weights.get(at) * TornadoMath.max(Dot.dot(q, at * dim, k, kBase, dim), 0.0f);
            }
            scores.set(row, scale * sum);
        }
    }
}
