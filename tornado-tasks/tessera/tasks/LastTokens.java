package tessera.tasks;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code present = the last tokens of [past, x]}, as many as the past has: what a convolution hands on. */
public final class LastTokens {
    private LastTokens() {
    }

    /**
     * One token of one line.
     *
     * @param past [lines, count]
     * @param x [lines, length]
     * @param present [lines, count]
     */
    public static void rows(FloatArray past, FloatArray x, FloatArray present, int count, int length, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int line = row / count;
            int t = length - count + row - line * count;
            float value = 0.0f;
            if (t < 0) {
                value = past.get((line + 1) * count + t);
            } else {
                value = x.get(line * length + t);
            }
            present.set(row, value);
        }
    }
}
