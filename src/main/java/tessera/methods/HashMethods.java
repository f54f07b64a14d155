package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Epilogue;
import tessera.MergeSpec;
import tessera.PermuteSpec;
import tessera.ProjectionSpec;
import tessera.Shape;
import tessera.Tensor;

/** Softmax attention among tokens that fall into the same bucket of a random hash, chunk by chunk of the sorted tokens. */
final class HashMethods {

    /** Hashes, each with buckets and an order of its own. */
    private static final int ROUNDS = 2;

    static final List<Method> ALL = List.of(new Method("D29", HashMethods::reformer, HashMethods::reformerTwin));

    private HashMethods() {
    }

    /** Half of the buckets, which hold a chunk of tokens each, on average. */
    private static int halfOfBuckets(int n) {
        return Math.ceilDiv(n, 2 * Setup.block(n));
    }

    /**
     * Queries are keys too, of length 1 as such. Sorted by bucket and position, a chunk of tokens sees itself and the one before, but
     * for other buckets and later tokens. Each chunk is a batch of its own.
     */
    private static Case reformer(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        Tensor rotations = Tensor.random(Shape.of(ROUNDS, shape.dim(3), halfOfBuckets(shape.dim(2))), seed);
        List<Step> steps = new ArrayList<>();
        steps.add(new Step("keys", Setup.epilogue(shape, Epilogue.l2Norm().withEpsilon(1e-30f), q.dtype()), there -> Map.of("x", there.get("q"))));
        for (int round = 0; round < ROUNDS; round++) {
            steps.addAll(round(shape, q.dtype(), round));
        }
        steps.add(new Step("merge", MergeSpec.of(ROUNDS, shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)), there -> Map.of(
                "parts", Step.stacked(IntStream.range(0, ROUNDS).mapToObj(r -> there.get("back" + r + ".out")).toList()),
                "lses", Step.stacked(IntStream.range(0, ROUNDS).mapToObj(r -> there.get("lse" + r + ".out").reshape(Setup.tokens(q).dims())).toList()))));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("rotations", rotations)));
    }

    private static List<Step> round(Shape shape, DType dtype, int r) {
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int chunk = Setup.block(n);
        int count = Math.ceilDiv(n, chunk);
        int all = count * chunk;
        ProjectionSpec hash = ProjectionSpec.channels(batch, heads, n, dim, halfOfBuckets(n)).withDType(dtype);
        PermuteSpec queries = PermuteSpec.gather(batch, heads, n, dim, all).withDType(dtype);
        PermuteSpec keys = PermuteSpec.gather(batch, heads, n, dim, 2 * all);
        AttentionSpec inside = AttentionSpec.of(batch * heads * count, 1, chunk, dim).keys(2 * chunk).causal()
                .maskTensor(batch * heads * count, 1, chunk, 2 * chunk).lse().build();
        return List.of(
                new Step("hash" + r, hash, there -> Map.of("x", there.get("q"), "weight", rotation(there.get("rotations"), r))),
                new Step("queries" + r, queries, there -> Map.of("x", there.get("q"), "index", sorted(there, shape, r, chunk))),
                new Step("keys" + r, keys, there -> Map.of("x", there.get("keys.out"), "index", sorted(there, shape, r, 2 * chunk))),
                new Step("values" + r, keys.withDType(dtype), there -> Map.of("x", there.get("v"), "index", sorted(there, shape, r, 2 * chunk))),
                new Step("attention" + r, inside, there -> Map.of(
                        "q", there.get("queries" + r + ".out").reshape(inside.inputs().get("q").dims()),
                        "k", there.get("keys" + r + ".out").reshape(inside.inputs().get("k").dims()),
                        "v", there.get("values" + r + ".out").reshape(inside.inputs().get("v").dims()),
                        "mask", sameBucket(there, shape, r, inside.inputs().get("mask")))),
                new Step("back" + r, PermuteSpec.scatter(batch, heads, all, dim, n), there -> Map.of(
                        "x", there.get("attention" + r + ".out").reshape(batch, heads, all, dim), "index", sorted(there, shape, r, chunk))),
                new Step("lse" + r, PermuteSpec.scatter(batch, heads, all, 1, n), there -> Map.of(
                        "x", there.get("attention" + r + ".lse").reshape(batch, heads, all, 1), "index", sorted(there, shape, r, chunk))));
    }

    /** [1, dim, buckets / 2] of one round. */
    private static Tensor rotation(Tensor rotations, int r) {
        int size = rotations.shape().elements() / ROUNDS;
        Tensor one = Tensor.zeros(1, rotations.shape().dim(1), rotations.shape().dim(2));
        for (int e = 0; e < size; e++) {
            one.set(e, rotations.get(r * size + e));
        }
        return one;
    }

    /** {@code h(x) = argmax [xR; -xR]}. */
    static Groups buckets(Tensor projected) {
        int half = projected.shape().dim(3);
        int[] dims = projected.shape().dims();
        dims[3] = 2 * half;
        Tensor both = Tensor.zeros(dims);
        for (int e = 0; e < both.shape().elements(); e++) {
            float value = projected.get(e / (2 * half) * half + e % half);
            both.set(e, e % (2 * half) < half ? value : -value);
        }
        return Groups.largest(both);
    }

    /** For each chunk the sorted tokens up to its end, that many of them; -1 beyond the first and the last one. */
    private static Tensor sorted(Map<String, Tensor> there, Shape shape, int r, int width) {
        int n = shape.dim(2);
        int chunk = Setup.block(n);
        int row = Math.ceilDiv(n, chunk) * width;
        int[][] sorted = buckets(there.get("hash" + r + ".out")).sorted();
        return Groups.numbers(Shape.of(shape.dim(0), shape.dim(1), row), i -> {
            int at = (i % row / width + 1) * chunk - width + i % width;
            return at < 0 || at >= n ? -1 : sorted[i / row][at];
        });
    }

    private static Tensor sameBucket(Map<String, Tensor> there, Shape shape, int r, Shape mask) {
        int chunk = mask.dim(2);
        int chunks = Math.ceilDiv(shape.dim(2), chunk);
        Tensor queries = sorted(there, shape, r, chunk);
        Tensor keys = sorted(there, shape, r, 2 * chunk);
        int[][] of = buckets(there.get("hash" + r + ".out")).of();
        Tensor same = Tensor.zeros(DType.I8, mask);
        for (int pair = 0; pair < mask.elements(); pair++) {
            int place = pair / (2 * chunk);
            int query = (int) queries.get(place);
            int key = (int) keys.get(place / chunk * 2 * chunk + pair % (2 * chunk));
            int[] bucket = of[place / chunk / chunks];
            same.set(pair, query >= 0 && key >= 0 && bucket[query] == bucket[key] ? 1 : 0);
        }
        return same;
    }

    private static double[] reformerTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        double[] out = new double[q.length];
        double[] denominators = new double[q.length / dim];
        for (int round = 0; round < ROUNDS; round++) {
            int[] bucket = new int[denominators.length];
            for (int token = 0; token < bucket.length; token++) {
                bucket[token] = hash(q, token, dim, in.get("rotations"), round);
            }
            int[] place = IntStream.range(0, bucket.length).map(token -> place(bucket, token, n)).toArray();
            SoftmaxTwin one = SoftmaxTwin.of(q.length / dim, n, dim, (row, j) -> {
                int key = row / n * n + j;
                int chunks = place[row] / Setup.block(n) - place[key] / Setup.block(n);
                boolean seen = key <= row && bucket[row] == bucket[key] && (chunks == 0 || chunks == 1);
                return seen ? SoftmaxTwin.dot(q, row, q, key, dim) / length(q, key, dim) : Double.NEGATIVE_INFINITY;
            }, (row, j, c) -> v[(row / n * n + j) * dim + c]);
            for (int e = 0; e < out.length; e++) {
                out[e] += Math.exp(one.lse()[e / dim]) * one.out()[e];
            }
            Arrays.setAll(denominators, row -> denominators[row] + Math.exp(one.lse()[row]));
        }
        Arrays.setAll(out, e -> out[e] / denominators[e / dim]);
        return out;
    }

    private static int hash(double[] q, int token, int dim, Tensor rotations, int round) {
        int half = rotations.shape().dim(2);
        int best = 0;
        double largest = Double.NEGATIVE_INFINITY;
        for (int b = 0; b < 2 * half; b++) {
            double product = 0;
            for (int c = 0; c < dim; c++) {
                product += q[token * dim + c] * rotations.get((round * dim + c) * half + b % half);
            }
            product = b < half ? product : -product;
            if (product > largest) {
                largest = product;
                best = b;
            }
        }
        return best;
    }

    /** How many tokens of the same batch and head come before one, in order of buckets and then positions. */
    private static int place(int[] bucket, int token, int n) {
        int place = 0;
        for (int other = token / n * n; other < token / n * n + n; other++) {
            place += bucket[other] < bucket[token] || bucket[other] == bucket[token] && other < token ? 1 : 0;
        }
        return place;
    }

    private static double length(double[] x, int token, int dim) {
        return Math.sqrt(IntStream.range(0, dim).mapToDouble(c -> x[token * dim + c] * x[token * dim + c]).sum());
    }
}
