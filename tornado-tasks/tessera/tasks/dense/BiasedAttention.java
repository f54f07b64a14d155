package tessera.tasks.dense;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Softmax attention over the sinks and a window of keys with modified scores, one query row at a time with an online softmax:
 * {@code s_ij = cap tanh(scale q_i·k_j / cap) + bias_ij - slope_h (p_i - j)},
 * {@code out_i = sum_j exp(s_ij - m_i) v_j / (exp(sink_h - m_i) + sum_j exp(s_ij - m_i))}
 * (soft cap arXiv:2408.00118, slopes arXiv:2108.12409, sink logits arXiv:2508.10925).
 */
public final class BiasedAttention {
    private BiasedAttention() {
    }

    /**
     * One row of the result for each query, head, batch and part of the keys. The sink logit counts in the first part.
     *
     * @param q [batch, heads, queries, headDim]
     * @param k [batch, kvHeads, keys, headDim]
     * @param v [batch, kvHeads, keys, valueDim]
     * @param out [parts, batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [parts, batch, heads, queries], natural logarithm; -1e30 where no key is visible and there is no sink logit
     * @param bias at the strides of geometry[5..8]; -1e29 or less excludes the key
     * @param mask at the strides of geometry[9..12]; 0 excludes the key
     * @param perHead [2 * heads + 1]: slopes, sink logits (-1e29 or less for none), soft cap (0 for none)
     * @param geometry [13 + 2 * batch]: sink, first, last, diagonal and position of query 0, as for {@link RangeAttention}; strides
     *        of the bias and of the mask over batch, head, query, key; then for each batch its number of keys and what to add to
     *        first, last, diagonal and positions
     * @param partRows rows in a part: batch * heads * queries
     * @param partKeys keys in a part; part c covers [c * partKeys, (c + 1) * partKeys)
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse, FloatArray bias, ByteArray mask,
            FloatArray perHead, IntArray geometry, int heads, int kvHeads, int queries, int keys, int headDim, int valueDim, float scale,
            int partRows, int partKeys, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int part = row / partRows;
            int queryRow = row - part * partRows;
            int i = queryRow % queries;
            int batch = queryRow / queries / heads;
            int head = queryRow / queries - batch * heads;
            int kvHead = batch * kvHeads + head / (heads / kvHeads);
            int keyCount = geometry.get(13 + 2 * batch);
            int shifted = i + geometry.get(14 + 2 * batch);
            int position = shifted + geometry.get(4);
            int partStart = part * partKeys;
            int partEnd = TornadoMath.min(keyCount, partStart + partKeys);
            int sinkEnd = TornadoMath.max(0, TornadoMath.min(geometry.get(0), shifted + geometry.get(3) + 1));
            int windowStart = TornadoMath.max(TornadoMath.max(sinkEnd, shifted + geometry.get(1)), partStart);
            int windowEnd = TornadoMath.min(partEnd, shifted + geometry.get(2) + 1);
            int sinkCount = TornadoMath.max(0, TornadoMath.min(sinkEnd, partEnd) - partStart);
            int count = sinkCount + TornadoMath.max(0, windowEnd - windowStart);
            int biasBase = batch * geometry.get(5) + head * geometry.get(6) + i * geometry.get(7);
            int maskBase = batch * geometry.get(9) + head * geometry.get(10) + i * geometry.get(11);
            int biasStep = geometry.get(8);
            int maskStep = geometry.get(12);
            float slope = perHead.get(head);
            float sinkLogit = perHead.get(heads + head);
            float cap = perHead.get(2 * heads);
            int qBase = queryRow * headDim;
            int kBase = kvHead * keys * headDim;
            int vBase = kvHead * keys * valueDim;
            float[] sum = new float[valueDim];
            for (int c = 0; c < valueDim; c++) {
                sum[c] = 0.0f;
            }
            float max = -1.0e30f;
            float weights = 0.0f;
            if (part == 0 && sinkLogit > -1.0e29f) {
                max = sinkLogit;
                weights = 1.0f;
            }
            for (int n = 0; n < count; n++) {
                int j = partStart + n;
                if (n >= sinkCount) {
                    j = windowStart + n - sinkCount;
                }
                float added = bias.get(biasBase + j * biasStep);
                if (mask.get(maskBase + j * maskStep) != 0 && added > -1.0e29f) {
                    float score = Dot.dot(q, qBase, k, kBase + j * headDim, headDim) * scale;
                    if (cap > 0.0f) {
                        score = cap * TornadoMath.tanh(score / cap);
                    }
                    score = score + added - slope * (position - j);
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
                    int vRow = vBase + j * valueDim;
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
