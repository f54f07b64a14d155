package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out_i = sum_j softmax_j(scale sQ sK (cQ_i - 127)·(cK_j - 127)) v_j}, the products in integers (SageAttention, arXiv:2410.02367). */
public final class CodedAttention {
    /** The code of 0. */
    public static final int ZERO = 127;

    private CodedAttention() {
    }

    /**
     * One row of the result for each query, head and batch.
     *
     * @param q codes [batch, heads, queries, headDim]
     * @param qScales [batch, heads, queryBlocks]
     * @param k codes [batch, kvHeads, keys, headDim]
     * @param kScales [batch, kvHeads, keyBlocks]
     * @param v [batch, kvHeads, keys, valueDim]
     * @param out [batch, heads, queries, valueDim]; 0 where no key is visible
     * @param group query heads of a key/value head
     * @param diagonal no key beyond i + diagonal is visible to query i
     */
    public static void rows(ByteArray q, FloatArray qScales, ByteArray k, FloatArray kScales, FloatArray v, FloatArray out, int group, int queries,
            int keys, int headDim, int valueDim, float scale, int blockQ, int blockK, int diagonal, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int i = row % queries;
            int head = row / queries;
            int kvHead = head / group;
            int keyBlocks = (keys + blockK - 1) / blockK;
            float factor = scale * qScales.get(head * ((queries + blockQ - 1) / blockQ) + i / blockQ);
            int end = TornadoMath.min(keys, i + diagonal + 1);
            float[] sum = new float[valueDim];
            for (int c = 0; c < valueDim; c++) {
                sum[c] = 0.0f;
            }
            float max = -1.0e30f;
            float weights = 0.0f;
            for (int j = 0; j < end; j++) {
                int key = kvHead * keys + j;
                int product = 0;
                for (int c = 0; c < headDim; c++) {
                    product = product + number(q, row * headDim + c) * number(k, key * headDim + c);
                }
                float score = product * (factor * kScales.get(kvHead * keyBlocks + j / blockK));
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
                for (int c = 0; c < valueDim; c++) {
                    sum[c] = sum[c] + weight * v.get(key * valueDim + c);
                }
            }
            float inverse = 0.0f;
            if (weights > 0.0f) {
                inverse = 1.0f / weights;
            }
            for (int c = 0; c < valueDim; c++) {
                out.set(row * valueDim + c, sum[c] * inverse);
            }
        }
    }

    /** What a code stands for, in steps. After {@code & 255} OpenCL would go on in unsigned arithmetic. */
    private static int number(ByteArray codes, int at) {
        int code = codes.get(at);
        return code + ((code >> 31) & 256) - ZERO;
    }
}
