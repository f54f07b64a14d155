package tessera.operators;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Kernels mark an empty row's log-sum-exp by a large negative number, as compilers may assume that there are no infinities. */
final class Lse {
    private static final float EMPTY = -1e29f;

    private Lse() {
    }

    /** Turns the marks of kernels into minus infinity. */
    static void markEmpty(FloatArray lse) {
        for (int i = 0; i < lse.getSize(); i++) {
            if (lse.get(i) <= EMPTY) {
                lse.set(i, Float.NEGATIVE_INFINITY);
            }
        }
    }
}
