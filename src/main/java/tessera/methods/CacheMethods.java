package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.Estimator;
import tessera.Forced;
import tessera.PermuteSpec;
import tessera.Pooling.Fold;
import tessera.SelectBuilder;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;

/**
 * The given tokens are a prompt, of which each head keeps some in its cache for the tokens that are decoded after it, which are
 * drawn. Sizes are those of {@link Setup}.
 */
final class CacheMethods {

    /** Neighbouring tokens over which SnapKV pools. */
    private static final int POOLED = 5;

    static final List<Method> ALL = List.of(new Method("D33", CacheMethods::observed, CacheMethods::observedTwin));

    private CacheMethods() {
    }

    /** A choice, for each head, among so many tokens of a cache. */
    static SelectBuilder keep(Tensor q, int tokens, int recent, Forced.Counting counting) {
        return SelectSpec.of(q.shape().dim(0), q.shape().dim(1), 1, q.shape().dim(3)).keys(tokens).causal().estimator(new Estimator.ColumnMass())
                .forced(new Forced(0, false, recent, false, false, false, counting));
    }

    /** Drawn tokens of the type of others. */
    static Tensor decoded(Tensor q, int count, long seed) {
        return Tensor.random(Shape.of(q.shape().dim(0), q.shape().dim(1), count, q.shape().dim(3)), seed).to(q.dtype());
    }

    /** Tokens from {@code first} to before {@code end}. */
    static Tensor tokens(Tensor x, int first, int end) {
        int size = x.shape().dim(2) * x.shape().dim(3);
        int part = (end - first) * x.shape().dim(3);
        Tensor y = Tensor.zeros(x.dtype(), Shape.of(x.shape().dim(0), x.shape().dim(1), end - first, x.shape().dim(3)));
        for (int e = 0; e < y.shape().elements(); e++) {
            y.set(e, x.get(e / part * size + first * x.shape().dim(3) + e % part));
        }
        return y;
    }

    /** x, then y. */
    static Tensor appended(Tensor x, Tensor y) {
        int n = x.shape().dim(2);
        int all = n + y.shape().dim(2);
        int dim = x.shape().dim(3);
        Tensor both = Tensor.zeros(x.dtype(), Shape.of(x.shape().dim(0), x.shape().dim(1), all, dim));
        for (int e = 0; e < both.shape().elements(); e++) {
            int token = e / dim % all;
            int head = e / dim / all;
            both.set(e, token < n ? x.get((head * n + token) * dim + e % dim) : y.get((head * (all - n) + token - n) * dim + e % dim));
        }
        return both;
    }

    /** Last tokens of a prompt, whose queries choose and which are kept. */
    private static int observers(int n) {
        return (Setup.window(n) + 1) / 2;
    }

    /**
     * Besides the last tokens of the prompt, those to which they, or to whose neighbours they give most weight are kept; keys and values
     * of kept tokens are moved together. The result is that of the decoded tokens, which see them and each other.
     */
    private static Case observed(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int n = shape.dim(2);
        int last = observers(n);
        int decoded = Setup.window(n);
        SelectSpec weights = TokenSelection.of(q).estimator(new Estimator.LastRows(last, false, Estimator.Lines.COLUMNS)).topK(1).scores().build();
        SelectSpec keep = keep(q, n, last, Forced.Counting.EXCLUDED).foldNeighbours(POOLED, Fold.MAX).topK(Setup.window(n)).build();
        PermuteSpec compact = PermuteSpec.gather(shape.dim(0), shape.dim(1), n, shape.dim(3), keep.lists()).withDType(q.dtype());
        AttentionSpec attention = AttentionSpec.of(shape.dim(0), shape.dim(1), decoded, shape.dim(3)).keys(keep.lists() + decoded).past(keep.lists())
                .causal().build();
        List<Step> steps = new ArrayList<>();
        steps.add(new Step("weights", weights, there -> there));
        steps.add(new Step("keep", keep, there -> Map.of("mass", withoutLast(there.get("weights.scores"), last))));
        for (String name : List.of("k", "v")) {
            steps.add(new Step(name + "Kept", compact, there -> Map.of("x", there.get(name),
                    "index", there.get("keep.keyBlocks").reshape(shape.dim(0), shape.dim(1), keep.lists()))));
        }
        steps.add(new Step("attend", attention, there -> Map.of("q", there.get("newQ"), "k", there.get("newK"), "v", there.get("newV"),
                "pastK", there.get("kKept.out"), "pastV", there.get("vKept.out"))));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("newQ", decoded(q, decoded, seed), "newK", decoded(q, decoded, seed + 1),
                "newV", decoded(q, decoded, seed + 2)))).selecting("keep.keyBlocks", CacheMethods::observedTokens);
    }

    /** [batch, heads, length] of scores [batch, heads, 1, length]; 0 for the last tokens. */
    private static Tensor withoutLast(Tensor scores, int last) {
        int n = scores.shape().dim(3);
        Tensor mass = Tensor.zeros(scores.shape().dim(0), scores.shape().dim(1), n);
        for (int e = 0; e < mass.shape().elements(); e++) {
            mass.set(e, e % n < n - last ? scores.get(e) : 0);
        }
        return mass;
    }

    /** Tokens of the prompt that each (batch, head) keeps. */
    static int[][] observedTokens(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int prefix = n - observers(n);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        return IntStream.range(0, shape.dim(0) * shape.dim(1)).mapToObj(head -> {
            double[] sums = new double[prefix];
            for (int i = prefix; i < n; i++) {
                int row = head * n + i;
                double[] weights = TokenSelection.softmax(IntStream.rangeClosed(0, i).mapToDouble(j -> SoftmaxTwin.dot(q, row, k, head * n + j, dim)).toArray());
                Arrays.setAll(sums, j -> sums[j] + weights[j]);
            }
            double[] pooled = IntStream.range(0, prefix).mapToDouble(j -> Arrays.stream(sums, Math.max(0, j - POOLED / 2),
                    Math.min(prefix, j + POOLED / 2 + 1)).max().orElseThrow()).toArray();
            return TokenSelection.with(TokenSelection.largest(pooled, Setup.window(n)), prefix, n);
        }).toArray(int[][]::new);
    }

    private static double[] observedTwin(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        int decoded = Setup.window(n);
        int dim = in.get("q").shape().dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("newQ"));
        double[] k = SoftmaxTwin.doubles(appended(in.get("k"), in.get("newK")));
        Tensor v = appended(in.get("v"), in.get("newV"));
        int[][] kept = observedTokens(in);
        int[][] seen = IntStream.range(0, kept.length * decoded).mapToObj(row -> TokenSelection.with(kept[row / decoded], n, n + row % decoded + 1))
                .toArray(int[][]::new);
        return TokenSelection.attend(SoftmaxTwin.doubles(v), v.shape(), seen,
                (row, j) -> SoftmaxTwin.dot(q, row, k, row / decoded * (n + decoded) + j, dim));
    }
}
