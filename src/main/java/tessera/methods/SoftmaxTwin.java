package tessera.methods;

import java.util.Map;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/**
 * Softmax attention by its definition in double precision.
 *
 * @param out {@code sum_j softmax_j(score) value_j} of each row, 0 for a row without keys
 * @param lse natural logarithm of each row's denominator, {@code log sum_j exp(score)}
 */
record SoftmaxTwin(double[] out, double[] lse) {

    /** Whether query i of a query head may see key j. */
    @FunctionalInterface
    interface Allowed {
        boolean test(int head, int i, int j);
    }

    /** The same among n tokens. */
    @FunctionalInterface
    interface Pattern {
        boolean test(int n, int head, int i, int j);
    }

    /** What a row gives key j before the softmax; minus infinity for a key that it does not see. */
    @FunctionalInterface
    interface Score {
        double at(int row, int j);
    }

    /** A channel of the value of key j, for a row. */
    @FunctionalInterface
    interface Value {
        double at(int row, int j, int channel);
    }

    /** Attention of q, k, v of shape [batch, heads, length, dim], over the pairs that a pattern lets through. */
    static double[] of(Map<String, Tensor> in, Pattern pattern) {
        int n = in.get("q").shape().dim(2);
        return of(in.get("q"), in.get("k"), in.get("v"), (head, i, j) -> pattern.test(n, head, i, j));
    }

    /** As {@link #of(Shape, double[], double[], double[], int, Allowed)}, on tensors; its {@code out}. */
    static double[] of(Tensor q, Tensor k, Tensor v, Allowed allowed) {
        return of(q.shape(), doubles(q), doubles(k), doubles(v), k.shape().dim(1), allowed).out;
    }

    /**
     * Scores are {@code q_i·k_j / sqrt(dim)} over allowed j, with equally many queries and keys.
     *
     * @param shape of the queries: [batch, heads, length, dim]
     */
    static SoftmaxTwin of(Shape shape, double[] queries, double[] keys, double[] values, int kvHeads, Allowed allowed) {
        int heads = shape.dim(1);
        int group = heads / kvHeads;
        int length = shape.dim(2);
        int dim = shape.dim(3);
        return of(queries.length / dim, length, dim, (row, j) -> {
            if (!allowed.test(row / length % heads, row % length, j)) {
                return Double.NEGATIVE_INFINITY;
            }
            return dot(queries, row, keys, row / length / group * length + j, dim);
        }, (row, j, c) -> values[(row / length / group * length + j) * dim + c]);
    }

    /** {@code x_row·y_other / sqrt(dim)}. */
    static double dot(double[] x, int row, double[] y, int other, int dim) {
        double dot = 0;
        for (int c = 0; c < dim; c++) {
            dot += x[row * dim + c] * y[other * dim + c];
        }
        return dot / Math.sqrt(dim);
    }

    /** Rows that each score {@code keys} keys in a way of their own. */
    static SoftmaxTwin of(int rows, int keys, int channels, Score score, Value value) {
        double[] out = new double[rows * channels];
        double[] lse = new double[rows];
        IntStream.range(0, rows).parallel().forEach(row -> {
            double[] weight = new double[keys];
            double largest = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < keys; j++) {
                weight[j] = score.at(row, j);
                largest = Math.max(largest, weight[j]);
            }
            double sum = 0;
            for (int j = 0; j < keys; j++) {
                weight[j] = weight[j] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(weight[j] - largest);
                sum += weight[j];
            }
            lse[row] = largest + Math.log(sum);
            for (int j = 0; j < keys; j++) {
                for (int c = 0; c < channels && weight[j] > 0; c++) {
                    out[row * channels + c] += weight[j] / sum * value.at(row, j, c);
                }
            }
        });
        return new SoftmaxTwin(out, lse);
    }

    static double[] doubles(Tensor tensor) {
        double[] values = new double[tensor.shape().elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.get(i);
        }
        return values;
    }
}
