package tessera.methods;

import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.ProjectionSpec;
import tessera.RotarySpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.TensorLayout;

/** Causal attention whose queries, or queries, keys and values, are products of smaller factors. */
final class FactoredMethods {

    /** Ranks of the queries, and of keys and values, in the paper of tensor product attention; fewer where there are fewer heads. */
    private static final int QUERY_RANK = 6;
    private static final int KEY_RANK = 2;

    static final List<Method> ALL = List.of(
            new Method("K04", FactoredMethods::multiMatrix, FactoredMethods::multiMatrixTwin),
            new Method("K05", FactoredMethods::tensorProduct, FactoredMethods::tensorProductTwin));

    private FactoredMethods() {
    }

    /**
     * {@code q_h = (x W_down) W_up,h} against a single key/value head, both twice as wide as the heads of q (arXiv:2412.19255). The
     * hidden state x of a token is its queries, head by head.
     */
    private static Case multiMatrix(Tensor q, Tensor k, Tensor v, long seed) {
        Shape s = q.shape();
        int heads = s.dim(1);
        int hidden = heads * s.dim(3);
        int wide = 2 * s.dim(3);
        Map<String, Tensor> inputs = Setup.inputs(q, k, v, Map.of("x", LatentMethods.sideBySide(q), "down", LatentMethods.weight(Shape.of(1, hidden, wide), seed),
                "up", LatentMethods.weight(Shape.of(heads, wide, wide), seed + 1), "toKey", LatentMethods.weight(Shape.of(1, hidden, wide), seed + 2),
                "toValue", LatentMethods.weight(Shape.of(1, hidden, wide), seed + 3)));
        ProjectionSpec ofHidden = LatentMethods.projection(s, 1, hidden, wide).withDType(q.dtype());
        AttentionSpec attention = AttentionSpec.of(s.dim(0), heads, s.dim(2), wide).kvHeads(1).causal().dtype(q.dtype()).build();
        return new Case(List.of(
                new Step("down", ofHidden, there -> Map.of("x", there.get("x"), "weight", there.get("down"))),
                new Step("queries", LatentMethods.projection(s, 1, wide, wide).withWeightHeads(heads), there -> Map.of("x", there.get("down.out"), "weight", there.get("up"))),
                new Step("keys", ofHidden, there -> Map.of("x", there.get("x"), "weight", there.get("toKey"))),
                new Step("values", ofHidden, there -> Map.of("x", there.get("x"), "weight", there.get("toValue"))),
                new Step("attention", attention, there -> Map.of("q", there.get("queries.out"), "k", there.get("keys.out"), "v", there.get("values.out")))),
                inputs).caching("keys.out", "values.out");
    }

    private static double[] multiMatrixTwin(Map<String, Tensor> in) {
        Shape s = in.get("q").shape();
        int n = s.dim(2);
        int wide = 2 * s.dim(3);
        double[] x = SoftmaxTwin.doubles(in.get("x"));
        double[] up = SoftmaxTwin.doubles(in.get("up"));
        double[] low = times(x, SoftmaxTwin.doubles(in.get("down")), wide);
        double[] keys = times(x, SoftmaxTwin.doubles(in.get("toKey")), wide);
        double[] values = times(x, SoftmaxTwin.doubles(in.get("toValue")), wide);
        int heads = s.dim(1);
        double[] queries = new double[s.dim(0) * heads * n * wide];
        for (int e = 0; e < queries.length; e++) {
            int row = e / wide;
            for (int c = 0; c < wide; c++) {
                queries[e] += low[(row / n / heads * n + row % n) * wide + c] * up[(row / n % heads * wide + c) * wide + e % wide];
            }
        }
        return SoftmaxTwin.of(Shape.of(s.dim(0), heads, n, wide), queries, keys, values, 1, (_, i, j) -> j <= i).out();
    }

    /** Rows times a matrix with so many columns. */
    private static double[] times(double[] x, double[] weight, int columns) {
        int inner = weight.length / columns;
        double[] y = new double[x.length / inner * columns];
        for (int e = 0; e < y.length; e++) {
            for (int c = 0; c < inner; c++) {
                y[e] += x[e / columns * inner + c] * weight[c * columns + e % columns];
            }
        }
        return y;
    }

    /**
     * {@code k_t,h = 1/r sum_i A_t,i[h] B_t,i}, q and v alike, B of q and k turned by positions (arXiv:2501.06425): of every token a
     * product {@code [heads, rank] [rank, dim]}, which gives heads beside each other, BLHD. The vectors B are the first heads of q, k, v.
     */
    private static Case tensorProduct(Tensor q, Tensor k, Tensor v, long seed) {
        Shape s = q.shape();
        int rankQ = Math.min(QUERY_RANK, s.dim(1));
        int rank = Math.min(KEY_RANK, s.dim(1));
        Map<String, Tensor> inputs = Setup.inputs(q, k, v, Map.of("vectorsQ", vectors(q, rankQ), "vectorsK", vectors(k, rank), "vectorsV", vectors(v, rank),
                "headsQ", factors(q, rankQ, seed), "headsK", factors(q, rank, seed + 1), "headsV", factors(q, rank, seed + 2)));
        AttentionSpec attention = Setup.attention(q).layout(TensorLayout.BLHD).causal().build();
        return new Case(List.of(turned("turnedQ", s, rankQ, "vectorsQ", q.dtype()), turned("turnedK", s, rank, "vectorsK", q.dtype()),
                product("queries", inputs.get("headsQ"), "turnedQ.out", s), product("keys", inputs.get("headsK"), "turnedK.out", s),
                product("values", inputs.get("headsV"), "vectorsV", s),
                new Step("attention", attention, there -> Map.of("q", byToken(there.get("queries.out"), s), "k", byToken(there.get("keys.out"), s),
                        "v", byToken(there.get("values.out"), s)))), inputs).caching("headsK", "turnedK.out", "headsV", "vectorsV");
    }

    /** B [batch, 1, length * rank, dim]: of every token the first {@code rank} heads of x. */
    private static Tensor vectors(Tensor x, int rank) {
        Shape s = x.shape();
        Tensor y = Tensor.zeros(x.dtype(), Shape.of(s.dim(0), 1, s.dim(2) * rank, s.dim(3)));
        for (int e = 0; e < y.shape().elements(); e++) {
            int token = e / s.dim(3) / rank;
            int row = (token / s.dim(2) * s.dim(1) + e / s.dim(3) % rank) * s.dim(2) + token % s.dim(2);
            y.set(e, x.get(row * s.dim(3) + e % s.dim(3)));
        }
        return y;
    }

    /** A [1, batch * length, heads, rank]. */
    private static Tensor factors(Tensor q, int rank, long seed) {
        Shape s = q.shape();
        return Tensor.random(Shape.of(1, s.dim(0) * s.dim(2), s.dim(1), rank), seed).to(q.dtype());
    }

    /** All vectors of a token turn by its position, halves by halves. */
    private static Step turned(String name, Shape s, int rank, String of, DType dtype) {
        int pairs = s.dim(3) / 2;
        if (pairs == 0) {
            throw new IllegalArgumentException("headDim must be at least 2, so that a pair of channels can turn, got 1");
        }
        int rows = s.dim(2) * rank;
        Tensor cos = Tensor.zeros(s.dim(0), rows, pairs);
        Tensor sin = Tensor.zeros(s.dim(0), rows, pairs);
        for (int e = 0; e < cos.shape().elements(); e++) {
            double angle = e / pairs % rows / rank * Math.pow(10000, -(double) (e % pairs) / pairs);
            cos.set(e, (float) Math.cos(angle));
            sin.set(e, (float) Math.sin(angle));
        }
        RotarySpec spec = new RotarySpec(s.dim(0), 1, rows, s.dim(3), 2 * pairs, 0, false, dtype);
        return new Step(name, spec, there -> Map.of("x", there.get(of), "cos", cos, "sin", sin));
    }

    private static Step product(String name, Tensor factors, String vectors, Shape s) {
        int tokens = s.dim(0) * s.dim(2);
        int rank = factors.shape().dim(3);
        Tensor shares = Setup.map(factors, a -> a / rank);
        return new Step(name, ProjectionSpec.channels(1, tokens, s.dim(1), rank, s.dim(3)).withWeightHeads(tokens),
                there -> Map.of("x", shares, "weight", there.get(vectors).reshape(tokens, rank, s.dim(3))));
    }

    private static Tensor byToken(Tensor x, Shape s) {
        return x.reshape(s.dim(0), s.dim(2), s.dim(1), s.dim(3));
    }

    /** Scores from the factors, {@code q·k = 1/(r_q r_k) sum_ij a^q_i[h] a^k_j[h] (b^q_i·b^k_j)}; no query and no key is made. */
    private static double[] tensorProductTwin(Map<String, Tensor> in) {
        Shape s = in.get("q").shape();
        int heads = s.dim(1);
        int n = s.dim(2);
        int dim = s.dim(3);
        double[] a = SoftmaxTwin.doubles(in.get("headsQ"));
        double[] aK = SoftmaxTwin.doubles(in.get("headsK"));
        double[] aV = SoftmaxTwin.doubles(in.get("headsV"));
        int rankQ = in.get("headsQ").shape().dim(3);
        int rank = in.get("headsK").shape().dim(3);
        double[] b = turned(SoftmaxTwin.doubles(in.get("vectorsQ")), n, rankQ, dim);
        double[] bK = turned(SoftmaxTwin.doubles(in.get("vectorsK")), n, rank, dim);
        double[] bV = SoftmaxTwin.doubles(in.get("vectorsV"));
        return SoftmaxTwin.of(s.elements() / dim, n, dim, (row, j) -> {
            int token = row / heads;
            int other = token / n * n + j;
            double score = 0;
            for (int i = 0; i < rankQ && j <= token % n; i++) {
                for (int l = 0; l < rank; l++) {
                    score += a[row * rankQ + i] * aK[(other * heads + row % heads) * rank + l]
                            * SoftmaxTwin.dot(b, token * rankQ + i, bK, other * rank + l, dim) / (rankQ * rank);
                }
            }
            return j <= token % n ? score : Double.NEGATIVE_INFINITY;
        }, (row, j, c) -> {
            int other = row / heads / n * n + j;
            double value = 0;
            for (int l = 0; l < rank; l++) {
                value += aV[(other * heads + row % heads) * rank + l] * bV[(other * rank + l) * dim + c] / rank;
            }
            return value;
        }).out();
    }

    private static double[] turned(double[] x, int n, int rank, int dim) {
        double[] y = x.clone();
        int half = dim / 2;
        for (int row = 0; row < x.length / dim; row++) {
            for (int c = 0; c < half; c++) {
                double angle = row / rank % n / Math.pow(10000, (double) c / half);
                double first = x[row * dim + c];
                double second = x[row * dim + half + c];
                y[row * dim + c] = first * Math.cos(angle) - second * Math.sin(angle);
                y[row * dim + half + c] = first * Math.sin(angle) + second * Math.cos(angle);
            }
        }
        return y;
    }
}
