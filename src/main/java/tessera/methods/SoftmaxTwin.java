package tessera.methods;

import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** Softmax attention by its definition in double precision, over the pairs that a predicate lets through. */
final class SoftmaxTwin {

    /** Whether query i of a query head may see key j. */
    @FunctionalInterface
    interface Allowed {
        boolean test(int head, int i, int j);
    }

    private SoftmaxTwin() {
    }

    /** As {@link #of(Shape, double[], double[], double[], int, Allowed)}, on tensors. */
    static double[] of(Tensor q, Tensor k, Tensor v, Allowed allowed) {
        return of(q.shape(), doubles(q), doubles(k), doubles(v), k.shape().dim(1), allowed);
    }

    /**
     * {@code out[h, i] = sum_j softmax_j(q_i·k_j / sqrt(dim)) v_j} over allowed j, with equally many queries and keys.
     *
     * @param shape of the queries: [batch, heads, length, dim]
     */
    static double[] of(Shape shape, double[] queries, double[] keys, double[] values, int kvHeads, Allowed allowed) {
        int heads = shape.dim(1);
        int group = heads / kvHeads;
        int length = shape.dim(2);
        int dim = shape.dim(3);
        double[] out = new double[queries.length];
        IntStream.range(0, queries.length / dim).parallel().forEach(row -> {
            int i = row % length;
            int first = row / length / group * length;
            double[] weight = new double[length];
            double largest = Double.NEGATIVE_INFINITY;
            for (int j = 0; j < length; j++) {
                weight[j] = Double.NEGATIVE_INFINITY;
                if (allowed.test(row / length % heads, i, j)) {
                    double dot = 0;
                    for (int c = 0; c < dim; c++) {
                        dot += queries[row * dim + c] * keys[(first + j) * dim + c];
                    }
                    weight[j] = dot / Math.sqrt(dim);
                    largest = Math.max(largest, weight[j]);
                }
            }
            double sum = 0;
            for (int j = 0; j < length; j++) {
                weight[j] = weight[j] == Double.NEGATIVE_INFINITY ? 0 : Math.exp(weight[j] - largest);
                sum += weight[j];
            }
            for (int j = 0; j < length; j++) {
                for (int c = 0; c < dim && weight[j] > 0; c++) {
                    out[row * dim + c] += weight[j] / sum * values[(first + j) * dim + c];
                }
            }
        });
        return out;
    }

    static double[] doubles(Tensor tensor) {
        double[] values = new double[tensor.shape().elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.get(i);
        }
        return values;
    }
}
