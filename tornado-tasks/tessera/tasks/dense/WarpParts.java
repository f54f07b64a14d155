package tessera.tasks.dense;

import tessera.instructions.Exp2;
import tessera.instructions.Fmax;
import tessera.specialise.Inline;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What decoding kernels have in common whose warps read keys each for themselves: where a key lies, and how warps become one result. */
public final class WarpParts {

    private WarpParts() {
    }

    /**
     * The row of k and v that holds a visible key.
     *
     * @param base the head's first row, in each page if there are pages
     * @param pages where the sequence's table of pages begins in list
     * @param pageSize keys in a page, 0 for none
     * @param pitch rows from one page to the next
     */
    @Inline
    public static int row(IntArray list, int visible, int sinks, int skip, int base, int pages, int pageSize, int pitch) {
        int key = visible;
        if (key >= sinks) {
            key = key + skip;
        }
        int row = base + key;
        if (pageSize > 0) {
            row = base + list.get(pages + key / pageSize) * pitch + key % pageSize;
        }
        return row;
    }

    /**
     * {@code out = sum_w exp(m_w - m) o_w / sum_w exp(m_w - m) l_w} over warps w, after a barrier.
     *
     * @param sums [warps, tileH, valueDim], not divided
     * @param tops [warps, tileH, 2], the maximum m and the sum of weights l
     * @param row of out and lse, that of the first of {@code heads}
     */
    @Inline
    public static void merge(float[] sums, float[] tops, FloatArray out, FloatArray lse, int row, int heads, float scale, int item,
            int tileH, int valueDim, int warps) {
        for (int i = item; i < heads * valueDim; i += 32 * warps) {
            int head = i / valueDim;
            float max = OnlineSoftmax.NONE;
            for (int w = 0; w < warps; w++) {
                max = Fmax.of(max, tops[(w * tileH + head) * 2]);
            }
            float sum = 0.0f;
            float total = 0.0f;
            for (int w = 0; w < warps; w++) {
                float share = Exp2.of((tops[(w * tileH + head) * 2] - max) * scale * OnlineSoftmax.LOG2_E);
                sum += sums[w * tileH * valueDim + i] * share;
                total += tops[(w * tileH + head) * 2 + 1] * share;
            }
            float inverse = 0.0f;
            float headLse = -1.0e30f;
            if (total > 0.0f) {
                inverse = 1.0f / total;
                headLse = max * scale + TornadoMath.log(total);
            }
            out.set(row * valueDim + i, sum * inverse);
            if (i == head * valueDim) {
                lse.set(row + head, headLse);
            }
        }
    }
}
