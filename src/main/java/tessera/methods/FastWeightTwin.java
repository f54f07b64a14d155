package tessera.methods;

import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** Test-time training from its loss, whose slope is found by differences, and not by anybody's derivation. In double precision. */
final class FastWeightTwin {

    /** Step of a difference, in parts of the largest element. */
    private static final double STEP = 1e-3;

    /** One head over its tokens: {@code out} of all of them. */
    @FunctionalInterface
    interface Head {
        double[][] of(int head);
    }

    private FastWeightTwin() {
    }

    /** Every head by itself, as one row-major result. */
    static double[] heads(Shape shape, Head head) {
        return IntStream.range(0, shape.dim(0) * shape.dim(1)).parallel().mapToObj(head::of).flatMap(Arrays::stream)
                .flatMapToDouble(Arrays::stream).toArray();
    }

    /** The gradient of a function by central differences of fourth order. */
    static double[] slope(ToDoubleFunction<double[]> loss, double[] at) {
        double size = 0;
        for (double x : at) {
            size = Math.max(size, Math.abs(x));
        }
        double h = size > 0 ? STEP * size : STEP;
        double[] slope = new double[at.length];
        double[] x = at.clone();
        for (int e = 0; e < at.length; e++) {
            for (int n : new int[] {-2, -1, 1, 2}) {
                x[e] = at[e] + n * h;
                slope[e] += (Math.abs(n) == 1 ? 8 * n : -n / 2) * loss.applyAsDouble(x) / (12 * h);
            }
            x[e] = at[e];
        }
        return slope;
    }

    static double halfSquare(double[] f, double[] v) {
        double sum = 0;
        for (int e = 0; e < v.length; e++) {
            sum += (f[e] - v[e]) * (f[e] - v[e]) / 2;
        }
        return sum;
    }

    static double[] layerNorm(double[] z, double[] weight, double[] bias, double epsilon) {
        double mean = IntStream.range(0, z.length).mapToDouble(e -> z[e]).average().orElseThrow();
        double variance = IntStream.range(0, z.length).mapToDouble(e -> (z[e] - mean) * (z[e] - mean)).average().orElseThrow();
        return IntStream.range(0, z.length).mapToDouble(e -> (z[e] - mean) / Math.sqrt(variance + epsilon) * weight[e] + bias[e]).toArray();
    }

    static double[] plus(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(e -> a[e] + b[e]).toArray();
    }

    /** {@code x W}. */
    static double[] times(double[] x, double[][] w) {
        return IntStream.range(0, w[0].length).mapToDouble(e -> IntStream.range(0, x.length).mapToDouble(c -> x[c] * w[c][e]).sum()).toArray();
    }

    /** {@code W <- W + factor xᵀ y}. */
    static void add(double[][] w, double factor, double[] x, double[] y) {
        for (int c = 0; c < x.length; c++) {
            for (int e = 0; e < y.length; e++) {
                w[c][e] += factor * x[c] * y[e];
            }
        }
    }

    /** The last axis at place {@code row} of all others. */
    static double[] row(Tensor tensor, int row) {
        int size = tensor.shape().dim(-1);
        return IntStream.range(0, size).mapToDouble(c -> tensor.get(row * size + c)).toArray();
    }

    /** Matrix {@code n} of a tensor. */
    static double[][] matrix(Tensor tensor, int n) {
        int rows = tensor.shape().dim(-2);
        return IntStream.range(0, rows).mapToObj(c -> row(tensor, n * rows + c)).toArray(double[][]::new);
    }

    static double[][] copy(double[][] w) {
        return IntStream.range(0, w.length).mapToObj(c -> w[c].clone()).toArray(double[][]::new);
    }
}
