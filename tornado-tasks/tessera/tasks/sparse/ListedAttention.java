package tessera.tasks.sparse;

import tessera.tasks.Dot;
import tessera.tasks.Score;
import tessera.tasks.Visible;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Softmax attention over the runs of keys that are listed for each block of queries, with modified scores, one query row at a
 * time with an online softmax: {@code s_ij = cap tanh(scale q_i·k_j / cap) + bias_ij - slope_h (p_i - j)},
 * {@code out_i = sum_j exp(s_ij - m_i) v_j / (exp(sink_h - m_i) + sum_j exp(s_ij - m_i))}
 * (arXiv:1805.02867; soft cap arXiv:2408.00118, slopes arXiv:2108.12409, sink logits arXiv:2508.10925).
 */
public final class ListedAttention {
    private ListedAttention() {
    }

    /**
     * One row of the result for each query, head, batch and part of the keys.
     *
     * @param q [batch, heads, queries, headDim]
     * @param k rows of headDim, found by the runs
     * @param v rows of which the first valueDim channels count, found by the runs; may be k
     * @param out [parts, batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [parts, batch, heads, queries], natural logarithm; -1e30 where no key is visible and there is no sink logit
     * @param rowPtr runs of list l are rowPtr[l] to rowPtr[l + 1], exclusively
     * @param runs four numbers a run: row of its first key in k and v, the head's base row left out; that key's number j; count of
     *        keys; -1, or where its bits begin in runs: a bit for each key, 32 to a number, for each query of the block
     * @param bias at the strides of geometry[2..5]; -1e29 or less hides the key
     * @param mask at the strides of geometry[6..9]; 0 hides the key
     * @param perHead [2 * heads + 1]: slopes, sink logits (-1e29 or less for none), soft cap (0 for none)
     * @param geometry queries in a block; lists of a batch; strides of bias and mask over batch, head, query, key; two numbers
     *        for each batch: base rows of k and of v; four for each head: query head, base row of k, base row of v, first list;
     *        then for each query of each batch its position among the keys, -2^30 where it belongs to no sequence;
     *        at the end the channels of a row of v
     * @param partRows rows in a part: batch * heads * queries
     * @param partKeys keys in a part; part c covers the keys [c * partKeys, (c + 1) * partKeys)
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse, IntArray rowPtr, IntArray runs,
            FloatArray bias, ByteArray mask, FloatArray perHead, IntArray geometry, int heads, int queries, int headDim, int valueDim,
            float scale, int partRows, int partKeys, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int part = row / partRows;
            int queryRow = row - part * partRows;
            int i = queryRow % queries;
            int batch = queryRow / queries / heads;
            int head = queryRow / queries - batch * heads;
            int batches = partRows / queries / heads;
            int ofBatch = 10 + 2 * batch;
            int ofHead = 10 + 2 * batches + 4 * head;
            int position = geometry.get(10 + 2 * batches + 4 * heads + batch * queries + i);
            int valueStride = geometry.get(10 + 2 * batches + 4 * heads + batches * queries);
            int blockQ = geometry.get(0);
            int list = batch * geometry.get(1) + geometry.get(ofHead + 3) + i / blockQ;
            int qBase = ((batch * heads + geometry.get(ofHead)) * queries + i) * headDim;
            int kBase = geometry.get(ofBatch) + geometry.get(ofHead + 1);
            int vBase = geometry.get(ofBatch + 1) + geometry.get(ofHead + 2);
            int biasBase = batch * geometry.get(2) + head * geometry.get(3) + i * geometry.get(4);
            int maskBase = batch * geometry.get(6) + head * geometry.get(7) + i * geometry.get(8);
            int biasStep = geometry.get(5);
            int maskStep = geometry.get(9);
            float slope = perHead.get(head);
            float sinkLogit = perHead.get(heads + head);
            float cap = perHead.get(2 * heads);
            float[] sum = new float[valueDim];
            for (int c = 0; c < valueDim; c++) {
                sum[c] = 0.0f;
            }
            float max = -1.0e30f;
            float weights = 0.0f;
            if (part == 0 && sinkLogit > -1.0e29f && position > -1073741824) {
                max = sinkLogit;
                weights = 1.0f;
            }
            for (int e = rowPtr.get(list); e < rowPtr.get(list + 1); e++) {
                int place = runs.get(4 * e);
                int firstKey = runs.get(4 * e + 1);
                int count = runs.get(4 * e + 2);
                int bits = runs.get(4 * e + 3);
                int bitRow = bits + (i % blockQ) * ((count + 31) >> 5);
                int start = TornadoMath.max(0, part * partKeys - firstKey);
                int end = TornadoMath.min(count, (part + 1) * partKeys - firstKey);
                for (int t = start; t < end; t++) {
                    int visible = Visible.of(runs, bits, bitRow, t);
                    int j = firstKey + t;
                    float added = bias.get(biasBase + j * biasStep);
                    if (visible != 0 && mask.get(maskBase + j * maskStep) != 0 && added > -1.0e29f) {
                        float product = Dot.dot(q, qBase, k, (kBase + place + t) * headDim, headDim) * scale;
                        float score = Score.modified(product, cap, added, slope, position - j);
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
                        int vRow = (vBase + place + t) * valueStride;
                        for (int c = 0; c < valueDim; c++) {
                            sum[c] = sum[c] + weight * v.get(vRow + c);
                        }
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
