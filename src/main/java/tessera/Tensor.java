package tessera;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.BFloat16Array;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A dense row-major array with a {@link Shape} and a {@link DType}, backed by TornadoVM's array of that type, so that a
 * kernel reads it without a copy. Attention tensors are {@code [batch, heads, length, dim]} (BHLD).
 */
public final class Tensor {
    private final Shape shape;
    private final DType dtype;
    private final TornadoNativeArray data;

    private Tensor(Shape shape, DType dtype, TornadoNativeArray data) {
        this.shape = shape;
        this.dtype = dtype;
        this.data = data;
    }

    /**
     * A tensor of zeros.
     *
     * @throws TesseraException if there is not enough memory
     */
    public static Tensor zeros(DType dtype, Shape shape) {
        int n = shape.elements();
        try {
            TornadoNativeArray data = switch (dtype) {
                case F32 -> new FloatArray(n);
                case F16 -> new HalfFloatArray(n);
                case BF16 -> new BFloat16Array(n);
                case I8 -> new ByteArray(n);
                case I32 -> new IntArray(n);
            };
            data.getSegment().fill((byte) 0);
            return new Tensor(shape, dtype, data);
        } catch (OutOfMemoryError e) {
            throw new TesseraException("not enough memory for a " + dtype + " tensor of " + shape + " ("
                    + (long) n * dtype.bytes() / (1 << 20) + " MiB); raise -Xmx or use smaller shapes", e);
        }
    }

    /** A float32 tensor of zeros. */
    public static Tensor zeros(int... dims) {
        return zeros(DType.F32, Shape.of(dims));
    }

    /**
     * A float32 tensor that holds a copy of {@code values}.
     *
     * @throws IllegalArgumentException if the number of values is not that of the shape
     */
    public static Tensor of(Shape shape, float... values) {
        if (values.length != shape.elements()) {
            throw new IllegalArgumentException("shape " + shape + " needs " + shape.elements() + " values, got " + values.length);
        }
        Tensor tensor = zeros(DType.F32, shape);
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, values[i]);
        }
        return tensor;
    }

    /** Standard normal float32 values; the same seed gives the same tensor everywhere. */
    public static Tensor random(Shape shape, long seed) {
        Tensor tensor = zeros(DType.F32, shape);
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < shape.elements(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }

    public Shape shape() {
        return shape;
    }

    public DType dtype() {
        return dtype;
    }

    /** The array that kernels read and write: one of TornadoVM's native arrays. */
    public TornadoNativeArray data() {
        return data;
    }

    /** Element {@code index} in row-major order, widened to float. */
    public float get(int index) {
        return switch (data) {
            case FloatArray a -> a.get(index);
            case HalfFloatArray a -> a.get(index).getFloat32();
            case BFloat16Array a -> BFloat16.bf16ToFloat(a.get(index));
            case ByteArray a -> a.get(index);
            case IntArray a -> a.get(index);
            default -> throw new IllegalStateException("no element access for " + data.getClass());
        };
    }

    /** Stores {@code value}, rounded to this tensor's type. */
    public void set(int index, float value) {
        switch (data) {
            case FloatArray a -> a.set(index, value);
            case HalfFloatArray a -> a.set(index, new HalfFloat(value));
            case BFloat16Array a -> a.set(index, BFloat16.bf16FromFloat(value));
            case ByteArray a -> a.set(index, (byte) Math.clamp(Math.round(value), -128, 127));
            case IntArray a -> a.set(index, Math.round(value));
            default -> throw new IllegalStateException("no element access for " + data.getClass());
        }
    }

    /** Sets every element to {@code value}, rounded to this tensor's type; NaN shows what a kernel leaves unwritten. */
    public Tensor fill(float value) {
        for (int i = 0; i < shape.elements(); i++) {
            set(i, value);
        }
        return this;
    }

    /** Fills with what no result is: NaN, or the least integer. */
    public Tensor poison() {
        return fill(dtype.isFloat() ? Float.NaN : Integer.MIN_VALUE);
    }

    /**
     * Copies all elements into {@code target}, converting the type.
     *
     * @throws IllegalArgumentException if the shapes differ
     */
    public void copyTo(Tensor target) {
        if (!shape.equals(target.shape)) {
            throw new IllegalArgumentException("cannot copy " + shape + " into " + target.shape);
        }
        if (dtype == target.dtype) {
            target.data.getSegment().copyFrom(data.getSegment());
            return;
        }
        for (int i = 0; i < shape.elements(); i++) {
            target.set(i, get(i));
        }
    }

    /** Copies {@code count} elements from {@code from} on into {@code target} from {@code to} on, converting the type. */
    public void copyTo(int from, Tensor target, int to, int count) {
        if (dtype == target.dtype) {
            long bytes = dtype.bytes();
            MemorySegment.copy(data.getSegment(), from * bytes, target.data.getSegment(), to * bytes, count * bytes);
            return;
        }
        for (int i = 0; i < count; i++) {
            target.set(to + i, get(from + i));
        }
    }

    /** This tensor if it already has that type, else a converted copy. */
    public Tensor to(DType type) {
        if (type == dtype) {
            return this;
        }
        Tensor copy = zeros(type, shape);
        copyTo(copy);
        return copy;
    }

    /** The same elements under another shape, sharing the memory. */
    public Tensor reshape(int... dims) {
        Shape other = Shape.of(dims);
        if (other.elements() != shape.elements()) {
            throw new IllegalArgumentException("cannot view " + shape + " as " + other);
        }
        return new Tensor(other, dtype, data);
    }

    public float[] toArray() {
        float[] values = new float[shape.elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = get(i);
        }
        return values;
    }

    @Override
    public String toString() {
        return dtype + "[" + shape + "]";
    }
}
