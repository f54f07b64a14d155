package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.Estimator;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;

/** Attention of decoded tokens over clusters of a prompt's keys. Sizes are those of {@link Setup}. */
final class ClusterCacheMethods {

    /** Rounds of k-means. */
    private static final int ROUNDS = 3;

    static final List<Method> ALL = List.of(new Method("D28", ClusterCacheMethods::clustered, ClusterCacheMethods::clusteredTwin));

    private ClusterCacheMethods() {
    }

    /** Last tokens, which are decoded one by one. */
    private static int decoded(int n) {
        return Setup.window(n);
    }

    /** Tokens before them, at least one. */
    private static int prompt(int n) {
        return Math.max(1, n - decoded(n));
    }

    private static int clusters(int n) {
        return Math.ceilDiv(prompt(n), Setup.block(n));
    }

    /**
     * The prompt's keys are clustered by their directions. A decoded token sees the clusters whose centroids have the largest products
     * with its query, up to a number of tokens, and the decoded ones up to itself. The result is that of the decoded tokens.
     */
    private static Case clustered(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int last = decoded(n);
        int clusters = clusters(n);
        Tensor promptKeys = CacheMethods.tokens(k, 0, prompt(n));
        KMeans means = new KMeans("clusters", promptKeys.shape(), clusters, ROUNDS, KMeans.Distance.COSINE, there -> there.get("promptK"));
        SelectSpec rank = SelectSpec.of(batch, heads, last, dim).keys(clusters).estimator(new Estimator.GivenDot()).topK(1).scores().build();
        SelectSpec select = SelectSpec.of(batch, heads, last, dim).keys(prompt(n)).estimator(new Estimator.External()).topK(TokenSelection.count(n)).build();
        AttentionSpec attention = AttentionSpec.of(batch, heads, last, dim).keys(n).listed(heads, select.lists() + last, 1).causal().dtype(q.dtype()).build();
        List<Step> steps = new ArrayList<>(means.steps(seed));
        steps.add(new Step("rank", rank, there -> Map.of("q", there.get("lastQ"), "k", means.centroids(there).reshape(batch, heads, clusters, dim))));
        steps.add(new Step("select", select, there -> Map.of("estimate", ofTokens(means.groups(there), there.get("rank.scores")))));
        steps.add(new Step("attend", attention, there -> Map.of("q", there.get("lastQ"), "k", there.get("k"), "v", there.get("v"),
                "keyBlocks", withDecoded(there.get("select.keyBlocks"), prompt(n), n))));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("promptK", promptKeys, "lastQ", CacheMethods.tokens(q, n - last, n),
                "drawn", drawn(prompt(n), clusters, seed)))).selecting("select.keyBlocks", in -> TokenSelection.byQuery(in, clusteredTokens(in)));
    }

    /**
     * [batch, heads, decoded, prompt] from scores [batch, heads, decoded, clusters]: a token has the score of its cluster. The largest
     * ones are then those of whole clusters, and of one that is cut.
     */
    private static Tensor ofTokens(Groups groups, Tensor scores) {
        int last = scores.shape().dim(2);
        int clusters = scores.shape().dim(3);
        int prompt = groups.of()[0].length;
        Tensor estimate = Tensor.zeros(scores.shape().dim(0), scores.shape().dim(1), last, prompt);
        for (int e = 0; e < estimate.shape().elements(); e++) {
            estimate.set(e, scores.get(e / prompt * clusters + groups.of()[e / prompt / last][e % prompt]));
        }
        return estimate;
    }

    /** Lists [batch, decoded, heads, lists] with the tokens after the prompt up to each query's own; -1 for the later ones. */
    private static Tensor withDecoded(Tensor keyBlocks, int prompt, int n) {
        Shape shape = keyBlocks.shape();
        int last = shape.dim(1);
        int some = shape.dim(3);
        int lists = some + last;
        return Groups.numbers(Shape.of(shape.dim(0), last, shape.dim(2), lists), at -> {
            int token = prompt + at % lists - some;
            int own = n - last + at / lists / shape.dim(2) % last;
            return at % lists < some ? (int) keyBlocks.get(at / lists * some + at % lists) : token <= own ? token : -1;
        });
    }

    /** The tokens at which {@link KMeans} starts. */
    private static Tensor drawn(int tokens, int count, long seed) {
        int[] drawn = new SplittableRandom(seed).ints(0, tokens).distinct().limit(count).toArray();
        return Groups.numbers(Shape.of(count), m -> drawn[m]);
    }

    /** Tokens of the prompt that each decoded token of a (batch, head) sees. */
    static int[][] clusteredTokens(Map<String, Tensor> in) {
        Shape shape = in.get("promptK").shape();
        int dim = shape.dim(3);
        int last = Setup.length(in.get("lastQ"));
        int n = Setup.length(in.get("k"));
        double[] q = SoftmaxTwin.doubles(in.get("lastQ"));
        int[] drawn = IntStream.range(0, clusters(n)).map(m -> (int) in.get("drawn").get(m)).toArray();
        return IntStream.range(0, shape.dim(0) * shape.dim(1)).boxed().flatMap(head -> {
            double[][] keys = IntStream.range(0, shape.dim(2)).mapToObj(j -> IntStream.range(0, dim)
                    .mapToDouble(c -> in.get("promptK").get((head * shape.dim(2) + j) * dim + c)).toArray()).toArray(double[][]::new);
            double[][] centroids = IntStream.of(drawn).mapToObj(j -> keys[j]).toArray(double[][]::new);
            int[] of = nearest(keys, centroids);
            for (int round = 0; round < ROUNDS; round++) {
                centroids = means(keys, of, centroids.length);
                of = nearest(keys, centroids);
            }
            double[][] means = centroids;
            int[] cluster = of;
            return IntStream.range(0, last).mapToObj(i -> {
                double[] query = Arrays.copyOfRange(q, (head * last + i) * dim, (head * last + i + 1) * dim);
                return IntStream.range(0, means.length).boxed().sorted(Comparator.comparing(m -> -dot(query, means[m]))).flatMapToInt(
                        m -> IntStream.range(0, cluster.length).filter(j -> cluster[j] == m)).limit(TokenSelection.count(n)).sorted().toArray();
            });
        }).toArray(int[][]::new);
    }

    /** The centroid in the most similar direction, by cosines in the steps of {@link KMeans#STEP}; one that no key would have gets the key that is least similar to its own, if not alone. */
    private static int[] nearest(double[][] keys, double[][] centroids) {
        int[] of = Arrays.stream(keys).mapToInt(key -> IntStream.range(0, centroids.length).boxed()
                .max(Comparator.<Integer, Double>comparing(m -> cosine(key, centroids[m])).thenComparing(m -> -m)).orElseThrow()).toArray();
        double[] similar = IntStream.range(0, keys.length).mapToDouble(j -> cosine(keys[j], centroids[of[j]])).toArray();
        for (int m = 0; m < centroids.length; m++) {
            int empty = m;
            if (Arrays.stream(of).noneMatch(c -> c == empty)) {
                of[IntStream.range(0, keys.length).filter(j -> Arrays.stream(of).filter(c -> c == of[j]).count() > 1).boxed()
                        .min(Comparator.comparing(j -> similar[j])).orElseThrow()] = empty;
            }
        }
        return of;
    }

    private static double[][] means(double[][] keys, int[] of, int clusters) {
        return IntStream.range(0, clusters).mapToObj(m -> IntStream.range(0, keys[0].length).mapToDouble(c -> IntStream.range(0, of.length)
                .filter(j -> of[j] == m).mapToDouble(j -> keys[j][c]).average().orElseThrow()).toArray()).toArray(double[][]::new);
    }

    private static double cosine(double[] x, double[] y) {
        return KMeans.stepped(dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)));
    }

    private static double dot(double[] x, double[] y) {
        return IntStream.range(0, x.length).mapToDouble(c -> x[c] * y[c]).sum();
    }

    private static double[] clusteredTwin(Map<String, Tensor> in) {
        int last = Setup.length(in.get("lastQ"));
        int n = Setup.length(in.get("k"));
        int dim = in.get("k").shape().dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("lastQ"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        int[][] picked = clusteredTokens(in);
        int[][] seen = IntStream.range(0, picked.length).mapToObj(row -> TokenSelection.with(picked[row], prompt(n), n - last + row % last + 1))
                .toArray(int[][]::new);
        return TokenSelection.attend(SoftmaxTwin.doubles(in.get("v")), in.get("v").shape(), seen,
                (row, j) -> SoftmaxTwin.dot(q, row, k, row / last * n + j, dim));
    }
}
