package tessera.tasks;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out[o] = [first[o], second[o]]}: past tokens and new ones, one after the other. */
public final class Join {
    private Join() {
    }

    /**
     * One vector of the result.
     *
     * @param first [outer, firstCount, size]
     * @param second [outer, secondCount, size]
     * @param out [outer, firstCount + secondCount, size]
     */
    public static void rows(FloatArray first, FloatArray second, FloatArray out, int firstCount, int secondCount, int size, int rowOffset,
            int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int outer = row / (firstCount + secondCount);
            int t = row - outer * (firstCount + secondCount);
            if (t < firstCount) {
                for (int c = 0; c < size; c++) {
                    out.set(row * size + c, first.get((outer * firstCount + t) * size + c));
                }
            }
            if (t >= firstCount) {
                for (int c = 0; c < size; c++) {
                    out.set(row * size + c, second.get((outer * secondCount + t - firstCount) * size + c));
                }
            }
        }
    }
}
