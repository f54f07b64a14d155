package tessera.io.onnx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.io.onnx.WireReader.Malformed;
import uk.ac.manchester.tornado.api.types.BFloat16;

/**
 * A TensorProto of ONNX: dimensions, element type, and the values in row-major order. Double precision holds every value of
 * every type but integers beyond 2^53.
 *
 * @param name as the file has it; may be empty
 */
public record OnnxTensor(String name, Type type, List<Integer> dims, double[] values) {

    /** Element types whose values are read; OTHER stands for the rest and has no values. */
    public enum Type {
        FLOAT(1, 4), INT32(6, 4), INT64(7, 8), BOOL(9, 1), FLOAT16(10, 2), DOUBLE(11, 8), BFLOAT16(16, 2), OTHER(0, 0);

        private final int code;
        private final int bytes;

        Type(int code, int bytes) {
            this.code = code;
            this.bytes = bytes;
        }

        private static Type of(long code) {
            return Arrays.stream(values()).filter(type -> type.code == code).findFirst().orElse(OTHER);
        }

        /** The storage type that holds such values exactly; null where there is none. */
        public DType storage() {
            return switch (this) {
                case FLOAT -> DType.F32;
                case FLOAT16 -> DType.F16;
                case BFLOAT16 -> DType.BF16;
                default -> null;
            };
        }
    }

    static OnnxTensor read(WireReader reader) {
        List<Long> dims = new ArrayList<>();
        List<Double> typed = new ArrayList<>();
        byte[] raw = null;
        long code = 0;
        String name = "";
        while (reader.next()) {
            switch (reader.field()) {
                case 1 -> Repeated.integers(reader, dims);
                case 2 -> code = reader.integer();
                case 4 -> Repeated.reals(reader, typed);
                case 5, 7 -> {
                    List<Long> integers = new ArrayList<>();
                    Repeated.integers(reader, integers);
                    integers.forEach(value -> typed.add((double) value));
                }
                case 8 -> name = reader.text();
                case 9 -> raw = reader.bytes();
                case 10 -> Repeated.wides(reader, typed);
                case 13 -> throw new Malformed("its data lies in another file, which is not read");
                default -> { }
            }
        }
        Type type = Type.of(code);
        int elements = elements(dims);
        if (type == Type.OTHER) {
            return new OnnxTensor(name, type, dims.stream().map(Long::intValue).toList(), new double[0]);
        }
        double[] values = raw != null ? unpack(type, raw) : typed.stream().mapToDouble(value -> typedValue(type, value)).toArray();
        if (values.length != elements) {
            throw new Malformed("tensor '" + name + "' of shape " + dims + " has " + values.length + " values");
        }
        return new OnnxTensor(name, type, dims.stream().map(Long::intValue).toList(), values);
    }

    private static int elements(List<Long> dims) {
        long elements = 1;
        for (long dim : dims) {
            if (dim < 0 || dim > Integer.MAX_VALUE || (elements *= dim) > Integer.MAX_VALUE) {
                throw new Malformed("a tensor cannot have the shape " + dims);
            }
        }
        return (int) elements;
    }

    /** Half types travel as their bits in the integer field. */
    private static double typedValue(Type type, double value) {
        return switch (type) {
            case FLOAT16 -> Float.float16ToFloat((short) (int) value);
            case BFLOAT16 -> BFloat16.bf16ToFloat((short) (int) value);
            default -> value;
        };
    }

    private static double[] unpack(Type type, byte[] raw) {
        if (raw.length % type.bytes != 0) {
            throw new Malformed(raw.length + " bytes hold no whole number of " + type.name().toLowerCase(Locale.ROOT) + " values");
        }
        ByteBuffer buffer = ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
        double[] values = new double[raw.length / type.bytes];
        for (int n = 0; n < values.length; n++) {
            values[n] = switch (type) {
                case FLOAT -> buffer.getFloat();
                case INT32 -> buffer.getInt();
                case INT64 -> buffer.getLong();
                case BOOL -> buffer.get();
                case FLOAT16 -> Float.float16ToFloat(buffer.getShort());
                case DOUBLE -> buffer.getDouble();
                case BFLOAT16 -> BFloat16.bf16ToFloat(buffer.getShort());
                case OTHER -> throw new IllegalStateException("no values");
            };
        }
        return values;
    }

    public int rank() {
        return dims.size();
    }

    public int dim(int axis) {
        return dims.get(axis);
    }

    /** The same values as a tensor of that type, rounded where it holds less. */
    Tensor tensor(DType storage) throws Unsupported {
        if (type == Type.OTHER) {
            throw new Unsupported("a tensor of shape " + dims + " has an element type that is not read");
        }
        Tensor tensor = Tensor.zeros(storage, Shape.of(dims.stream().mapToInt(Integer::intValue).toArray()));
        for (int n = 0; n < values.length; n++) {
            tensor.set(n, (float) values[n]);
        }
        return tensor;
    }
}
