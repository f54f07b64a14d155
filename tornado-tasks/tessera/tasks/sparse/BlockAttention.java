package tessera.tasks.sparse;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Softmax attention over the blocks of a block-sparse row layout, one softmax over the keys of all blocks C(i) listed for
 * the query's block: {@code out_i = sum_{j in C(i)} exp(s_ij - m_i) v_j / sum_{j in C(i)} exp(s_ij - m_i)},
 * {@code s_ij = scale q_i·k_j} (arXiv:1904.10509, arXiv:2007.14062).
 */
public final class BlockAttention {
    private BlockAttention() {
    }

    /**
     * One row of the result for each query, head and batch.
     *
     * @param q [batch, heads, queries, headDim]
     * @param k [batch, kvHeads, keys, headDim]
     * @param v [batch, kvHeads, keys, valueDim]
     * @param out [batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [batch, heads, queries], natural logarithm; -1e30 where no key is visible
     * @param rowPtr [maps * ceil(queries / blockQ) + 1]
     * @param colIdx key blocks of each query block, ascending
     * @param maps number of block maps: consecutive heads share one
     * @param diagonal no key beyond i + diagonal is visible
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse, IntArray rowPtr, IntArray colIdx,
            int heads, int kvHeads, int maps, int queries, int keys, int headDim, int valueDim, float scale, int blockQ, int blockK,
            int diagonal, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int i = row % queries;
            int head = row / queries;
            int kvHead = (head / heads) * kvHeads + (head % heads) / (heads / kvHeads);
            int map = (head % heads) / (heads / maps);
            int blockRow = map * ((queries - 1) / blockQ + 1) + i / blockQ;
            int qBase = row * headDim;
            int kBase = kvHead * keys * headDim;
            int vBase = kvHead * keys * valueDim;
            float[] sum = new float[valueDim];
            for (int c = 0; c < valueDim; c++) {
                sum[c] = 0.0f;
            }
            float max = -1.0e30f;
            float weights = 0.0f;
            for (int e = rowPtr.get(blockRow); e < rowPtr.get(blockRow + 1); e++) {
                int start = colIdx.get(e) * blockK;
                int end = TornadoMath.min(TornadoMath.min(start + blockK, keys), i + diagonal + 1);
                for (int j = start; j < end; j++) {
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
