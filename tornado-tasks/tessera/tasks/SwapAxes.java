package tessera.tasks;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out[b, j, i] = in[b, i, j]} for vectors of {@code size} elements: between BHLD and BLHD. */
public final class SwapAxes {
    private SwapAxes() {
    }

    /**
     * One vector of the result.
     *
     * @param in [batch, first, second, size]
     * @param out [batch, second, first, size]
     */
    public static void rows(FloatArray in, FloatArray out, int first, int second, int size, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int batch = row / (first * second);
            int j = row / first % second;
            int i = row % first;
            int source = (batch * first + i) * second + j;
            for (int c = 0; c < size; c++) {
                out.set(row * size + c, in.get(source * size + c));
            }
        }
    }
}
