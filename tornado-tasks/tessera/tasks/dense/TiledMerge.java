package tessera.tasks.dense;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@link MergeParts} for few rows of many parts: {@code out = sum_c exp(lse_c - lse) out_c}, {@code lse = log sum_c exp(lse_c)}
 * (FlashDecoding, Stanford blog 2023).
 */
public final class TiledMerge {
    private TiledMerge() {
    }

    /**
     * One work-group of {@code slices * valueDim} items for each row of the result; each slice adds up some of the parts.
     *
     * @param parts [count, rows, valueDim]
     * @param lses [count, rows]; -1e29 or less marks a part without any key
     * @param out [rows, valueDim]
     * @param lse [rows]; -1e30 where every part is empty
     * @param count number of parts
     * @param rows batch * heads * queries
     */
    public static void tiles(KernelContext context, FloatArray parts, FloatArray lses, FloatArray out, FloatArray lse, int count, int rows,
            int valueDim, int slices) {
        float[] lseTile = context.allocateFloatLocalArray(count);
        float[] sumTile = context.allocateFloatLocalArray(slices * valueDim);
        int row = context.groupIdx;
        int item = context.localIdx;
        int slice = item / valueDim;
        int channel = item - slice * valueDim;
        for (int p = item; p < count; p += slices * valueDim) {
            lseTile[p] = lses.get(p * rows + row);
        }
        context.localBarrier();
        float max = -1.0e30f;
        for (int p = 0; p < count; p++) {
            max = TornadoMath.max(max, lseTile[p]);
        }
        float weights = 0.0f;
        for (int p = 0; p < count; p++) {
            if (lseTile[p] > -1.0e29f) {
                weights += TornadoMath.exp(lseTile[p] - max);
            }
        }
        float sum = 0.0f;
        for (int p = slice; p < count; p += slices) {
            float x = parts.get((p * rows + row) * valueDim + channel);
            if (lseTile[p] > -1.0e29f) {
                sum += TornadoMath.exp(lseTile[p] - max) * x;
            }
        }
        sumTile[item] = sum;
        context.localBarrier();
        float total = -1.0e30f;
        float inverse = 0.0f;
        if (weights > 0.0f) {
            total = max + TornadoMath.log(weights);
            inverse = 1.0f / weights;
        }
        if (item < valueDim) {
            sum = 0.0f;
            for (int s = 0; s < slices; s++) {
                sum += sumTile[s * valueDim + item];
            }
            out.set(row * valueDim + item, sum * inverse);
        }
        if (item == 0) {
            lse.set(row, total);
        }
    }
}
