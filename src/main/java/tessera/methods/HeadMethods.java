package tessera.methods;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Epilogue;
import tessera.EpilogueSpec;
import tessera.MergeSpec;
import tessera.ProjectionSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;

/** Causal softmax attention in which heads share their weights, or only some heads are active. */
final class HeadMethods {

    /** Tokens whose weights say which heads are alike. */
    private static final int FIRST = 5;

    /** Rounds of k-means over the heads. */
    private static final int ROUNDS = 10;

    /** Heads that a token activates. */
    private static final int ACTIVE = 2;

    static final List<Method> ALL = List.of(
            new Method("D14", HeadMethods::clustered, HeadMethods::clusteredTwin),
            new Method("D34", HeadMethods::experts, HeadMethods::expertsTwin));

    private HeadMethods() {
    }

    /**
     * Heads are clustered, half as many clusters as heads, when the first tokens are there, and stay so for all others; the first
     * head of a cluster stands for it. Heads of all batches are heads of one, since their clusters differ.
     */
    private static Case clustered(Tensor q, Tensor k, Tensor v, long seed) {
        int batch = q.shape().dim(0);
        int heads = q.shape().dim(1);
        Tensor weights = firstWeights(q, k);
        Groups clusters = KMeans.of(weights, Math.ceilDiv(heads, 2), ROUNDS, KMeans.Distance.SQUARED, seed, Tessera.device("jvm")).groups();
        Tensor representatives = Groups.numbers(Shape.of(batch, heads), h -> clusters.members(h / heads)[clusters.of()[h / heads][h % heads]][0]);
        List<Integer> shared = IntStream.range(0, batch * heads).mapToObj(h -> h / heads * heads + (int) representatives.get(h)).toList();
        List<Integer> own = IntStream.range(0, batch * heads).boxed().toList();
        AttentionSpec spec = AttentionSpec.of(1, batch * heads, Setup.length(q), q.shape().dim(3)).dtype(q.dtype()).causal()
                .headMaps(shared, own, shared).build();
        UnaryOperator<Map<String, Tensor>> folded = there -> Map.of("q", Setup.folded(there.get("q")), "k", Setup.folded(there.get("k")),
                "v", Setup.folded(there.get("v")));
        return new Case(List.of(new Step("attention", spec, folded)), Setup.inputs(q, k, v, Map.of("representatives", representatives)));
    }

    /** The weights among the first tokens: [batch, 1, heads, tokens²]. */
    private static Tensor firstWeights(Tensor q, Tensor k) {
        Shape shape = q.shape();
        int n = Math.min(FIRST, shape.dim(2));
        int dim = shape.dim(3);
        double[] queries = SoftmaxTwin.doubles(q);
        double[] keys = SoftmaxTwin.doubles(k);
        Tensor weights = Tensor.zeros(shape.dim(0), 1, shape.dim(1), n * n);
        for (int row = 0; row < shape.dim(0) * shape.dim(1) * n; row++) {
            int head = row / n;
            int i = row % n;
            double[] weight = IntStream.rangeClosed(0, i).mapToDouble(j -> Math.exp(SoftmaxTwin.dot(queries, head * shape.dim(2) + i, keys,
                    head * shape.dim(2) + j, dim))).toArray();
            for (int j = 0; j <= i; j++) {
                weights.set(row * n + j, (float) (weight[j] / Arrays.stream(weight).sum()));
            }
        }
        return weights;
    }

    private static double[] clusteredTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        return SoftmaxTwin.of(q.length / dim, n, dim, (row, j) -> {
            int from = row / n / shape.dim(1) * shape.dim(1) + (int) in.get("representatives").get(row / n);
            return j <= row % n ? SoftmaxTwin.dot(q, from * n + row % n, k, from * n + j, dim) : Double.NEGATIVE_INFINITY;
        }, (row, j, c) -> v[(row / n * n + j) * dim + c]).out();
    }

    /**
     * Every head is an expert with queries and an output matrix of its own; all share the first head's keys and values. Hidden states,
     * from which the queries would come, the router and the output matrices are drawn. Gates of a token's experts sum to 1.
     */
    private static Case experts(Tensor q, Tensor k, Tensor v, long seed) {
        int batch = q.shape().dim(0);
        int heads = q.shape().dim(1);
        int n = Setup.length(q);
        int dim = q.shape().dim(3);
        Map<String, Tensor> inputs = Setup.inputs(q, firstHead(k), firstHead(v), Map.of(
                "hidden", Tensor.random(Shape.of(batch, 1, n, dim), seed), "router", Tensor.random(Shape.of(1, dim, heads), seed + 1),
                "outputs", Tensor.random(Shape.of(heads, dim, dim), seed + 2)));
        AttentionSpec attention = Setup.attention(q).kvHeads(1).causal().maskTensor(batch, heads, n, 1).build();
        return new Case(List.of(
                new Step("route", ProjectionSpec.channels(batch, 1, n, dim, heads), there -> Map.of("x", there.get("hidden"), "weight", there.get("router"))),
                new Step("gates", EpilogueSpec.of(batch, 1, n, heads, Epilogue.Activation.SOFTMAX), there -> Map.of("x", there.get("route.out"))),
                new Step("attention", attention, there -> Map.of("q", there.get("q"), "k", there.get("k"), "v", there.get("v"),
                        "mask", active(there.get("gates.out")))),
                new Step("project", ProjectionSpec.channels(batch, heads, n, dim, dim).withWeightHeads(heads), there ->
                        Map.of("x", there.get("attention.out"), "weight", there.get("outputs"))),
                new Step("merge", MergeSpec.of(heads, batch, 1, n, dim).withWeights(heads, batch, 1, n), there ->
                        Map.of("parts", headsFirst(there.get("project.out")), "weights", shares(there.get("gates.out"))))), inputs);
    }

    private static Tensor firstHead(Tensor x) {
        Shape shape = x.shape();
        int size = shape.dim(2) * shape.dim(3);
        Tensor first = Tensor.zeros(x.dtype(), Shape.of(shape.dim(0), 1, shape.dim(2), shape.dim(3)));
        for (int e = 0; e < first.shape().elements(); e++) {
            first.set(e, x.get(e / size * shape.dim(1) * size + e % size));
        }
        return first;
    }

    /** [heads, batch, 1, length, dim]. */
    private static Tensor headsFirst(Tensor x) {
        Shape shape = x.shape();
        int size = shape.dim(2) * shape.dim(3);
        Tensor parts = Tensor.zeros(shape.dim(1), shape.dim(0), 1, shape.dim(2), shape.dim(3));
        for (int e = 0; e < parts.shape().elements(); e++) {
            int head = e / size / shape.dim(0);
            parts.set(e, x.get((e / size % shape.dim(0) * shape.dim(1) + head) * size + e % size));
        }
        return parts;
    }

    /** Heads with the largest gates of a token, the first of equal ones. */
    private static int[] chosen(Tensor gates, int token) {
        int heads = gates.shape().dim(3);
        return IntStream.range(0, heads).boxed().sorted(Comparator.comparing(h -> -gates.get(token * heads + h))).limit(ACTIVE)
                .mapToInt(Integer::intValue).toArray();
    }

    /** [batch, heads, length, 1]: 1 where a token activates a head. */
    private static Tensor active(Tensor gates) {
        int n = gates.shape().dim(2);
        int heads = gates.shape().dim(3);
        Tensor active = Tensor.zeros(DType.I8, Shape.of(gates.shape().dim(0), heads, n, 1));
        for (int token = 0; token < gates.shape().dim(0) * n; token++) {
            for (int head : chosen(gates, token)) {
                active.set((token / n * heads + head) * n + token % n, 1);
            }
        }
        return active;
    }

    /** [heads, batch, 1, length]: gates of the active heads, divided by their sum. */
    private static Tensor shares(Tensor gates) {
        int tokens = gates.shape().dim(0) * gates.shape().dim(2);
        int heads = gates.shape().dim(3);
        Tensor shares = Tensor.zeros(heads, gates.shape().dim(0), 1, gates.shape().dim(2));
        for (int token = 0; token < tokens; token++) {
            int from = token * heads;
            int[] chosen = chosen(gates, token);
            double sum = Arrays.stream(chosen).mapToDouble(h -> gates.get(from + h)).sum();
            for (int head : chosen) {
                shares.set(head * tokens + token, (float) (gates.get(from + head) / sum));
            }
        }
        return shares;
    }

    /** {@code o_t = sum_e p_e Attn(q_t^e, K, V) W_o^e} over the experts with the largest logits, p their softmax. */
    private static double[] expertsTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        double[] each = SoftmaxTwin.of(shape, SoftmaxTwin.doubles(in.get("q")), SoftmaxTwin.doubles(in.get("k")), SoftmaxTwin.doubles(in.get("v")), 1,
                (_, i, j) -> j <= i).out();
        double[] out = new double[shape.dim(0) * n * dim];
        for (int token = 0; token < shape.dim(0) * n; token++) {
            double[] logits = new double[heads];
            for (int e = 0; e < heads * dim; e++) {
                logits[e / dim] += (double) in.get("hidden").get(token * dim + e % dim) * in.get("router").get(e % dim * heads + e / dim);
            }
            double least = Arrays.stream(logits).sorted().skip(Math.max(0, heads - ACTIVE)).findFirst().orElseThrow();
            double sum = Arrays.stream(logits).filter(logit -> logit >= least).map(Math::exp).sum();
            for (int head = 0; head < heads; head++) {
                for (int e = 0; e < dim * dim && logits[head] >= least; e++) {
                    double value = each[((token / n * heads + head) * n + token % n) * dim + e / dim];
                    out[token * dim + e % dim] += Math.exp(logits[head]) / sum * value * in.get("outputs").get(head * dim * dim + e);
                }
            }
        }
        return out;
    }
}
