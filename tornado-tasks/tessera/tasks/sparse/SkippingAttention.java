package tessera.tasks.sparse;

import tessera.tasks.Dot;
import tessera.tasks.Visible;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Softmax attention over listed runs of keys that leaves out the values of some blocks of keys, but not their weights:
 * {@code out_i = sum_(j not skipped) exp(s_ij - m_i) v_j / sum_j exp(s_ij - m_i)} (SpargeAttn, arXiv:2502.18137).
 */
public final class SkippingAttention {
    private SkippingAttention() {
    }

    /**
     * One row of the result for each query, head and batch. Arguments without a word here are those of {@link ListedAttention#rows}.
     *
     * @param out [batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [batch, heads, queries], natural logarithm; -1e30 where no key is visible
     * @param skipped of {@link SkippedBlocks#rows}
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse, IntArray rowPtr, IntArray runs,
            IntArray geometry, IntArray skipped, int heads, int queries, int headDim, int valueDim, float scale, int batches, int blockQ,
            int blockK, int keyBlocks, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int i = row % queries;
            int batch = row / queries / heads;
            int head = row / queries - batch * heads;
            int ofHead = 10 + 2 * batches + 4 * head;
            int list = batch * geometry.get(1) + geometry.get(ofHead + 3) + i / blockQ;
            int flags = ((batch * heads + head) * ((queries - 1) / blockQ + 1) + i / blockQ) * keyBlocks;
            int qBase = ((batch * heads + geometry.get(ofHead)) * queries + i) * headDim;
            int kBase = geometry.get(10 + 2 * batch) + geometry.get(ofHead + 1);
            int vBase = geometry.get(10 + 2 * batch + 1) + geometry.get(ofHead + 2);
            float[] sum = new float[valueDim];
            for (int c = 0; c < valueDim; c++) {
                sum[c] = 0.0f;
            }
            float max = -1.0e30f;
            float weights = 0.0f;
            for (int e = rowPtr.get(list); e < rowPtr.get(list + 1); e++) {
                int place = runs.get(4 * e);
                int firstKey = runs.get(4 * e + 1);
                int count = runs.get(4 * e + 2);
                int bits = runs.get(4 * e + 3);
                int bitRow = bits + (i % blockQ) * ((count + 31) >> 5);
                for (int t = 0; t < count; t++) {
                    int visible = Visible.of(runs, bits, bitRow, t);
                    if (visible != 0) {
                        float score = Dot.dot(q, qBase, k, (kBase + place + t) * headDim, headDim) * scale;
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
                        if (skipped.get(flags + (firstKey + t) / blockK) == 0) {
                            int vRow = (vBase + place + t) * valueDim;
                            for (int c = 0; c < valueDim; c++) {
                                sum[c] = sum[c] + weight * v.get(vRow + c);
                            }
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
