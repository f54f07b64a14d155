package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.MergeSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.caches.CacheSpec;
import tessera.caches.CacheView;
import tessera.caches.KvCache;
import tessera.caches.KvSequence;

/** Exact attention over keys that lie in pages. Each batch is a sequence, and they differ in length. */
final class PagedMethods {

    /** Tokens in a page, and those by which sequences grow. */
    private static final int SIZE = 16;
    private static final int PIECE = 5;

    static final List<Method> ALL = List.of(
            new Method("H10", PagedMethods::paged, PagedMethods::pagedTwin),
            new Method("H11", PagedMethods::cascade, PagedMethods::cascadeTwin));

    private PagedMethods() {
    }

    /** Tokens of each sequence: all, then one, two, three eighths fewer. */
    private static int[] lengths(Shape shape) {
        return IntStream.range(0, shape.dim(0)).map(b -> shape.dim(2) - b % 4 * (shape.dim(2) / 8)).toArray();
    }

    /**
     * The first tokens of every batch, in a cache whose pages others have left in a drawn order; sequences grow in turn. Slots without a
     * token are NaN, as nothing may read them.
     */
    private static List<KvSequence> stored(KvCache cache, Tensor k, Tensor v, int... lengths) {
        List<KvSequence> sequences = IntStream.range(0, lengths.length).mapToObj(_ -> cache.sequence()).toList();
        for (int from = 0; from < Arrays.stream(lengths).max().orElseThrow(); from += PIECE) {
            for (int b = 0; b < lengths.length; b++) {
                if (from < lengths[b]) {
                    sequences.get(b).append(k, v, b, from, Math.min(lengths[b], from + PIECE));
                }
            }
        }
        return sequences;
    }

    static KvCache cache(Tensor k, int pages, long seed) {
        KvCache cache = new KvCache(CacheSpec.paged(k.shape().dim(1), k.shape().dim(3), pages, SIZE).withDType(k.dtype()));
        List<KvSequence> others = new ArrayList<>();
        for (int page = 0; page < pages; page++) {
            others.add(cache.sequence());
            others.getLast().append(k, k, 0, 0, 1);
        }
        Collections.shuffle(others, new Random(seed));
        others.forEach(KvSequence::free);
        cache.keys().fill(Float.NaN);
        cache.values().fill(Float.NaN);
        return cache;
    }

    /** Pages for sequences of those lengths. */
    static int pages(int... lengths) {
        return Arrays.stream(lengths).map(length -> Math.ceilDiv(length, SIZE)).sum();
    }

    /** Every sequence has a query for each of its tokens; queries beyond are padding, which sees the whole sequence. */
    private static Case paged(Tensor q, Tensor k, Tensor v, long seed) {
        int[] lengths = lengths(q.shape());
        CacheView view = view(stored(cache(k, pages(lengths), seed), k, v, lengths));
        Map<String, Tensor> inputs = view.inputs(q);
        inputs.put("keysInOrder", k);
        inputs.put("valuesInOrder", v);
        return new Case(view.attention(q.shape().dim(1), q.shape().dim(2)).causal(CausalAlignment.TOP_LEFT).build(), inputs);
    }

    static CacheView view(List<KvSequence> sequences) {
        return sequences.getFirst().cache().view(sequences.stream().mapToInt(KvSequence::length).max().orElseThrow(), sequences);
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
        KvCache cache = cache(k, pages(prefix) + pages(lengths), seed);
        int[] starts = new int[lengths.length + 1];
        for (int b = 0; b < lengths.length; b++) {
            starts[b + 1] = starts[b] + lengths[b];
        }
        int tokens = starts[lengths.length];
        CacheView before = view(stored(cache, prefixK, prefixV, prefix));
        CacheView after = view(stored(cache, k, v, lengths));
        Map<String, Tensor> inputs = after.inputs(packed(q, starts));
        inputs.put("prefixTable", before.pageTable());
        inputs.put("prefixLength", before.keyLengths());
        inputs.put("cuSeqlensQ", Groups.numbers(Shape.of(starts.length), n -> starts[n]));
        inputs.putAll(Map.of("queries", q, "prefixK", prefixK, "prefixV", prefixV, "keysInOrder", k, "valuesInOrder", v));
        AttentionSpec shared = before.attention(heads, tokens).lse().build();
        AttentionSpec own = after.ragged(heads, tokens).lse().causal().build();
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
}
