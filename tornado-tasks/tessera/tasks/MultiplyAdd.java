package tessera.tasks;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code x = x * factor + term}: only computes, so that its time says how fast a device does. */
public final class MultiplyAdd {
    private MultiplyAdd() {
    }

    /**
     * {@code steps} times over eight values that do not wait for each other: 16 * steps operations a row.
     *
     * @param in [rows], the factor and term of each row; small enough for the values to stay finite
     * @param out [rows], the sum of the eight values
     */
    public static void rows(FloatArray in, FloatArray out, int steps, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            float factor = in.get(row);
            float term = factor;
            float x0 = 0.0f;
            float x1 = 1.0f;
            float x2 = 2.0f;
            float x3 = 3.0f;
            float x4 = 4.0f;
            float x5 = 5.0f;
            float x6 = 6.0f;
            float x7 = 7.0f;
            for (int s = 0; s < steps; s++) {
                x0 = x0 * factor + term;
                x1 = x1 * factor + term;
                x2 = x2 * factor + term;
                x3 = x3 * factor + term;
                x4 = x4 * factor + term;
                x5 = x5 * factor + term;
                x6 = x6 * factor + term;
                x7 = x7 * factor + term;
            }
            out.set(row, ((x0 + x1) + (x2 + x3)) + ((x4 + x5) + (x6 + x7)));
        }
    }
}
