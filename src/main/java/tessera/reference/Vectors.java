package tessera.reference;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.SelectSpec;
import tessera.Tensor;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Queries and keys of one head with an estimate of its own, and what is made of them, in double precision. */
record Vectors(SelectSpec spec, Map<String, Tensor> inputs, int batch, int head, int kvHead) {

    /** All keys. */
    double[][] keys() {
        return IntStream.range(0, spec.keys()).mapToObj(this::key).toArray(double[][]::new);
    }

    /** The mean of a row's queries, and of the heads that are averaged. */
    double[] query(int row) {
        int averaged = spec.heads() / spec.estimateHeads();
        double[][] all = IntStream.range(head * averaged, (head + 1) * averaged).boxed()
                .flatMap(h -> IntStream.range(row * spec.blockQ(), Math.min(spec.queries(), (row + 1) * spec.blockQ()))
                        .mapToObj(i -> vector("q", (batch * spec.heads() + h) * spec.queries() + i))).toArray(double[][]::new);
        return mean(all);
    }

    double[] token(int query) {
        return vector("q", (batch * spec.heads() + head) * spec.queries() + query);
    }

    double[] key(int key) {
        return vector("k", keyRow(key));
    }

    private int keyRow(int key) {
        return (batch * spec.kvHeads() + kvHead) * inputs.get("k").shape().dim(2) + key;
    }

    /** The keys that a score stands for. */
    double[][] keys(int score) {
        int start = score * spec.estimator().stride(spec.blockK());
        int end = Math.min(spec.keys(), start + spec.estimator().span(spec.blockK()));
        return IntStream.range(start, end).mapToObj(this::key).toArray(double[][]::new);
    }

    /** The mean of the keys that a score stands for. */
    double[] segment(int score) {
        return mean(keys(score));
    }

    /** The sum over channels of the largest and the smallest product that any of the keys could have. */
    static double largest(double[] q, double[][] keys) {
        double sum = 0;
        for (int c = 0; c < q.length; c++) {
            double most = Double.NEGATIVE_INFINITY;
            for (double[] k : keys) {
                most = Math.max(most, q[c] * k[c]);
            }
            sum += most;
        }
        return sum;
    }

    int queryCode(int query, int word) {
        return code("q", (batch * spec.heads() + head) * spec.queries() + query, word);
    }

    int keyCode(int key, int word) {
        return code("k", keyRow(key), word);
    }

    private int code(String name, int row, int word) {
        return ((IntArray) inputs.get(name).data()).get(row * inputs.get(name).shape().dim(-1) + word);
    }

    /** The query of every head at a place. */
    double[][] everyHead(int query) {
        return IntStream.range(0, spec.heads()).mapToObj(h -> vector("q", (batch * spec.heads() + h) * spec.queries() + query)).toArray(double[][]::new);
    }

    /** The indexer's sum over the queries of all heads. */
    double indexed(double[][] queries, int query, double[] key) {
        double sum = 0;
        for (int h = 0; h < spec.heads(); h++) {
            sum += spec.scale() * inputs.get("weights").get((batch * spec.heads() + h) * spec.queries() + query) * Math.max(0, dot(queries[h], key));
        }
        return sum;
    }

    /** Channels by their size in all queries of the group, largest first. */
    int[] topChannels(int row, int count) {
        int group = spec.estimateHeads() / spec.kvHeads();
        double[] size = new double[spec.headDim()];
        for (int h = kvHead * group; h < (kvHead + 1) * group; h++) {
            double[] q = new Vectors(spec, inputs, batch, h, kvHead).query(row);
            for (int c = 0; c < size.length; c++) {
                size[c] += Math.abs(q[c]);
            }
        }
        return IntStream.range(0, size.length).boxed().sorted(Comparator.comparingDouble(c -> -size[c])).mapToInt(c -> c).limit(count).toArray();
    }

    private double[] vector(String name, int row) {
        Tensor tensor = inputs.get(name);
        double[] vector = new double[tensor.shape().dim(-1)];
        for (int c = 0; c < vector.length; c++) {
            vector[c] = tensor.get(row * vector.length + c);
        }
        return vector;
    }

    private static double[] mean(double[][] all) {
        return IntStream.range(0, all[0].length).mapToDouble(c -> Arrays.stream(all).mapToDouble(x -> x[c]).average().orElseThrow()).toArray();
    }

    static double dot(double[] a, double[] b) {
        double dot = 0;
        for (int c = 0; c < a.length; c++) {
            dot += a[c] * b[c];
        }
        return dot;
    }
}
