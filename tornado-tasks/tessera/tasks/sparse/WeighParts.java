package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out = sum_c w_c out_c}: branches of an attention, each with a gate (native sparse attention, arXiv:2502.11089). */
public final class WeighParts {
    private WeighParts() {
    }

    /**
     * One channel of one row of the result.
     *
     * @param parts [count, batch, heads, queries, valueDim]
     * @param weights at these strides over part, batch, head and query; a part of weight 0 counts for nothing, whatever it holds
     * @param out [batch, heads, queries, valueDim]
     * @param count number of parts
     * @param rows batch * heads * queries
     */
    public static void rows(FloatArray parts, FloatArray weights, FloatArray out, int count, int rows, int heads, int queries, int valueDim,
            int partStride, int batchStride, int headStride, int queryStride, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int element = rowOffset + r;
            int row = element / valueDim;
            int head = row / queries;
            int base = head / heads * batchStride + head % heads * headStride + row % queries * queryStride;
            float sum = 0.0f;
            for (int c = 0; c < count; c++) {
                float weight = weights.get(base + c * partStride);
                if (weight != 0.0f) {
                    sum = sum + weight * parts.get(c * rows * valueDim + element);
                }
            }
            out.set(element, sum);
        }
    }
}
