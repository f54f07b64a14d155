package tessera.specialise;

import tessera.instructions.In;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Kernels each of which cannot be specialised for one reason. */
public final class UnspecialisableKernels {
    private UnspecialisableKernels() {
    }

    public static void unknownBound(KernelContext context, FloatArray out, int count, @Constant int dim) {
        for (@Unroll int d = 0; d < count; d++) {
            out.set(d, dim);
        }
    }

    public static void unknownStart(KernelContext context, FloatArray out, int count, @Constant int dim) {
        for (@Unroll int d = count; d < dim; d++) {
            out.set(d, dim);
        }
    }

    public static void unknownIndex(KernelContext context, FloatArray out, int count, @Constant int dim) {
        float @Registers [] sum = new float[dim];
        for (int d = 0; d < dim; d++) {
            sum[d] += count;
        }
        out.set(0, sum[0]);
    }

    public static void unknownLength(KernelContext context, FloatArray out, int count, @Constant int dim) {
        float @Registers [] sum = new float[count];
        out.set(0, sum[0]);
    }

    public static void outside(KernelContext context, FloatArray out, int count, @Constant int dim) {
        float @Registers [] sum = new float[dim];
        out.set(0, sum[dim]);
    }

    public static void escapes(KernelContext context, FloatArray out, int count, @Constant int dim) {
        float @Registers [] sum = new float[dim];
        out.set(0, first(sum));
    }

    public static float first(float[] array) {
        return array[0];
    }

    public static void exchanged(KernelContext context, FloatArray out, int count, @Constant int dim) {
        float @Registers [] a = new float[dim];
        float @Registers [] b = new float[dim];
        for (int i = 0; i < count; i++) {
            float[] kept = a;
            a = b;
            b = kept;
        }
        out.set(0, a[0] + b[0]);
    }

    public static void outOfReach(KernelContext context, FloatArray out, int count, @Constant int dim) {
        out.set(0, hidden(dim));
    }

    private static float hidden(int dim) {
        return dim;
    }

    public static void recursive(KernelContext context, FloatArray out, int count, @Constant int dim) {
        out.set(0, again(dim));
    }

    @Inline
    private static float again(int dim) {
        return dim > 1 ? again(dim - 1) : dim;
    }

    public static void tooLarge(KernelContext context, FloatArray out, int count, @Constant int dim) {
        for (@Unroll int i = 0; i < 100 * dim; i++) {
            for (@Unroll int j = 0; j < dim; j++) {
                out.set(i * dim + j, count);
            }
        }
    }

    public static void endless(KernelContext context, FloatArray out, int count, @Constant int dim) {
        for (@Unroll int i = dim; i != 0; i += 2) {
            out.set(0, count);
        }
    }

    public static void choice(KernelContext context, FloatArray out, int count, @Constant int dim) {
        switch (count) {
            case 1 -> out.set(0, dim);
            default -> out.set(1, dim);
        }
    }

    public static void division(KernelContext context, FloatArray out, int count, @Constant int dim) {
        out.set(0, count % (dim / (dim - 16)));
    }

    public static void thrown(KernelContext context, FloatArray out, int count, @Constant int dim) {
        if (count < 0) {
            throw new IllegalArgumentException();
        }
        out.set(0, dim);
    }

    public static void noOverload(KernelContext context, FloatArray out, int count, @Constant int dim) {
        float @Registers [] sum = new float[dim];
        onlyArrays(sum, 2);
        out.set(0, sum[0]);
    }

    public static void ordinaryArray(KernelContext context, FloatArray out, int count, @Constant int dim) {
        float[] sum = new float[dim];
        onlyArrays(sum, 2);
        out.set(0, sum[0]);
    }

    public static void onlyArrays(@In(2) float[] sum, int index) {
    }
}
