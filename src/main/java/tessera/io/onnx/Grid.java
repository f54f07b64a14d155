package tessera.io.onnx;

import java.util.Arrays;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.IntStream;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;

/** Known numbers of a subgraph, row-major; truth values are 0 and 1. */
record Grid(int[] dims, double[] values) {

    static Grid of(OnnxTensor tensor) throws Unsupported {
        if (tensor.type() == OnnxTensor.Type.OTHER) {
            throw new Unsupported("a constant of its subgraph has an element type that is not read");
        }
        return new Grid(tensor.dims().stream().mapToInt(Integer::intValue).toArray(), tensor.values());
    }

    /** The one value of a grid that has only one. */
    double scalar() throws Unsupported {
        if (values.length != 1) {
            throw new Unsupported("its subgraph needs one number, not " + Arrays.toString(dims));
        }
        return values[0];
    }

    /** Element by element, both broadcast from the right as NumPy does. */
    Grid with(Grid other, DoubleBinaryOperator operation) throws Unsupported {
        int rank = Math.max(dims.length, other.dims.length);
        int[] result = new int[rank];
        long elements = 1;
        for (int axis = 0; axis < rank; axis++) {
            int a = dim(axis, rank);
            int b = other.dim(axis, rank);
            if (a != b && a != 1 && b != 1) {
                throw new Unsupported("its subgraph combines " + Arrays.toString(dims) + " with " + Arrays.toString(other.dims));
            }
            result[axis] = a == 1 ? b : a;
            elements *= result[axis];
        }
        if (elements > 1 << 26) {
            throw new Unsupported("its subgraph makes " + elements + " elements, where 2^26 are the most");
        }
        double[] combined = new double[(int) elements];
        for (int n = 0; n < combined.length; n++) {
            combined[n] = operation.applyAsDouble(values[index(n, result)], other.values[other.index(n, result)]);
        }
        return new Grid(result, combined);
    }

    private int dim(int axis, int rank) {
        int own = axis - rank + dims.length;
        return own < 0 ? 1 : dims[own];
    }

    /** Where element {@code n} of the broadcast shape lies here. */
    private int index(int n, int[] shape) {
        int index = 0;
        int stride = 1;
        for (int axis = shape.length - 1; axis >= shape.length - dims.length; axis--) {
            int dim = dim(axis, shape.length);
            index += dim == 1 ? 0 : n % shape[axis] * stride;
            stride *= dim;
            n /= shape[axis];
        }
        return index;
    }

    /** The same values in other dimensions, of which one may be -1. */
    Grid reshaped(Grid to) throws Unsupported {
        int[] wanted = Arrays.stream(to.values).mapToInt(value -> (int) value).toArray();
        int known = IntStream.of(wanted).filter(dim -> dim != -1).reduce(1, (a, b) -> a * b);
        int[] result = IntStream.of(wanted).map(dim -> dim == -1 && known > 0 ? values.length / known : dim).toArray();
        if (IntStream.of(result).anyMatch(dim -> dim < 1) || IntStream.of(result).reduce(1, (a, b) -> a * b) != values.length) {
            throw new Unsupported("its subgraph reshapes " + Arrays.toString(dims) + " to " + Arrays.toString(wanted));
        }
        return new Grid(result, values);
    }

    Tensor tensor() {
        Tensor tensor = Tensor.zeros(DType.F32, Shape.of(dims));
        for (int n = 0; n < values.length; n++) {
            tensor.set(n, (float) values[n]);
        }
        return tensor;
    }
}
