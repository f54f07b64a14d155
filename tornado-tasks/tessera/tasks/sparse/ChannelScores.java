package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@code scores_ij = f_i sum_c q_ic k_jc} over listed channels c, with {@code f = scale} (Double Sparsity, arXiv:2408.07092) or
 * {@code f_i = scale sqrt(sum |q_i| / sum_c |q_ic|)} (SparQ, arXiv:2312.04985).
 */
public final class ChannelScores {
    private ChannelScores() {
    }

    /**
     * One pair.
     *
     * @param q [batch, kvHeads * group, queries, dim]
     * @param k [batch, kvHeads, keys, dim]
     * @param channels [kvHeads, count], or with lists of each query's own [batch, kvHeads, queries, count]
     * @param scores [batch, kvHeads * group, queries, keys]
     * @param own 1 for lists and factors of each query's own, else 0
     */
    public static void rows(FloatArray q, FloatArray k, IntArray channels, FloatArray scores, int kvHeads, int group, int queries, int keys,
            int dim, int count, int own, float scale, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int query = row / keys;
            int kvHead = query / queries / group;
            int qBase = query * dim;
            int kBase = (kvHead * keys + row % keys) * dim;
            int list = kvHead % kvHeads;
            if (own == 1) {
                list = kvHead * queries + query % queries;
            }
            float sum = 0.0f;
            float listed = 0.0f;
            for (int n = 0; n < count; n++) {
                int c = channels.get(list * count + n);
                sum = sum + q.get(qBase + c) * k.get(kBase + c);
                listed = listed + TornadoMath.abs(q.get(qBase + c));
            }
            float factor = scale;
            if (own == 1) {
                float all = 0.0f;
                for (int c = 0; c < dim; c++) {
                    all = all + TornadoMath.abs(q.get(qBase + c));
                }
                if (listed > 0.0f) {
                    factor = scale * TornadoMath.sqrt(all / listed);
                }
            }
            scores.set(row, factor * sum);
        }
    }
}
