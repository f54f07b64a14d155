package tessera.engine;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Kernels that must be caught: {@code out_i = 2 in_i} in forms that devices cannot run, or computed wrongly. */
public final class BadKernels {
    private BadKernels() {
    }

    /** Right on the JVM; TornadoVM has no such instruction. */
    public static void fused(FloatArray in, FloatArray out, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            out.set(rowOffset + r, Math.fma(in.get(rowOffset + r), 2.0f, 0.0f));
        }
    }

    /** Right on the JVM; devices have no exceptions. */
    public static void checked(FloatArray in, FloatArray out, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            if (in.get(rowOffset + r) > 1.0e30f) {
                throw new IllegalArgumentException();
            }
            out.set(rowOffset + r, 2.0f * in.get(rowOffset + r));
        }
    }

    /** Right on the JVM; the device's compiler, not TornadoVM's, refuses a boolean parameter. */
    public static void flagged(FloatArray in, FloatArray out, boolean twice, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            float x = in.get(rowOffset + r);
            out.set(rowOffset + r, twice ? 2.0f * x : x);
        }
    }

    /** Compiles everywhere; wrong in one row out of sixteen. */
    public static void wrong(FloatArray in, FloatArray out, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            float factor = 2.0f;
            if ((rowOffset + r) % 16 == 15) {
                factor = 2.01f;
            }
            out.set(rowOffset + r, factor * in.get(rowOffset + r));
        }
    }

    /** Compiles everywhere; leaves the last row unwritten. */
    public static void partial(FloatArray in, FloatArray out, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            if (rowOffset + r < in.getSize() - 1) {
                out.set(rowOffset + r, 2.0f * in.get(rowOffset + r));
            }
        }
    }

    /** Works in groups of any size that the device has. */
    public static void grouped(KernelContext context, FloatArray in, FloatArray out) {
        out.set(context.globalIdx, 2.0f * in.get(context.globalIdx));
    }
}
