package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code stacked = [S, z]}: state and normaliser as one array, as the kernels of recurrences keep them. */
public final class StackState {
    private StackState() {
    }

    /**
     * One key channel of one state.
     *
     * @param s [rows, valueDim]
     * @param z [rows]
     * @param stacked [rows, valueDim + 1]
     */
    public static void rows(FloatArray s, FloatArray z, FloatArray stacked, int valueDim, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            for (int e = 0; e < valueDim; e++) {
                stacked.set(row * (valueDim + 1) + e, s.get(row * valueDim + e));
            }
            stacked.set(row * (valueDim + 1) + valueDim, z.get(row));
        }
    }
}
