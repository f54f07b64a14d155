package tessera.methods;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.Epilogue;
import tessera.EpilogueSpec;
import tessera.PoolSpec;
import tessera.ProjectionSpec;
import tessera.Shape;
import tessera.Tensor;

/** Attention of all tokens to few: projections of the sequence, a learned pack, or means of segments. None of them is causal. */
final class LowRankMethods {

    /** Landmarks of the Nyströmformer at most, as in its paper, and tokens of a segment at least. */
    private static final int LANDMARKS = 64;
    private static final int SEGMENT = 4;

    /** Steps towards the pseudoinverse. */
    private static final int ITERATIONS = 6;

    static final List<Method> ALL = List.of(
            new Method("R01", LowRankMethods::linformer, LowRankTwin::linformer),
            new Method("R02", LowRankMethods::luna, LowRankTwin::luna),
            new Method("R03", LowRankMethods::nystrom, in -> LowRankTwin.nystrom(in, ITERATIONS)));

    private LowRankMethods() {
    }

    /** {@code O = softmax(Q (E K)^T / sqrt(d)) (F V)}, E and F of an eighth as many rows as there are tokens, the same for all heads. */
    private static Case linformer(Tensor q, Tensor k, Tensor v, long seed) {
        Shape s = q.shape();
        int n = Setup.length(q);
        int rank = Setup.window(n);
        ProjectionSpec shorter = ProjectionSpec.sequence(s.dim(0), s.dim(1), n, s.dim(3), rank).withDType(q.dtype());
        return new Case(List.of(
                new Step("keys", shorter, there -> Map.of("x", there.get("k"), "weight", there.get("e"))),
                new Step("values", shorter, there -> Map.of("x", there.get("v"), "weight", there.get("f"))),
                new Step("attention", Setup.attention(q).keys(rank).build(),
                        there -> Map.of("q", there.get("q"), "k", there.get("keys.out"), "v", there.get("values.out")))),
                Setup.inputs(q, k, v, Map.of("e", shares(rank, n, seed), "f", shares(rank, n, seed + 1)))).caching();
    }

    private static Tensor shares(int rank, int n, long seed) {
        return Setup.map(Tensor.random(Shape.of(1, rank, n), seed), x -> x / Math.sqrt(n));
    }

    /** {@code Y_P = Attn(P, K, V)}, {@code O = Attn(Q, Y_P, Y_P)}: the pack's rows are keys and values, so values are read from the keys. */
    private static Case luna(Tensor q, Tensor k, Tensor v, long seed) {
        Shape s = q.shape();
        int rank = Setup.window(Setup.length(q));
        Tensor pack = Tensor.random(Shape.of(1, s.dim(1), rank, s.dim(3)), seed);
        Tensor packs = Tensor.zeros(s.dim(0), s.dim(1), rank, s.dim(3));
        for (int e = 0; e < packs.shape().elements(); e++) {
            packs.set(e, pack.get(e % pack.shape().elements()));
        }
        AttentionSpec packing = AttentionSpec.of(s.dim(0), s.dim(1), rank, s.dim(3)).keys(Setup.length(q)).dtype(q.dtype()).build();
        return new Case(List.of(
                new Step("pack", packing, there -> Step.renamed(there, Map.of("q", "packs"))),
                new Step("attention", Setup.attention(q).keys(rank).valuesFromKeys(s.dim(3)).build(), there -> Step.renamed(there, Map.of("k", "pack.out")))),
                Setup.inputs(q, k, v, Map.of("packs", packs))).caching();
    }

    /**
     * {@code O = softmax(Q L_K^T) pinv(A) softmax(L_Q K^T) V}, {@code A = softmax(L_Q L_K^T)}, with landmarks L the means of segments.
     * A is the attention of landmarks to the identity; the pseudoinverse comes from products.
     */
    private static Case nystrom(Tensor q, Tensor k, Tensor v, long seed) {
        Shape s = q.shape();
        int n = Setup.length(q);
        PoolSpec means = PoolSpec.of(s.dim(0), s.dim(1), n, s.dim(3), Math.max(SEGMENT, Math.ceilDiv(n, LANDMARKS)), PoolSpec.Reduction.MEAN).withDType(q.dtype());
        int rank = means.count();
        Tensor identity = identity(s.dim(0) * s.dim(1), rank, 1).reshape(s.dim(0), s.dim(1), rank, rank);
        AttentionSpec ofLandmarks = AttentionSpec.of(s.dim(0), s.dim(1), rank, s.dim(3)).build();
        List<Step> steps = new ArrayList<>(List.of(
                new Step("landmarksQ", means, there -> Map.of("x", there.get("q"))),
                new Step("landmarksK", means, there -> Map.of("x", there.get("k"))),
                new Step("a", ofLandmarks.toBuilder().valueDim(rank).build(), there -> Map.of("q", there.get("landmarksQ.out"), "k", there.get("landmarksK.out"), "v", identity)),
                new Step("tokens", ofLandmarks.toBuilder().keys(n).build(), there -> Step.renamed(there, Map.of("q", "landmarksQ.out")))));
        String inverse = inverse(steps, s.dim(0) * s.dim(1), rank);
        steps.add(new Step("values", product(s.dim(0) * s.dim(1), rank, s.dim(3)), there -> Map.of("x", start(there, inverse),
                "weight", there.get("tokens.out").reshape(s.dim(0) * s.dim(1), rank, s.dim(3)))));
        steps.add(new Step("attention", Setup.attention(q).keys(rank).build(),
                there -> Map.of("q", there.get("q"), "k", there.get("landmarksK.out"), "v", there.get("values.out").reshape(s.dim(0), s.dim(1), rank, s.dim(3)))));
        return new Case(steps, Setup.inputs(q, k, v)).caching();
    }

    /** {@code Z <- Z (13 I - Y (15 I - Y (7 I - Y))) / 4}, {@code Y = A Z}, a few times; the name of the last Z. */
    private static String inverse(List<Step> steps, int matrices, int rank) {
        String z = "";
        for (int t = 1; t <= ITERATIONS; t++) {
            String before = z;
            String at = t + ".";
            steps.add(new Step(at + "y", product(matrices, rank, rank),
                    there -> Map.of("x", there.get("a.out").reshape(1, matrices, rank, rank), "weight", start(there, before).reshape(matrices, rank, rank))));
            steps.add(rest(at + "rest7", matrices, rank, 7, 1, at + "y.out"));
            steps.add(times(at + "y7", matrices, rank, at + "y.out", at + "rest7.out"));
            steps.add(rest(at + "rest15", matrices, rank, 15, 1, at + "y7.out"));
            steps.add(times(at + "y15", matrices, rank, at + "y.out", at + "rest15.out"));
            steps.add(rest(at + "rest13", matrices, rank, 13, 0.25f, at + "y15.out"));
            steps.add(new Step(at + "z", product(matrices, rank, rank),
                    there -> Map.of("x", start(there, before), "weight", there.get(at + "rest13.out").reshape(matrices, rank, rank))));
            z = at + "z.out";
        }
        return z;
    }

    private static ProjectionSpec product(int matrices, int rank, int columns) {
        return ProjectionSpec.channels(1, matrices, rank, rank, columns).withWeightHeads(matrices);
    }

    private static Step times(String name, int matrices, int rank, String left, String right) {
        return new Step(name, product(matrices, rank, rank), there -> Map.of("x", there.get(left), "weight", there.get(right).reshape(matrices, rank, rank)));
    }

    /** {@code factor (count I - Y)}. */
    private static Step rest(String name, int matrices, int rank, float count, float factor, String y) {
        Tensor identity = identity(matrices, rank, count * factor);
        return new Step(name, EpilogueSpec.of(1, matrices, rank, rank, new Epilogue.Add(-factor)), there -> Map.of("x", identity, "y", there.get(y)));
    }

    /** [1, matrices, rank, rank]. */
    private static Tensor identity(int matrices, int rank, float value) {
        Tensor identity = Tensor.zeros(1, matrices, rank, rank);
        for (int row = 0; row < matrices * rank; row++) {
            identity.set(row * rank + row % rank, value);
        }
        return identity;
    }

    /** Z of that name, or the first one, {@code A^T / (|A|_1 |A|_inf)} of every matrix. */
    private static Tensor start(Map<String, Tensor> there, String z) {
        if (!z.isEmpty()) {
            return there.get(z);
        }
        Tensor a = there.get("a.out");
        int rank = a.shape().dim(2);
        int matrices = a.shape().elements() / (rank * rank);
        Tensor transposed = Tensor.zeros(1, matrices, rank, rank);
        for (int m = 0; m < matrices; m++) {
            float columns = 0;
            float rows = 0;
            for (int i = 0; i < rank; i++) {
                float column = 0;
                float row = 0;
                for (int j = 0; j < rank; j++) {
                    row += Math.abs(a.get((m * rank + i) * rank + j));
                    column += Math.abs(a.get((m * rank + j) * rank + i));
                }
                columns = Math.max(columns, column);
                rows = Math.max(rows, row);
            }
            for (int e = 0; e < rank * rank; e++) {
                transposed.set(m * rank * rank + e, a.get(m * rank * rank + e % rank * rank + e / rank) / (columns * rows));
            }
        }
        return transposed;
    }
}
