package tessera.tasks.dense;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Softmax attention from stored scores: {@code m_i = max_j s_ij},
 * {@code out_i = sum_j exp(s_ij - m_i) v_j / (exp(sink_h - m_i) + sum_j exp(s_ij - m_i))} (arXiv:1706.03762).
 */
public final class StoredSoftmax {
    private StoredSoftmax() {
    }

    /**
     * One row of the result for each query, head and batch.
     *
     * @param scores [batch, heads, queries, keys]; -1e29 or less hides the key
     * @param v [batch, kvHeads, keys, valueStride], of which the first valueDim channels count; may be k
     * @param out [batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [batch, heads, queries], natural logarithm; -1e30 where no key is visible and there is no sink logit
     * @param perHead [2 * heads + 1]: the sink logits come second, -1e29 or less for none
     * @param geometry base rows of v, as for {@link tessera.tasks.sparse.ListedAttention#rows}
     */
    public static void rows(FloatArray scores, FloatArray v, FloatArray out, FloatArray lse, FloatArray perHead, IntArray geometry, int heads,
            int queries, int keys, int valueDim, int valueStride, int batches, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int batch = row / queries / heads;
            int head = row / queries - batch * heads;
            int vBase = geometry.get(11 + 2 * batch) + geometry.get(12 + 2 * batches + 4 * head);
            float sinkLogit = perHead.get(heads + head);
            float max = sinkLogit;
            for (int j = 0; j < keys; j++) {
                max = TornadoMath.max(max, scores.get(row * keys + j));
            }
            float[] sum = new float[valueDim];
            for (int c = 0; c < valueDim; c++) {
                sum[c] = 0.0f;
            }
            float weights = 0.0f;
            if (sinkLogit > -1.0e29f) {
                weights = TornadoMath.exp(sinkLogit - max);
            }
            for (int j = 0; j < keys; j++) {
                float score = scores.get(row * keys + j);
                if (score > -1.0e29f) {
                    float weight = TornadoMath.exp(score - max);
                    weights = weights + weight;
                    int vRow = (vBase + j) * valueStride;
                    for (int c = 0; c < valueDim; c++) {
                        sum[c] = sum[c] + weight * v.get(vRow + c);
                    }
                }
            }
            float inverse = 0.0f;
            float rowLse = -1.0e30f;
            if (weights > 0.0f) {
                inverse = 1.0f / weights;
                rowLse = max + TornadoMath.log(weights);
            }
            for (int c = 0; c < valueDim; c++) {
                out.set(row * valueDim + c, sum[c] * inverse);
            }
            lse.set(row, rowLse);
        }
    }
}
