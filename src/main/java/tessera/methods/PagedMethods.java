package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.DType;
import tessera.MergeSpec;
import tessera.Shape;
import tessera.Tensor;

/** Exact attention over keys that lie in pages. Each batch is a sequence, and they differ in length. */
final class PagedMethods {

    static final List<Method> ALL = List.of(
            new Method("H10", PagedMethods::paged, PagedMethods::pagedTwin),
            new Method("H11", PagedMethods::cascade, PagedMethods::cascadeTwin));

    private PagedMethods() {
    }

    /** Tokens of each sequence: all, then one, two, three eighths fewer. */
    private static int[] lengths(Shape shape) {
        return IntStream.range(0, shape.dim(0)).map(b -> shape.dim(2) - b % 4 * (shape.dim(2) / 8)).toArray();
    }

    /** Every sequence has a query for each of its tokens; queries beyond are padding, which sees the whole sequence. */
    private static Case paged(Tensor q, Tensor k, Tensor v, long seed) {
        int[] lengths = lengths(q.shape());
        Pages pages = new Pages(Pages.needed(lengths), k, seed);
        Tensor table = pages.store(k, v, lengths);
        Map<String, Tensor> inputs = Setup.inputs(q, pages.keys(), pages.values());
        inputs.put("pageTable", table);
        inputs.put("keyLengths", numbers(lengths));
        inputs.put("keysInOrder", k);
        inputs.put("valuesInOrder", v);
        return new Case(Setup.attention(q).keys(Pages.capacity(lengths)).paged(Pages.needed(lengths), Pages.SIZE)
                .causal(CausalAlignment.TOP_LEFT).build(), inputs);
    }

    private static double[] pagedTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("keysInOrder"));
        double[] v = SoftmaxTwin.doubles(in.get("valuesInOrder"));
        return SoftmaxTwin.of(q.length / dim, n, dim, (row, j) -> {
            boolean there = j < in.get("keyLengths").get(row / n / shape.dim(1));
            return there && j <= row % n ? SoftmaxTwin.dot(q, row, k, row / n * n + j, dim) : Double.NEGATIVE_INFINITY;
        }, (row, j, c) -> v[(row / n * n + j) * dim + c]).out();
    }

    /**
     * Every sequence follows the same prefix, which is drawn and half as long as the longest. All queries, in one ragged batch, go
     * over the prefix at once, then each over the tokens of its own sequence up to itself; both parts are merged.
     */
    private static Case cascade(Tensor q, Tensor k, Tensor v, long seed) {
        int heads = q.shape().dim(1);
        int dim = q.shape().dim(3);
        int prefix = (Setup.length(q) + 1) / 2;
        Tensor prefixK = Tensor.random(Shape.of(1, heads, prefix, dim), seed).to(q.dtype());
        Tensor prefixV = Tensor.random(Shape.of(1, heads, prefix, dim), seed + 1).to(q.dtype());
        int[] lengths = lengths(q.shape());
        int count = Pages.needed(prefix) + Pages.needed(lengths);
        Pages pages = new Pages(count, k, seed);
        int[] starts = new int[lengths.length + 1];
        for (int b = 0; b < lengths.length; b++) {
            starts[b + 1] = starts[b] + lengths[b];
        }
        int tokens = starts[lengths.length];
        Map<String, Tensor> inputs = Setup.inputs(packed(q, starts), pages.keys(), pages.values());
        inputs.put("prefixTable", pages.store(prefixK, prefixV, prefix));
        inputs.put("prefixLength", numbers(prefix));
        inputs.put("pageTable", pages.store(k, v, lengths));
        inputs.put("keyLengths", numbers(lengths));
        inputs.put("cuSeqlensQ", numbers(starts));
        inputs.putAll(Map.of("queries", q, "prefixK", prefixK, "prefixV", prefixV, "keysInOrder", k, "valuesInOrder", v));
        AttentionBuilder builder = AttentionSpec.of(1, heads, tokens, dim).dtype(q.dtype()).paged(count, Pages.SIZE).lse();
        AttentionSpec shared = builder.keys(Pages.capacity(prefix)).build();
        AttentionSpec own = builder.keys(Pages.capacity(lengths)).ragged(lengths.length).causal().build();
        return new Case(List.of(
                new Step("prefix", shared, there -> Step.renamed(there, Map.of("pageTable", "prefixTable", "keyLengths", "prefixLength"))),
                new Step("own", own, UnaryOperator.identity()),
                new Step("merge", MergeSpec.of(2, 1, heads, tokens, dim), there -> Step.parts(there, List.of("prefix", "own")))), inputs);
    }

    /** Sequence after sequence, without padding: [1, heads, tokens, dim]. */
    private static Tensor packed(Tensor q, int[] starts) {
        Shape shape = q.shape();
        int tokens = starts[starts.length - 1];
        Tensor packed = Tensor.zeros(q.dtype(), Shape.of(1, shape.dim(1), tokens, shape.dim(3)));
        int size = shape.dim(3);
        for (int b = 0; b + 1 < starts.length; b++) {
            for (int h = 0; h < shape.dim(1); h++) {
                for (int n = 0; n < (starts[b + 1] - starts[b]) * size; n++) {
                    packed.set((h * tokens + starts[b]) * size + n, q.get((b * shape.dim(1) + h) * shape.dim(2) * size + n));
                }
            }
        }
        return packed;
    }

    /** One softmax over the prefix and the sequence's own tokens, for the queries in the packed order. */
    private static double[] cascadeTwin(Map<String, Tensor> in) {
        Shape shape = in.get("queries").shape();
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int prefix = in.get("prefixK").shape().dim(2);
        double[] k = SoftmaxTwin.doubles(in.get("keysInOrder"));
        double[] v = SoftmaxTwin.doubles(in.get("valuesInOrder"));
        double[] prefixK = SoftmaxTwin.doubles(in.get("prefixK"));
        double[] prefixV = SoftmaxTwin.doubles(in.get("prefixV"));
        double[] q = SoftmaxTwin.doubles(in.get("queries"));
        int[] rows = IntStream.range(0, heads).flatMap(h -> IntStream.range(0, shape.dim(0)).flatMap(b ->
                IntStream.range(0, (int) in.get("keyLengths").get(b)).map(i -> (b * heads + h) * n + i))).toArray();
        return SoftmaxTwin.of(rows.length, prefix + n, dim, (r, j) -> {
            int row = rows[r];
            if (j < prefix) {
                return SoftmaxTwin.dot(q, row, prefixK, row / n % heads * prefix + j, dim);
            }
            return j - prefix <= row % n ? SoftmaxTwin.dot(q, row, k, row / n * n + j - prefix, dim) : Double.NEGATIVE_INFINITY;
        }, (r, j, c) -> {
            int row = rows[r];
            return j < prefix ? prefixV[(row / n % heads * prefix + j) * dim + c] : v[(row / n * n + j - prefix) * dim + c];
        }).out();
    }

    private static Tensor numbers(int... numbers) {
        Tensor tensor = Tensor.zeros(DType.I32, Shape.of(numbers.length));
        for (int n = 0; n < numbers.length; n++) {
            tensor.set(n, numbers[n]);
        }
        return tensor;
    }
}
