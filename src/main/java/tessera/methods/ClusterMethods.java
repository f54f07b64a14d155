package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tessera.AttentionSpec;
import tessera.PermuteSpec;
import tessera.PoolSpec;
import tessera.ProjectionSpec;
import tessera.Shape;
import tessera.Tensor;

/**
 * Softmax attention inside clusters: tokens are gathered cluster by cluster, attend there as if each cluster were a batch of its
 * own, and go back to their places.
 */
final class ClusterMethods {

    static final List<Method> ALL = List.of(
            new Method("D30", ClusterMethods::routing, ClusterMethods::routingTwin),
            new Method("D31", ClusterMethods::assigned, in -> SoftmaxTwin.of(Setup.folded(in.get("q")), Setup.folded(in.get("k")),
                    Setup.folded(in.get("v")), (row, i, j) -> cluster(in, row, i) == cluster(in, row, j))));

    private ClusterMethods() {
    }

    /** Nearly as many clusters as tokens in each. */
    private static int clusters(int n) {
        return (int) Math.ceil(Math.sqrt(n));
    }

    /** q, k and v by an index [batch, heads, count]: the clusters' tokens. */
    private static List<Step> gathered(Tensor q, int count, Function<Map<String, Tensor>, Tensor> index) {
        Shape shape = q.shape();
        PermuteSpec gather = PermuteSpec.gather(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), count).withDType(q.dtype());
        return Stream.of("q", "k", "v").map(name ->
                new Step(name + "InClusters", gather, there -> Map.of("x", there.get(name), "index", index.apply(there)))).toList();
    }

    /** Inputs of an attention that has a batch for each cluster. */
    private static Map<String, Tensor> inClusters(Map<String, Tensor> there, Map<String, Shape> shapes) {
        Map<String, Tensor> inputs = new HashMap<>();
        for (String name : List.of("q", "k", "v")) {
            inputs.put(name, there.get(name + "InClusters.out").reshape(shapes.get(name).dims()));
        }
        return inputs;
    }

    /**
     * Each cluster takes the tokens whose queries have the largest products with its centroid; centroids, which would be learned, are
     * drawn. A token of several clusters gets the mean of their results, a token of none gets 0.
     */
    private static Case routing(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int clusters = clusters(n);
        int size = Math.ceilDiv(n, clusters);
        Tensor centroids = Tensor.random(Shape.of(heads, dim, clusters), seed);
        ProjectionSpec product = ProjectionSpec.channels(batch, heads, n, dim, clusters).withWeightHeads(heads).withDType(q.dtype());
        AttentionSpec inside = AttentionSpec.of(batch * heads * clusters, 1, size, dim).causal().build();
        List<Step> steps = new ArrayList<>();
        steps.add(new Step("affinity", product, there -> Map.of("x", there.get("q"), "weight", there.get("centroids"))));
        steps.addAll(gathered(q, clusters * size, there -> taken(there.get("affinity.out"), size)));
        steps.add(new Step("attention", inside, there -> inClusters(there, inside.inputs())));
        steps.add(new Step("byToken", PermuteSpec.gather(batch, heads, clusters * size, dim, clusters * size), there -> Map.of(
                "x", there.get("attention.out").reshape(batch, heads, clusters * size, dim),
                "index", places(there, size, n).order(batch, heads))));
        steps.add(new Step("mean", PoolSpec.given(batch, heads, clusters * size, dim, n, PoolSpec.Reduction.MEAN), there -> Map.of(
                "x", there.get("byToken.out"), "starts", places(there, size, n).starts(batch, heads))));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("centroids", centroids)));
    }

    /** The tokens that each cluster takes, ascending: [batch, heads, clusters * size]. The first of equal ones are taken first. */
    private static Tensor taken(Tensor affinity, int size) {
        Shape shape = affinity.shape();
        int n = shape.dim(2);
        int clusters = shape.dim(3);
        int[][] taken = IntStream.range(0, shape.dim(0) * shape.dim(1) * clusters).mapToObj(c -> IntStream.range(0, n).boxed()
                .sorted(Comparator.comparing(t -> -affinity.get((c / clusters * n + t) * clusters + c % clusters)))
                .mapToInt(Integer::intValue).limit(size).sorted().toArray()).toArray(int[][]::new);
        return Groups.numbers(Shape.of(shape.dim(0), shape.dim(1), clusters * size), i -> taken[i / size][i % size]);
    }

    /** The places in the clusters that each token has. */
    private static Groups places(Map<String, Tensor> there, int size, int n) {
        return Groups.given(taken(there.get("affinity.out"), size), n);
    }

    private static double[] routingTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int clusters = clusters(n);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] centroids = SoftmaxTwin.doubles(in.get("centroids"));
        double[] out = new double[q.length];
        int[] memberships = new int[q.length / dim];
        for (int c = 0; c < clusters; c++) {
            boolean[][] member = new boolean[q.length / dim / n][];
            for (int row = 0; row < member.length; row++) {
                member[row] = nearest(q, row, n, dim, centroids, row % shape.dim(1) * dim * clusters + c, clusters);
            }
            double[] inside = SoftmaxTwin.of(Setup.folded(in.get("q")), Setup.folded(in.get("k")), Setup.folded(in.get("v")),
                    (row, i, j) -> member[row][i] && member[row][j] && j <= i);
            for (int e = 0; e < out.length; e++) {
                out[e] += inside[e];
            }
            Arrays.setAll(memberships, token -> memberships[token] + (member[token / n][token % n] ? 1 : 0));
        }
        Arrays.setAll(out, e -> memberships[e / dim] == 0 ? 0 : out[e] / memberships[e / dim]);
        return out;
    }

    /** Whether fewer than n / clusters tokens, rounded up, have a larger product with a centroid. */
    private static boolean[] nearest(double[] q, int row, int n, int dim, double[] centroids, int from, int stride) {
        double[] products = new double[n];
        for (int e = 0; e < n * dim; e++) {
            products[e / dim] += q[row * n * dim + e] * centroids[from + e % dim * stride];
        }
        double[] sorted = products.clone();
        Arrays.sort(sorted);
        double least = sorted[n - Math.ceilDiv(n, stride)];
        boolean[] nearest = new boolean[n];
        for (int t = 0; t < n; t++) {
            nearest[t] = products[t] >= least;
        }
        return nearest;
    }

    /** Clusters are given, as a trained module would: drawn. They are padded to the largest one, and see all of themselves. */
    private static Case assigned(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int clusters = clusters(shape.dim(2));
        SplittableRandom random = new SplittableRandom(seed);
        Tensor drawn = Groups.numbers(Setup.tokens(q), _ -> random.nextInt(clusters));
        Groups groups = Groups.given(drawn, clusters);
        int size = groups.largestSize();
        int rows = groups.of().length;
        Tensor places = groups.padded(size, shape.dim(0), shape.dim(1));
        AttentionSpec inside = AttentionSpec.of(rows * clusters, 1, size, shape.dim(3)).keyLengths().build();
        Tensor sizes = Groups.numbers(Shape.of(rows * clusters), c -> groups.members(c / clusters)[c % clusters].length);
        List<Step> steps = new ArrayList<>(gathered(q, clusters * size, there -> there.get("places")));
        steps.add(new Step("attention", inside, there -> {
            Map<String, Tensor> inputs = inClusters(there, inside.inputs());
            inputs.put("keyLengths", there.get("sizes"));
            return inputs;
        }));
        steps.add(new Step("back", PermuteSpec.scatter(shape.dim(0), shape.dim(1), clusters * size, shape.dim(3), shape.dim(2)), there -> Map.of(
                "x", there.get("attention.out").reshape(shape.dim(0), shape.dim(1), clusters * size, shape.dim(3)), "index", there.get("places"))));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("clusters", drawn, "places", places, "sizes", sizes)));
    }

    private static int cluster(Map<String, Tensor> in, int row, int token) {
        return (int) in.get("clusters").get(row * Setup.length(in.get("q")) + token);
    }
}
