package tessera.tasks;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out_i = x_i + factor y_i}: the sum of two results. */
public final class AddScaled {
    private AddScaled() {
    }

    /**
     * One element a row.
     *
     * @param x [rows]
     * @param y [rows]
     * @param out [rows]
     */
    public static void rows(FloatArray x, FloatArray y, FloatArray out, float factor, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int i = rowOffset + r;
            out.set(i, x.get(i) + factor * y.get(i));
        }
    }
}
