package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.Estimator;
import tessera.Forced;
import tessera.MergeSpec;
import tessera.Pooling.Fold;
import tessera.ScoreStage;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Mask;

/** Native sparse attention (arXiv:2502.11089): three causal attentions, over compressed keys, chosen blocks and a window, added by gates. */
final class NativeSparseMethods {

    /** Blocks that a query reads, the first one, its own and the one before among them. */
    private static final int BLOCKS = 6;

    /** Recent blocks that a query always reads. */
    private static final int RECENT = 2;

    static final List<Method> ALL = List.of(
            new Method("D11", NativeSparseMethods::gated, NativeSparseMethods::twin));

    private NativeSparseMethods() {
    }

    /** Compressed keys: one for every half block, the last one maybe shorter, beginning every quarter. */
    private static int compressed(int n) {
        return 1 + Math.ceilDiv(Math.max(0, n - Setup.block(n) / 2), Setup.block(n) / 4);
    }

    /** Whether query i is past all tokens of a compressed key. */
    private static boolean isPast(int n, int i, int s) {
        return Math.min(n, s * (Setup.block(n) / 4) + Setup.block(n) / 2) <= i + 1;
    }

    /** What a network makes of the tokens of each compressed key and value, and the gates, are drawn. */
    private static Case gated(Tensor q, Tensor keys, Tensor values, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int kvHeads = CompactMethods.groups(heads);
        int block = Setup.block(n);
        Shape few = Shape.of(batch, kvHeads, compressed(n), dim);
        Tensor k = CompactMethods.pooled(keys, kvHeads).to(q.dtype());
        Map<String, Tensor> inputs = Setup.inputs(q, k, CompactMethods.pooled(values, kvHeads).to(q.dtype()), Map.of(
                "compressedK", Tensor.random(few, seed).to(q.dtype()), "compressedV", Tensor.random(few, seed + 1).to(q.dtype()),
                "weights", Setup.uniform(Shape.of(3, batch, heads, n), seed + 2, 0, 1)));
        AttentionSpec compressed = Setup.attention(q).kvHeads(kvHeads).keys(compressed(n)).mask((_, i, _, s) -> isPast(n, i, s))
                .scores(ScoreStage.WEIGHTS).build();
        SelectSpec choice = ListedMethods.choice(q, k).estimator(new Estimator.External(block / 2, block / 4)).foldBlocks(Fold.SUM)
                .foldGroup(Fold.SUM).topK(BLOCKS).forced(new Forced(1, true, RECENT, false, false, false, Forced.Counting.FIRST)).build();
        return new Case(List.of(
                new Step("compressed", compressed, there -> Step.renamed(there, Map.of("k", "compressedK", "v", "compressedV"))),
                new Step("choice", choice, there -> Map.of("estimate", there.get("compressed.scores"))),
                ListedMethods.attention(q, k, choice),
                new Step("window", Setup.attention(q).kvHeads(kvHeads).mask(Mask.window(Setup.window(n) - 1, 0)).causal().build(), UnaryOperator.identity()),
                new Step("merge", MergeSpec.of(3, batch, heads, n, dim).withWeights(3, batch, heads, n), there -> Map.of("weights", there.get("weights"),
                        "parts", Step.stacked(List.of(there.get("compressed.out"), there.get("attention.out"), there.get("window.out")))))), inputs)
                .selecting("choice.keyBlocks", in -> choice(in).lists(kvHeads));
    }

    /** Weights of a group of heads over the compressed keys, summed over those that touch a block. */
    static BlockChoice choice(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        int block = Setup.block(n);
        int heads = in.get("q").shape().dim(1);
        int kvHeads = in.get("k").shape().dim(1);
        int dim = in.get("q").shape().dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("compressedK"));
        return BlockChoice.of(q.length / dim / n / heads * kvHeads, n, (kvHead, i) -> {
            double[] scores = new double[Math.ceilDiv(n, block)];
            for (int head = kvHead * heads / kvHeads; head < (kvHead + 1) * heads / kvHeads; head++) {
                int row = head * n + i;
                double[] weights = IntStream.range(0, compressed(n)).filter(s -> isPast(n, i, s))
                        .mapToDouble(s -> Math.exp(SoftmaxTwin.dot(q, row, k, kvHead * compressed(n) + s, dim))).toArray();
                double sum = IntStream.range(0, weights.length).mapToDouble(s -> weights[s]).sum();
                for (int s = 0; s < weights.length; s++) {
                    int first = s * (block / 4);
                    for (int c = first / block; c <= (Math.min(n, first + block / 2) - 1) / block; c++) {
                        scores[c] += weights[s] / sum;
                    }
                }
            }
            return BlockChoice.best(scores, c -> c <= i / block, c -> c == 0 || c > i / block - RECENT, BLOCKS);
        });
    }

    private static double[] twin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int kvHeads = in.get("k").shape().dim(1);
        int group = shape.dim(1) / kvHeads;
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("compressedK"));
        double[] v = SoftmaxTwin.doubles(in.get("compressedV"));
        int few = compressed(n);
        double[] compressed = SoftmaxTwin.of(q.length / dim, few, dim, (row, s) -> isPast(n, row % n, s)
                ? SoftmaxTwin.dot(q, row, k, row / n / group * few + s, dim) : Double.NEGATIVE_INFINITY,
                (row, s, c) -> v[(row / n / group * few + s) * dim + c]).out();
        double[] chosen = ListedTwin.attention(in, choice(in));
        double[] window = SoftmaxTwin.of(shape, q, SoftmaxTwin.doubles(in.get("k")), SoftmaxTwin.doubles(in.get("v")), kvHeads,
                (_, i, j) -> j <= i && i - j < Setup.window(n)).out();
        double[] out = new double[q.length];
        Tensor gates = in.get("weights");
        int rows = out.length / dim;
        for (int e = 0; e < out.length; e++) {
            out[e] = gates.get(e / dim) * compressed[e] + gates.get(rows + e / dim) * chosen[e] + gates.get(2 * rows + e / dim) * window[e];
        }
        return out;
    }
}
