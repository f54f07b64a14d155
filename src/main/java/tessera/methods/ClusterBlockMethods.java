package tessera.methods;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.PermuteSpec;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;

/**
 * Sparse VideoGen2 (arXiv:2505.18875): clusters of queries read the clusters of keys that have most of the weight among centroids.
 * Clusters have any size: each is filled up to whole blocks of a few tokens, and attention reads blocks.
 */
final class ClusterBlockMethods {

    /** Rounds of k-means. */
    static final int ROUNDS = 2;

    /** Share of the weights that a cluster reads at least. */
    static final double SHARE = 0.4;

    static final List<Method> ALL = List.of(new Method("D21", ClusterBlockMethods::clustered, in -> new ClusterBlockTwin(in).attention()));

    private ClusterBlockMethods() {
    }

    static int clusters(int n) {
        return Math.ceilDiv(n, Setup.block(n));
    }

    /** Tokens of a block, of which a cluster has several. */
    private static int unit(int n) {
        return Setup.block(n) / 4;
    }

    /** Blocks that hold all clusters, each from a new block on, at most. */
    private static int units(int n) {
        return (n + clusters(n) * (unit(n) - 1)) / unit(n);
    }

    private static Case clustered(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int clusters = clusters(n);
        int all = units(n) * unit(n);
        KMeans queries = new KMeans("queries", shape, clusters, ROUNDS, KMeans.Distance.SQUARED, there -> there.get("q").to(DType.F32));
        KMeans keys = new KMeans("keys", shape, clusters, ROUNDS, KMeans.Distance.SQUARED, there -> there.get("k").to(DType.F32));
        SelectSpec choice = SelectSpec.of(batch, heads, clusters, dim).weighted().cover(SHARE).build();
        PermuteSpec filled = PermuteSpec.gather(batch, heads, n, dim, all).withDType(q.dtype());
        AttentionSpec attention = AttentionSpec.of(batch, heads, all, dim).dtype(q.dtype()).listed(heads, units(n), unit(n), unit(n))
                .maskTensor(batch, heads, 1, all).build();
        List<Step> steps = new ArrayList<>(queries.steps(seed));
        steps.addAll(keys.steps(seed + 1));
        steps.add(new Step("choice", choice, there -> Map.of("q", queries.centroids(there).reshape(batch, heads, clusters, dim),
                "k", keys.centroids(there).reshape(batch, heads, clusters, dim), "sizes", sizes(keys.groups(there), batch, heads))));
        steps.add(new Step("q.filled", filled, there -> Map.of("x", there.get("q"), "index", filled(queries.groups(there), batch, heads))));
        steps.add(new Step("k.filled", filled, there -> Map.of("x", there.get("k"), "index", filled(keys.groups(there), batch, heads))));
        steps.add(new Step("v.filled", filled, there -> Map.of("x", there.get("v"), "index", filled(keys.groups(there), batch, heads))));
        steps.add(new Step("attention", attention, there -> {
            Map<String, Tensor> arguments = Setup.inputs(there.get("q.filled.out").to(q.dtype()), there.get("k.filled.out").to(q.dtype()),
                    there.get("v.filled.out").to(q.dtype()));
            Tensor index = filled(keys.groups(there), batch, heads);
            arguments.put("mask", Groups.numbers(index.shape(), i -> index.get(i) < 0 ? 0 : 1).reshape(batch, heads, 1, all).to(DType.I8));
            arguments.put("keyBlocks", blocks(queries.groups(there), keys.groups(there), there.get("choice.keyBlocks"), heads));
            return arguments;
        }));
        steps.add(new Step("back", PermuteSpec.scatter(batch, heads, all, dim, n), there -> Map.of("x", there.get("attention.out"),
                "index", filled(queries.groups(there), batch, heads))));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("startQ", drawn(n, seed), "startK", drawn(n, seed + 1))))
                .selecting("choice.keyBlocks", in -> new ClusterBlockTwin(in).choice().lists(heads));
    }

    /** The tokens where k-means of that seed begins, for the twin. */
    private static Tensor drawn(int n, long seed) {
        int[] drawn = new SplittableRandom(seed).ints(0, n).distinct().limit(clusters(n)).toArray();
        return Groups.numbers(Shape.of(drawn.length), i -> drawn[i]);
    }

    private static Tensor sizes(Groups groups, int batch, int heads) {
        Tensor starts = groups.starts(batch, heads);
        Tensor sizes = Tensor.zeros(batch, heads, groups.count());
        for (int e = 0; e < sizes.shape().elements(); e++) {
            int at = e / groups.count() * (groups.count() + 1) + e % groups.count();
            sizes.set(e, starts.get(at + 1) - starts.get(at));
        }
        return sizes;
    }

    /** The tokens of cluster after cluster, each filled up with -1 to whole blocks: [batch, heads, units * unit]. */
    private static Tensor filled(Groups groups, int batch, int heads) {
        int n = groups.of()[0].length;
        int all = units(n) * unit(n);
        Tensor filled = Tensor.zeros(DType.I32, Shape.of(batch, heads, all)).fill(-1);
        for (int row = 0; row < groups.of().length; row++) {
            int at = row * all;
            for (int[] members : groups.members(row)) {
                for (int m = 0; m < members.length; m++) {
                    filled.set(at + m, members[m]);
                }
                at += Math.ceilDiv(members.length, unit(n)) * unit(n);
            }
        }
        return filled;
    }

    /** The cluster of each block of a row. */
    private static int[] clustersOfBlocks(Groups groups, int row) {
        int[][] members = groups.members(row);
        int unit = unit(groups.of()[row].length);
        return IntStream.range(0, members.length).flatMap(c -> IntStream.generate(() -> c).limit(Math.ceilDiv(members[c].length, unit))).toArray();
    }

    /** The blocks of the chosen clusters of keys for each block of queries. */
    private static Tensor blocks(Groups queries, Groups keys, Tensor choice, int heads) {
        int units = units(queries.of()[0].length);
        int lists = choice.shape().dim(3);
        Tensor blocks = Tensor.zeros(DType.I32, Shape.of(queries.of().length / heads, units, heads, units)).fill(-1);
        for (int row = 0; row < queries.of().length; row++) {
            int[] ofQueries = clustersOfBlocks(queries, row);
            int[] ofKeys = clustersOfBlocks(keys, row);
            for (int block = 0; block < ofQueries.length; block++) {
                int list = (row / heads * queries.count() + ofQueries[block]) * heads + row % heads;
                int[] chosen = IntStream.range(0, ofKeys.length).filter(b -> IntStream.range(list * lists, (list + 1) * lists)
                        .anyMatch(e -> choice.get(e) == ofKeys[b])).toArray();
                for (int n = 0; n < chosen.length; n++) {
                    blocks.set(((row / heads * units + block) * heads + row % heads) * units + n, chosen[n]);
                }
            }
        }
        return blocks;
    }
}
