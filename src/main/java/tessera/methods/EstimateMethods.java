package tessera.methods;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.Estimator;
import tessera.ProjectionSpec;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;

/** Causal attention over the tokens that an indexer or rounded keys estimate to be worth most. Sizes are those of {@link Setup}. */
final class EstimateMethods {

    /** Heads of the indexer, and channels of each. */
    private static final int INDEX_HEADS = 4;
    private static final int INDEX_DIM = 8;

    /** Bits of the keys by which Twilight prunes, and the share of the estimated weights that is kept. */
    private static final int BITS = 4;
    private static final double KEPT = 0.85;

    static final List<Method> ALL = List.of(
            new Method("D22", EstimateMethods::indexed, EstimateMethods::indexedTwin),
            new Method("D24", EstimateMethods::pruned, in -> TokenSelection.attend(in, prunedTokens(in))));

    private EstimateMethods() {
    }

    /** Channels that carry positions: half as many as a head has others. */
    private static int rotary(Tensor q) {
        return Math.max(1, q.shape().dim(3) / 2);
    }

    /**
     * The given queries are those without positions; a token's latent vector c is the first head's key and value. The rotated queries
     * and key, what the indexer reads, and the matrices that expand c are drawn. Scores are {@code (q W_K^T)·c + q_R·k_R} without
     * expanding anything; the weighted sum of c is expanded at the end.
     */
    private static Case indexed(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int rank = 2 * dim;
        int rotary = rotary(q);
        Tensor latent = joined(firstHead(k), firstHead(v));
        Tensor rotatedKey = Tensor.random(Shape.of(batch, 1, n, rotary), seed);
        Map<String, Tensor> inputs = Setup.inputs(q, k, v, Map.of("latent", latent, "rotatedKey", rotatedKey, "latentKey", joined(latent, rotatedKey),
                "rotatedQuery", Tensor.random(Shape.of(batch, heads, n, rotary), seed + 1),
                "expandKey", scaled(Shape.of(heads, dim, rank), seed + 2).to(q.dtype()), "expandValue", scaled(Shape.of(heads, rank, dim), seed + 3),
                "indexQuery", Tensor.random(Shape.of(batch, INDEX_HEADS, n, INDEX_DIM), seed + 4),
                "indexKey", Tensor.random(Shape.of(batch, 1, n, INDEX_DIM), seed + 5),
                "indexWeight", Tensor.random(Shape.of(batch, INDEX_HEADS, n), seed + 6)));
        SelectSpec select = SelectSpec.of(batch, INDEX_HEADS, n, INDEX_DIM).kvHeads(1).causal().estimator(new Estimator.Indexer())
                .topK(TokenSelection.count(n)).build();
        AttentionSpec attention = AttentionSpec.of(batch, heads, n, rank + rotary).kvHeads(1).valueDim(rank)
                .scale((float) (1 / Math.sqrt(dim + rotary))).listed(1, select.lists(), 1).causal().build();
        return new Case(List.of(
                new Step("absorb", ProjectionSpec.channels(batch, heads, n, dim, rank).withWeightHeads(heads).withDType(q.dtype()),
                        there -> Step.renamed(there, Map.of("x", "q", "weight", "expandKey"))),
                new Step("select", select, there -> Map.of("q", there.get("indexQuery"), "k", there.get("indexKey"), "weights", there.get("indexWeight"))),
                new Step("attend", attention, there -> Map.of("q", joined(there.get("absorb.out"), there.get("rotatedQuery")),
                        "k", there.get("latentKey"), "v", there.get("latent"), "keyBlocks", there.get("select.keyBlocks"))),
                new Step("expand", ProjectionSpec.channels(batch, heads, n, rank, dim).withWeightHeads(heads),
                        there -> Map.of("x", there.get("attend.out"), "weight", there.get("expandValue")))), inputs)
                .selecting("select.keyBlocks", EstimateMethods::indexedTokens);
    }

    /** Drawn, with columns that are nearly of length 1. */
    private static Tensor scaled(Shape shape, long seed) {
        double factor = 1 / Math.sqrt(Math.max(shape.dim(1), shape.dim(2)));
        return Setup.map(Tensor.random(shape, seed), x -> x * factor);
    }

    /** [batch, 1, length, dim]. */
    private static Tensor firstHead(Tensor x) {
        int size = x.shape().dim(2) * x.shape().dim(3);
        Tensor first = Tensor.zeros(x.shape().dim(0), 1, x.shape().dim(2), x.shape().dim(3));
        for (int e = 0; e < first.shape().elements(); e++) {
            first.set(e, x.get(e / size * x.shape().dim(1) * size + e % size));
        }
        return first;
    }

    /** The channels of both. */
    private static Tensor joined(Tensor x, Tensor y) {
        int first = x.shape().dim(3);
        int second = y.shape().dim(3);
        int both = first + second;
        Tensor joined = Tensor.zeros(x.shape().dim(0), x.shape().dim(1), x.shape().dim(2), both);
        for (int e = 0; e < joined.shape().elements(); e++) {
            int channel = e % both;
            joined.set(e, channel < first ? x.get(e / both * first + channel) : y.get(e / both * second + channel - first));
        }
        return joined;
    }

    /** One set of tokens for all heads, those with the largest {@code sum_j w_tj max(q_tj·k_s, 0)}: of each (batch, query). */
    static int[][] indexedTokens(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        double[] q = SoftmaxTwin.doubles(in.get("indexQuery"));
        double[] k = SoftmaxTwin.doubles(in.get("indexKey"));
        double[] weights = SoftmaxTwin.doubles(in.get("indexWeight"));
        return TokenSelection.top(k.length / INDEX_DIM, n, TokenSelection.count(n), (row, j) -> IntStream.range(0, INDEX_HEADS).mapToDouble(h -> {
            int query = (row / n * INDEX_HEADS + h) * n + row % n;
            return weights[query] * Math.max(0, SoftmaxTwin.dot(q, query, k, row / n * n + j, INDEX_DIM));
        }).sum());
    }

    /** With expanded keys {@code [c W_K, k_R]} and values {@code c W_V} of every head. */
    private static double[] indexedTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int rank = 2 * dim;
        int rotary = rotary(in.get("q"));
        int[][] tokens = indexedTokens(in);
        int[][] picked = IntStream.range(0, tokens.length * heads).mapToObj(row -> tokens[row / n / heads * n + row % n]).toArray(int[][]::new);
        double[] keys = new double[shape.elements()];
        double[] expanded = new double[keys.length];
        for (int e = 0; e < keys.length; e++) {
            int head = e / dim / n % heads;
            int token = e / dim / n / heads * n + e / dim % n;
            for (int r = 0; r < rank; r++) {
                double c = in.get("latent").get(token * rank + r);
                keys[e] += c * in.get("expandKey").get((head * dim + e % dim) * rank + r);
                expanded[e] += c * in.get("expandValue").get((head * rank + r) * dim + e % dim);
            }
        }
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] rotatedQ = SoftmaxTwin.doubles(in.get("rotatedQuery"));
        double[] rotatedK = SoftmaxTwin.doubles(in.get("rotatedKey"));
        return TokenSelection.attend(expanded, shape, picked, (row, j) -> (SoftmaxTwin.dot(q, row, keys, row / n * n + j, dim) * Math.sqrt(dim)
                + SoftmaxTwin.dot(rotatedQ, row, rotatedK, row / n / heads * n + j, rotary) * Math.sqrt(rotary)) / Math.sqrt(dim + rotary));
    }

    /** Twice as many as others pick, by a few channels as in Double Sparsity; of those, the fewest that have most of the estimated weights. */
    private static Case pruned(Tensor q, Tensor k, Tensor v, long seed) {
        int n = Setup.length(q);
        SelectSpec base = TokenSelection.of(q).estimator(new Estimator.ListedChannels(ChannelMethods.channels(q))).topK(2 * TokenSelection.count(n)).build();
        SelectSpec estimate = TokenSelection.of(q).estimator(new Estimator.LowBit(BITS)).topK(1).scores().build();
        SelectSpec prune = TokenSelection.of(q).estimator(new Estimator.External()).softmax().cover(KEPT).budget(1, base.lists()).build();
        return new Case(List.of(new Step("base", base, there -> there), new Step("estimate", estimate, there -> there),
                new Step("select", prune, there -> Map.of("estimate", only(there.get("base.keyBlocks"), there.get("estimate.scores")))),
                TokenSelection.attend(q, prune)), Setup.inputs(q, k, v, Map.of("channels", ChannelMethods.strongest(q, k))))
                .selecting("select.keyBlocks", in -> TokenSelection.byQuery(in, prunedTokens(in)));
    }

    /** The scores [batch, heads, length, length] of listed tokens; no score for others. */
    private static Tensor only(Tensor keyBlocks, Tensor scores) {
        int n = keyBlocks.shape().dim(1);
        int heads = keyBlocks.shape().dim(2);
        int lists = keyBlocks.shape().dim(3);
        Tensor listed = Tensor.zeros(scores.shape().dims()).fill(-1e30f);
        for (int at = 0; at < keyBlocks.shape().elements(); at++) {
            int token = (int) keyBlocks.get(at);
            int row = (at / lists / heads / n * heads + at / lists % heads) * n + at / lists / heads % n;
            if (token >= 0) {
                listed.set(row * n + token, scores.get(row * n + token));
            }
        }
        return listed;
    }

    static int[][] prunedTokens(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        int dim = in.get("q").shape().dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        for (int key = 0; key < k.length / dim; key++) {
            double least = Arrays.stream(k, key * dim, (key + 1) * dim).min().orElseThrow();
            double step = (Arrays.stream(k, key * dim, (key + 1) * dim).max().orElseThrow() - least) / ((1 << BITS) - 1);
            for (int c = key * dim; c < (key + 1) * dim && step > 0; c++) {
                k[c] = least + step * Math.floor((k[c] - least) / step + 0.5);
            }
        }
        int[][] base = ChannelMethods.listedTokens(in, 2 * TokenSelection.count(n));
        return IntStream.range(0, base.length).mapToObj(row -> {
            double[] weights = TokenSelection.softmax(Arrays.stream(base[row]).mapToDouble(j -> SoftmaxTwin.dot(q, row, k, row / n * n + j, dim)).toArray());
            double[] running = Arrays.stream(weights).map(weight -> -weight).sorted().map(weight -> -weight).toArray();
            Arrays.parallelPrefix(running, Double::sum);
            int fewest = 1 + (int) Arrays.stream(running).filter(sum -> sum <= KEPT).count();
            return Arrays.stream(TokenSelection.largest(weights, fewest)).map(place -> base[row][place]).toArray();
        }).toArray(int[][]::new);
    }
}
