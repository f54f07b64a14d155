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
        int lists = Math.min(n, TokenSelection.count(n) + last);
        AttentionSpec attention = AttentionSpec.of(batch, heads, last, dim).keys(n).listed(heads, lists, 1).causal().dtype(q.dtype()).build();
        List<Step> steps = new ArrayList<>(means.steps(seed));
        steps.add(new Step("rank", rank, there -> Map.of("q", there.get("lastQ"), "k", means.centroids(there).reshape(batch, heads, clusters, dim))));
        steps.add(new Step("attend", attention, there -> Map.of("q", there.get("lastQ"), "k", there.get("k"), "v", there.get("v"),
                "keyBlocks", whole(means.groups(there), there.get("rank.scores"), n, lists))));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("promptK", promptKeys, "lastQ", CacheMethods.tokens(q, n - last, n),
                "drawn", drawn(prompt(n), clusters, seed))));
    }

    /** [batch, decoded, heads, lists] from scores [batch, heads, decoded, clusters]. */
    private static Tensor whole(Groups groups, Tensor scores, int n, int lists) {
        Shape shape = scores.shape();
        int heads = shape.dim(1);
        int last = shape.dim(2);
        int clusters = shape.dim(3);
        int[][][] members = IntStream.range(0, groups.of().length).mapToObj(groups::members).toArray(int[][][]::new);
        int[][] picked = IntStream.range(0, shape.elements() / clusters).mapToObj(row -> TokenSelection.with(IntStream.range(0, clusters).boxed()
                .sorted(Comparator.comparing(c -> -scores.get(row * clusters + c))).flatMapToInt(c -> Arrays.stream(members[row / last][c]))
                .limit(TokenSelection.count(n)).toArray(), prompt(n), n - last + row % last + 1)).toArray(int[][]::new);
        return Groups.numbers(Shape.of(shape.dim(0), last, heads, lists), at -> {
            int[] row = picked[(at / lists / heads / last * heads + at / lists % heads) * last + at / lists / heads % last];
            return at % lists < row.length ? row[at % lists] : -1;
        });
    }

    /** The tokens at which {@link KMeans} starts. */
    private static Tensor drawn(int tokens, int count, long seed) {
        int[] drawn = new SplittableRandom(seed).ints(0, tokens).distinct().limit(count).toArray();
        return Groups.numbers(Shape.of(count), m -> drawn[m]);
    }

    /** Tokens that each decoded token of a (batch, head) sees. */
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
                int[] ranked = IntStream.range(0, cluster.length).boxed().sorted(Comparator.comparing(j -> -dot(query, means[cluster[j]])))
                        .limit(TokenSelection.count(n)).mapToInt(Integer::intValue).toArray();
                return TokenSelection.with(ranked, prompt(n), n - last + i + 1);
            });
        }).toArray(int[][]::new);
    }

    /** The centroid in the most similar direction; one that no key would have gets the key that is least similar to its own, if not alone. */
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
        return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
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
        return TokenSelection.attend(SoftmaxTwin.doubles(in.get("v")), in.get("v").shape(), clusteredTokens(in),
                (row, j) -> SoftmaxTwin.dot(q, row, k, row / last * n + j, dim));
    }
}
