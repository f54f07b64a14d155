package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@code out_n = x_(index_n)}: tokens in another order, as sorted by buckets (Reformer, arXiv:2001.04451); zeros for an index of -1. */
public final class GatherTokens {
    private GatherTokens() {
    }

    /**
     * One channel of one token.
     *
     * @param x [batch, heads, length, dim]
     * @param index [indexBatch, indexHeads, outLength], from -1 to length - 1
     * @param out [batch, heads, outLength, dim]
     * @param indexBatch batch or 1
     * @param indexHeads heads or 1
     */
    public static void rows(FloatArray x, IntArray index, FloatArray out, int heads, int length, int outLength, int dim, int indexBatch,
            int indexHeads, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int element = rowOffset + r;
            int token = element / dim;
            int head = token / outLength;
            int order = head / heads % indexBatch * indexHeads + head % heads % indexHeads;
            int source = index.get(order * outLength + token % outLength);
            float value = 0.0f;
            if (source >= 0) {
                value = x.get((head * length + source) * dim + element % dim);
            }
            out.set(element, value);
        }
    }
}
