package tessera.tasks;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/** {@code wide_i = (float) half_i}: brings float16 storage to the float32 that every operator computes in. */
public final class Widen {
    private Widen() {
    }

    /**
     * One element a row.
     *
     * @param half [rows] float16
     * @param wide [rows] float32
     */
    public static void rows(HalfFloatArray half, FloatArray wide, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            wide.set(rowOffset + r, half.get(rowOffset + r).getFloat32());
        }
    }
}
