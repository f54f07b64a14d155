package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * {@code out_j = sum_i w_ij} along columns, or {@code out_d = sum_i w_i,p(i)-d} along diagonals, of a few rows of weights, one line for
 * each work-item, so without atomics (MInference, arXiv:2407.02490).
 */
public final class LineSums {
    private LineSums() {
    }

    /**
     * One line.
     *
     * @param weights [heads, rows, columns]
     * @param index [rows]: queries, which stand at {@code index + offset} among the columns
     * @param out [heads, columns]
     * @param diagonals 1 for diagonals, 0 for columns
     */
    public static void rows(FloatArray weights, IntArray index, FloatArray out, int rows, int columns, int offset, int diagonals, int rowOffset,
            int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int line = row % columns;
            int base = row / columns * rows * columns;
            float sum = 0.0f;
            for (int i = 0; i < rows; i++) {
                int column = line;
                if (diagonals == 1) {
                    column = index.get(i) + offset - line;
                }
                if (column >= 0 && column < columns) {
                    sum = sum + weights.get(base + i * columns + column);
                }
            }
            out.set(row, sum);
        }
    }
}
