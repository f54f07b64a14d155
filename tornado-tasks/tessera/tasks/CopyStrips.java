package tessera.tasks;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out = in} for GPUs, where starting a work-item for each element takes longer than copying it. */
public final class CopyStrips {
    private CopyStrips() {
    }

    /**
     * 16 elements a row. 64 rows take turns with 1024 elements, so that neighbouring work-items reach neighbouring elements;
     * four loads come before the first store, which waits for them.
     *
     * @param in [rows * 16]
     * @param out [rows * 16], rows a multiple of 64
     */
    public static void rows(FloatArray in, FloatArray out, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int start = (row >> 6) * 1024 + (row & 63);
            for (int n = 0; n < 1024; n += 256) {
                float first = in.get(start + n);
                float second = in.get(start + n + 64);
                float third = in.get(start + n + 128);
                float fourth = in.get(start + n + 192);
                out.set(start + n, first);
                out.set(start + n + 64, second);
                out.set(start + n + 128, third);
                out.set(start + n + 192, fourth);
            }
        }
    }
}
