package tessera;

import java.util.Arrays;
import java.util.stream.Collectors;

/** Dimensions of a tensor, outermost first; the last one is contiguous in memory. */
public final class Shape {
    private final int[] dims;

    private Shape(int[] dims) {
        this.dims = dims;
    }

    /**
     * A shape of the given dimensions.
     *
     * @throws IllegalArgumentException if a dimension is not positive or the product passes 2^31 - 1 elements,
     *         the most that one TornadoVM array can index
     */
    public static Shape of(int... dims) {
        long elements = 1;
        for (int dim : dims) {
            if (dim <= 0) {
                throw new IllegalArgumentException("every dimension must be at least 1, got " + Arrays.toString(dims));
            }
            elements *= dim;
            if (elements > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("shape " + Arrays.toString(dims)
                        + " has more than 2^31 - 1 elements, the most one array can hold; split the batch or the heads");
            }
        }
        return new Shape(dims.clone());
    }

    /** The same shape with dimensions of 1 in front, {@code rank} in all. */
    public Shape padded(int rank) {
        int[] padded = new int[rank];
        Arrays.fill(padded, 1);
        System.arraycopy(dims, 0, padded, rank - dims.length, dims.length);
        return new Shape(padded);
    }

    public int rank() {
        return dims.length;
    }

    /** Dimension {@code axis}; negative axes count from the end. */
    public int dim(int axis) {
        return dims[axis < 0 ? dims.length + axis : axis];
    }

    /** Number of elements. */
    public int elements() {
        int product = 1;
        for (int dim : dims) {
            product *= dim;
        }
        return product;
    }

    public int[] dims() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** For example {@code 1x8x512x64}; {@code scalar} without dimensions. */
    @Override
    public String toString() {
        return dims.length == 0 ? "scalar" : Arrays.stream(dims).mapToObj(Integer::toString).collect(Collectors.joining("x"));
    }
}
