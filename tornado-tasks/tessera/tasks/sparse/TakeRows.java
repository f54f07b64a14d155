package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@code out_i = x_(index_i)}, the same rows of every head (arXiv:2406.15486). */
public final class TakeRows {
    private TakeRows() {
    }

    /**
     * One channel of one row.
     *
     * @param x [heads, length, dim]
     * @param index [count], each from 0 to length - 1
     * @param out [heads, count, dim]
     */
    public static void rows(FloatArray x, IntArray index, FloatArray out, int length, int count, int dim, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int head = row / dim / count;
            out.set(row, x.get((head * length + index.get(row / dim % count)) * dim + row % dim));
        }
    }
}
