package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code [S, z] = stacked}: state and normaliser apart again. */
public final class SplitState {
    private SplitState() {
    }

    /**
     * One key channel of one state.
     *
     * @param stacked [rows, valueDim + 1]
     * @param s [rows, valueDim]
     * @param z [rows]
     */
    public static void rows(FloatArray stacked, FloatArray s, FloatArray z, int valueDim, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            for (int e = 0; e < valueDim; e++) {
                s.set(row * valueDim + e, stacked.get(row * (valueDim + 1) + e));
            }
            z.set(row, stacked.get(row * (valueDim + 1) + valueDim));
        }
    }
}
