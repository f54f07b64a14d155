package tessera.tasks;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Which keys of a run a query sees: all, or those whose bit is set. */
public final class Visible {
    private Visible() {
    }

    /**
     * 1 for a key that is seen, else 0. There is no branch in it: TornadoVM's OpenCL falls through one that sets a flag, where sizes are powers of two.
     *
     * @param bits where the run's bits begin in {@code runs}; -1 if all of its keys are seen
     * @param bitRow where those of the query begin
     * @param t number of the key in the run
     */
    public static int of(IntArray runs, int bits, int bitRow, int t) {
        int partial = TornadoMath.min(1, bits + 1);
        return (runs.get(partial * (bitRow + (t >> 5))) >> (t & 31)) & 1 | (1 - partial);
    }
}
