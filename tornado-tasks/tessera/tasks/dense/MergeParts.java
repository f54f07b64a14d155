package tessera.tasks.dense;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Combines attention over disjoint sets of keys: {@code out = sum_c exp(lse_c - lse) out_c},
 * {@code lse = log sum_c exp(lse_c)} (FlashDecoding, Stanford blog 2023).
 */
public final class MergeParts {
    private MergeParts() {
    }

    /**
     * A strip of {@code width} channels of one row of the result: a whole row where there are many, less of it so that few fill a
     * device too.
     *
     * @param parts [count, rows, valueDim]
     * @param lses [count, rows]; -1e29 or less marks a part without any key
     * @param out [rows, valueDim]
     * @param lse [rows]; -1e30 where every part is empty
     * @param count number of parts
     * @param rows batch * heads * queries
     * @param width a divisor of valueDim
     */
    public static void rows(FloatArray parts, FloatArray lses, FloatArray out, FloatArray lse, int count, int rows, int valueDim,
            int width, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int start = (rowOffset + r) * width;
            int row = start / valueDim;
            int channel = start - row * valueDim;
            float max = -1.0e30f;
            for (int p = 0; p < count; p++) {
                max = TornadoMath.max(max, lses.get(p * rows + row));
            }
            float weights = 0.0f;
            for (int p = 0; p < count; p++) {
                float partLse = lses.get(p * rows + row);
                if (partLse > -1.0e29f) {
                    weights += TornadoMath.exp(partLse - max);
                }
            }
            float total = -1.0e30f;
            float inverse = 0.0f;
            if (weights > 0.0f) {
                total = max + TornadoMath.log(weights);
                inverse = 1.0f / weights;
            }
            for (int c = 0; c < width; c++) {
                float sum = 0.0f;
                for (int p = 0; p < count; p++) {
                    float partLse = lses.get(p * rows + row);
                    if (partLse > -1.0e29f) {
                        sum += TornadoMath.exp(partLse - max) * parts.get((p * rows + row) * valueDim + channel + c);
                    }
                }
                out.set(start + c, sum * inverse);
            }
            if (channel == 0) {
                lse.set(row, total);
            }
        }
    }
}
