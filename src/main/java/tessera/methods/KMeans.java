package tessera.methods;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import tessera.PermuteSpec;
import tessera.PoolSpec;
import tessera.ProjectionSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.engine.Device;

/**
 * k-means of the tokens of every (batch, head) (Lloyd, doi:10.1109/TIT.1982.1056489) as steps: scores of all tokens for all
 * centroids (PROJ), tokens sorted by cluster (PERM), means (POOL); the host picks the largest scores in between. Centroids start at
 * tokens that a seed draws. A cluster that would be empty takes the token that is farthest from its centroid of a cluster that has
 * others.
 *
 * @param shape of the tokens: [batch, heads, length, dim]
 * @param tokens finds them in what there is when a step runs
 */
record KMeans(String name, Shape shape, int clusters, int iterations, Distance distance, Function<Map<String, Tensor>, Tensor> tokens) {

    /** How far a token is from a centroid. */
    enum Distance {
        /** {@code |x - m|²}. */
        SQUARED,
        /** {@code 1 - x·m / (|x| |m|)}, in steps of {@link #STEP}. */
        COSINE
    }

    /** Far above the rounding of float32: to a token at right angles to all centroids they are then equally near, and it takes the first. */
    static final double STEP = 0x1p-16;

    /** @throws IllegalArgumentException if there are not enough tokens */
    KMeans {
        if (clusters < 1 || clusters > shape.dim(2) || iterations < 0) {
            throw new IllegalArgumentException("k-means needs 1 to " + shape.dim(2) + " clusters of as many tokens and no negative iterations, got "
                    + clusters + " and " + iterations);
        }
    }

    /** Clusters and centroids [batch, heads, clusters, dim] of given tokens, computed on a device. */
    record Result(Groups groups, Tensor centroids) {
    }

    /** All steps; {@link #groups} and {@link #centroids} then find the result. */
    List<Step> steps(long seed) {
        int rows = shape.dim(0) * shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int[] drawn = new SplittableRandom(seed).ints(0, n).distinct().limit(clusters).toArray();
        List<Step> steps = new ArrayList<>();
        steps.add(new Step(means(0), PermuteSpec.gather(1, rows, n, dim, clusters).withIndex(1, 1), there ->
                Map.of("x", folded(there), "index", Groups.numbers(Shape.of(1, 1, clusters), i -> drawn[i]))));
        steps.add(scores(0));
        for (int t = 1; t <= iterations; t++) {
            int before = t - 1;
            steps.add(new Step(name + ".sorted" + t, PermuteSpec.gather(1, rows, n, dim, n), there ->
                    Map.of("x", folded(there), "index", groups(there, before).order(1, rows))));
            String sorted = steps.getLast().name();
            steps.add(new Step(means(t), PoolSpec.given(1, rows, n, dim, clusters, PoolSpec.Reduction.MEAN), there ->
                    Map.of("x", there.get(sorted + ".out"), "starts", groups(there, before).starts(1, rows))));
            steps.add(scores(t));
        }
        return steps;
    }

    private String means(int t) {
        return name + ".means" + t;
    }

    private Tensor folded(Map<String, Tensor> there) {
        return tokens.apply(there).reshape(1, shape.dim(0) * shape.dim(1), shape.dim(2), shape.dim(3));
    }

    /** The larger the nearer: {@code x·m - |m|² / 2}, or {@code x·m / |m|}. */
    private Step scores(int t) {
        int rows = shape.dim(0) * shape.dim(1);
        int dim = shape.dim(3);
        ProjectionSpec product = ProjectionSpec.channels(1, rows, shape.dim(2), dim, clusters).withWeightHeads(rows).withBias();
        UnaryOperator<Map<String, Tensor>> inputs = there -> {
            Tensor means = there.get(means(t) + ".out");
            Tensor weight = Tensor.zeros(rows, dim, clusters);
            Tensor bias = Tensor.zeros(rows, clusters);
            for (int m = 0; m < rows * clusters; m++) {
                double squares = 0;
                for (int c = 0; c < dim; c++) {
                    squares += (double) means.get(m * dim + c) * means.get(m * dim + c);
                }
                double length = distance == Distance.COSINE && squares > 0 ? Math.sqrt(squares) : 1;
                for (int c = 0; c < dim; c++) {
                    weight.set((m / clusters * dim + c) * clusters + m % clusters, (float) (means.get(m * dim + c) / length));
                }
                bias.set(m, distance == Distance.COSINE ? 0 : (float) (-squares / 2));
            }
            return Map.of("x", folded(there), "weight", weight, "bias", bias);
        };
        return new Step(name + ".scores" + t, product, inputs);
    }

    /** The clusters, of which none is empty. */
    Groups groups(Map<String, Tensor> there) {
        return groups(there, iterations);
    }

    /** [1, batch * heads, clusters, dim]. */
    Tensor centroids(Map<String, Tensor> there) {
        return there.get(means(iterations) + ".out");
    }

    private Groups groups(Map<String, Tensor> there, int t) {
        Tensor x = tokens.apply(there);
        Tensor products = there.get(name + ".scores" + t + ".out");
        Tensor scores = distance == Distance.COSINE ? cosines(products, x) : products;
        Groups groups = Groups.largest(scores);
        int n = shape.dim(2);
        for (int row = 0; row < groups.of().length; row++) {
            int[] of = groups.of()[row];
            int[] sizes = new int[clusters];
            for (int g : of) {
                sizes[g]++;
            }
            double[] distances = new double[n];
            for (int i = 0; i < n; i++) {
                double score = scores.get((row * n + i) * clusters + of[i]);
                distances[i] = distance == Distance.COSINE ? 1 - score : squares(x, row * n + i) - 2 * score;
            }
            for (int empty = 0; empty < clusters; empty++) {
                if (sizes[empty] == 0) {
                    int farthest = farthest(of, sizes, distances);
                    sizes[of[farthest]]--;
                    sizes[empty]++;
                    of[farthest] = empty;
                }
            }
        }
        return groups;
    }

    /** The cosines that products with centroids of length 1 say, in steps. */
    private Tensor cosines(Tensor products, Tensor x) {
        Tensor cosines = Tensor.zeros(products.shape().dims());
        for (int e = 0; e < cosines.shape().elements(); e++) {
            double squares = squares(x, e / clusters);
            cosines.set(e, squares > 0 ? (float) stepped(products.get(e) / Math.sqrt(squares)) : 0);
        }
        return cosines;
    }

    /** The nearest step, 0 without a sign. */
    static double stepped(double cosine) {
        return Math.rint(cosine / STEP) * STEP + 0.0;
    }

    private double squares(Tensor x, int token) {
        double squares = 0;
        for (int c = 0; c < shape.dim(3); c++) {
            squares += (double) x.get(token * shape.dim(3) + c) * x.get(token * shape.dim(3) + c);
        }
        return squares;
    }

    private static int farthest(int[] of, int[] sizes, double[] distances) {
        int farthest = -1;
        for (int i = 0; i < of.length; i++) {
            if (sizes[of[i]] > 1 && (farthest < 0 || distances[i] > distances[farthest])) {
                farthest = i;
            }
        }
        return farthest;
    }

    /** Clusters of the tokens x [batch, heads, length, dim] at once. */
    static Result of(Tensor x, int clusters, int iterations, Distance distance, long seed, Device device) {
        KMeans means = new KMeans("kmeans", x.shape(), clusters, iterations, distance, there -> there.get("x"));
        Case problem = new Case(means.steps(seed), Map.of("x", x));
        try (PreparedCase prepared = new PreparedCase(problem, device, problem.plans(device))) {
            prepared.run();
            Map<String, Tensor> there = prepared.outputs();
            Tensor centroids = means.centroids(there).reshape(x.shape().dim(0), x.shape().dim(1), clusters, x.shape().dim(3));
            return new Result(means.groups(there), centroids);
        }
    }
}
