package tessera.methods;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.Tensor;

/** What {@link ClusterBlockMethods} should choose and give: k-means token by token in double precision, and attention among clusters. */
final class ClusterBlockTwin {
    private final Map<String, Tensor> in;
    private final int n;
    private final int dim;
    private final int clusters;
    private final int heads;
    private final Clusters[] queries;
    private final Clusters[] keys;

    /** Of one head. */
    private record Clusters(int[] of, double[][] centroids) {
    }

    ClusterBlockTwin(Map<String, Tensor> in) {
        this.in = in;
        n = Setup.length(in.get("q"));
        dim = in.get("q").shape().dim(3);
        clusters = ClusterBlockMethods.clusters(n);
        heads = in.get("q").shape().elements() / n / dim;
        queries = IntStream.range(0, heads).mapToObj(head -> clusters(head, in.get("q"), in.get("startQ"))).toArray(Clusters[]::new);
        keys = IntStream.range(0, heads).mapToObj(head -> clusters(head, in.get("k"), in.get("startK"))).toArray(Clusters[]::new);
    }

    private Clusters clusters(int head, Tensor x, Tensor start) {
        double[][] tokens = IntStream.range(0, n).mapToObj(t -> IntStream.range(0, dim).mapToDouble(c -> x.get((head * n + t) * dim + c)).toArray())
                .toArray(double[][]::new);
        double[][] centroids = IntStream.range(0, clusters).mapToObj(m -> tokens[(int) start.get(m)].clone()).toArray(double[][]::new);
        int[] of = nearest(tokens, centroids);
        for (int round = 0; round < ClusterBlockMethods.ROUNDS; round++) {
            int[] before = of;
            centroids = IntStream.range(0, clusters).mapToObj(m -> IntStream.range(0, dim).mapToDouble(c -> IntStream.range(0, n).filter(t -> before[t] == m)
                    .mapToDouble(t -> tokens[t][c]).average().orElseThrow()).toArray()).toArray(double[][]::new);
            of = nearest(tokens, centroids);
        }
        return new Clusters(of, centroids);
    }

    /** An empty cluster takes the token that is farthest from its own centroid, of a cluster that has others. */
    private int[] nearest(double[][] tokens, double[][] centroids) {
        int[] of = Arrays.stream(tokens).mapToInt(x -> IntStream.range(0, clusters).reduce((a, b) ->
                distance(x, centroids[b]) < distance(x, centroids[a]) ? b : a).orElseThrow()).toArray();
        double[] distances = IntStream.range(0, n).mapToDouble(t -> distance(tokens[t], centroids[of[t]])).toArray();
        for (int m = 0; m < clusters; m++) {
            if (size(of, m) == 0) {
                int farthest = IntStream.range(0, n).filter(t -> size(of, of[t]) > 1).reduce((a, b) -> distances[b] > distances[a] ? b : a).orElseThrow();
                of[farthest] = m;
            }
        }
        return of;
    }

    private static long size(int[] of, int cluster) {
        return Arrays.stream(of).filter(m -> m == cluster).count();
    }

    private static double distance(double[] x, double[] y) {
        return IntStream.range(0, x.length).mapToDouble(c -> (x[c] - y[c]) * (x[c] - y[c])).sum();
    }

    /** Clusters of keys for each cluster of queries. */
    KeptBlocks choice() {
        return KeptBlocks.of(heads, clusters, (head, row) -> {
            double[] weights = IntStream.range(0, clusters).mapToDouble(c -> size(keys[head].of, c)
                    * Math.exp(SoftmaxTwin.dot(queries[head].centroids[row], 0, keys[head].centroids[c], 0, dim))).toArray();
            return KeptBlocks.best(weights, clusters, new boolean[clusters], KeptBlocks.Rule.cover(ClusterBlockMethods.SHARE));
        });
    }

    double[] attention() {
        KeptBlocks choice = choice();
        return KeptBlocks.attention(in, (head, i, j) -> choice.sees(head, queries[head].of[i], keys[head].of[j]));
    }
}
