package tessera.tasks.dense;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Softmax attention over the sinks and a window of keys, one query row at a time with an online softmax:
 * {@code out_i = sum_j exp(s_ij - m_i) v_j / sum_j exp(s_ij - m_i)}, {@code s_ij = scale q_i·k_j}
 * (arXiv:1805.02867, arXiv:2307.08691).
 */
public final class RangeAttention {
    private RangeAttention() {
    }

    /**
     * One row of the result for each query, head, batch and part of the keys.
     *
     * @param q [batch, heads, queries, headDim]
     * @param k [batch, kvHeads, keys, headDim]
     * @param v [batch, kvHeads, keys, valueStride], of which the first valueDim channels count; may be k
     * @param out [parts, batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [parts, batch, heads, queries], natural logarithm; -1e30 where no key is visible
     * @param group query heads of a key/value head
     * @param partRows rows in a part: batch * heads * queries
     * @param partKeys keys in a part; part c covers [c * partKeys, (c + 1) * partKeys)
     * @param sink keys [0, sink) are visible to every query, up to the diagonal
     * @param first the window of query i starts at key i + first
     * @param last the window of query i ends at key i + last, inclusive
     * @param diagonal no key beyond i + diagonal is visible
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse, int group, int queries,
            int keys, int headDim, int valueDim, int valueStride, float scale, int partRows, int partKeys, int sink, int first, int last,
            int diagonal, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int part = row / partRows;
            int queryRow = row - part * partRows;
            int i = queryRow % queries;
            int kvHead = queryRow / queries / group;
            int partStart = part * partKeys;
            int partEnd = TornadoMath.min(keys, partStart + partKeys);
            int sinkEnd = TornadoMath.max(0, TornadoMath.min(sink, i + diagonal + 1));
            int windowStart = TornadoMath.max(TornadoMath.max(sinkEnd, i + first), partStart);
            int windowEnd = TornadoMath.min(partEnd, i + last + 1);
            int sinkCount = TornadoMath.max(0, TornadoMath.min(sinkEnd, partEnd) - partStart);
            int count = sinkCount + TornadoMath.max(0, windowEnd - windowStart);
            int qBase = queryRow * headDim;
            int kBase = kvHead * keys * headDim;
            int vBase = kvHead * keys * valueStride;
            float[] sum = new float[valueDim];
            for (int c = 0; c < valueDim; c++) {
                sum[c] = 0.0f;
            }
            float max = -1.0e30f;
            float weights = 0.0f;
            for (int n = 0; n < count; n++) {
                int j = partStart + n;
                if (n >= sinkCount) {
                    j = windowStart + n - sinkCount;
                }
                float score = Dot.dot(q, qBase, k, kBase + j * headDim, headDim) * scale;
                if (score > max) {
                    float shrink = TornadoMath.exp(max - score);
                    weights = weights * shrink;
                    for (int c = 0; c < valueDim; c++) {
                        sum[c] = sum[c] * shrink;
                    }
                    max = score;
                }
                float weight = TornadoMath.exp(score - max);
                weights = weights + weight;
                int vRow = vBase + j * valueStride;
                for (int c = 0; c < valueDim; c++) {
                    sum[c] = sum[c] + weight * v.get(vRow + c);
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
