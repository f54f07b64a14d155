package tessera.tasks;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out_r = in_r}: only moves data, so that its time says how fast a device does. */
public final class Copy {
    private Copy() {
    }

    /**
     * 8 bytes of traffic a row.
     *
     * @param in [rows]
     * @param out [rows]
     */
    public static void rows(FloatArray in, FloatArray out, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            out.set(rowOffset + r, in.get(rowOffset + r));
        }
    }
}
