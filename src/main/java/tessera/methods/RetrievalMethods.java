package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tessera.MergeSpec;
import tessera.ProjectionSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Blocks;
import tessera.masks.Mask;

/** Causal softmax attention over keys nearby, merged with what is retrieved from far away. Sizes are those of {@link Setup}. */
final class RetrievalMethods {

    /** Blocks that a query reads besides its own. */
    private static final int BLOCKS = 4;

    static final List<Method> ALL = List.of(
            new Method("D09", RetrievalMethods::retrieved, RetrievalMethods::retrievedTwin),
            new Method("D32", RetrievalMethods::landmarks, RetrievalMethods::landmarksTwin));

    private RetrievalMethods() {
    }

    /** Far keys that a query retrieves: half a window. */
    private static int retrieved(int n) {
        return Math.max(1, Setup.window(n) / 2);
    }

    private static boolean isNear(int n, int i, int j) {
        return j < Setup.SINKS || i - j <= Setup.window(n);
    }

    /** The first tokens and a window, then the far keys that an exact search gives, each a softmax of its own; merged. */
    private static Case retrieved(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int n = shape.dim(2);
        int count = retrieved(n);
        return new Case(List.of(
                new Step("near", Setup.attention(q).mask(Mask.streaming(Setup.SINKS, Setup.window(n))).causal().lse().build(), UnaryOperator.identity()),
                new Step("far", Setup.attention(q).listed(shape.dim(1), count, 1).causal().lse().build(), UnaryOperator.identity()),
                new Step("merge", MergeSpec.of(2, shape.dim(0), shape.dim(1), n, shape.dim(3)), there -> Step.parts(there, List.of("near", "far")))),
                Setup.inputs(q, k, v, Map.of("keyBlocks", search(q, k, count))));
    }

    /** The far keys with the largest products of each query, the first of equal ones: [batch, length, heads, count], -1 where there are no more. */
    private static Tensor search(Tensor q, Tensor k, int count) {
        Shape shape = q.shape();
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        double[] queries = SoftmaxTwin.doubles(q);
        double[] keys = SoftmaxTwin.doubles(k);
        int[][] found = IntStream.range(0, queries.length / dim).parallel().mapToObj(row -> {
            double[] products = IntStream.range(0, n).mapToDouble(j -> SoftmaxTwin.dot(queries, row, keys, row / n * n + j, dim)).toArray();
            return IntStream.rangeClosed(0, row % n).filter(j -> !isNear(n, row % n, j)).boxed().sorted(Comparator.comparing(j -> -products[j]))
                    .limit(count).mapToInt(Integer::intValue).toArray();
        }).toArray(int[][]::new);
        return Groups.numbers(Shape.of(shape.dim(0), n, heads, count), i -> {
            int[] keysOfRow = found[(i / count / heads / n * heads + i / count % heads) * n + i / count / heads % n];
            return i % count < keysOfRow.length ? keysOfRow[i % count] : -1;
        });
    }

    /** One softmax over the near keys and the far ones that fewer than so many others exceed. */
    private static double[] retrievedTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        double[] least = new double[q.length / dim];
        Arrays.setAll(least, row -> {
            double[] far = IntStream.rangeClosed(0, row % n).filter(j -> !isNear(n, row % n, j))
                    .mapToDouble(j -> SoftmaxTwin.dot(q, row, k, row / n * n + j, dim)).sorted().toArray();
            return far.length <= retrieved(n) ? Double.NEGATIVE_INFINITY : far[far.length - retrieved(n)];
        });
        return SoftmaxTwin.of(q.length / dim, n, dim, (row, j) -> {
            double score = SoftmaxTwin.dot(q, row, k, row / n * n + j, dim);
            return j <= row % n && (isNear(n, row % n, j) || score >= least[row]) ? score : Double.NEGATIVE_INFINITY;
        }, (row, j, c) -> v[(row / n * n + j) * dim + c]).out();
    }

    /**
     * A query reads the tokens of its own block up to itself, and the earlier blocks whose landmark keys, which are drawn, it scores
     * highest. A softmax inside of each read block; then one over those of them and the tokens of the own block.
     */
    private static Case landmarks(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int rows = shape.dim(0) * shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int block = Setup.block(n);
        int blocks = Math.ceilDiv(n, block);
        Tensor landmarks = Tensor.random(Shape.of(shape.dim(0), shape.dim(1), blocks, dim), seed).to(q.dtype());
        ProjectionSpec product = ProjectionSpec.channels(1, rows, n, dim, blocks).withWeightHeads(rows).withDType(q.dtype());
        List<Step> steps = new ArrayList<>();
        steps.add(new Step("landmarks", product, there -> Map.of("x", Setup.folded(there.get("q")), "weight", transposed(there.get("landmarks")))));
        List<String> parts = new ArrayList<>();
        for (int rank = 0; rank < Math.min(BLOCKS, blocks); rank++) {
            int r = rank;
            parts.add("block" + r);
            steps.add(new Step(parts.getLast(), Setup.attention(q).listed(shape.dim(1), 1, block).build(), there -> Map.of("q", there.get("q"),
                    "k", there.get("k"), "v", there.get("v"), "keyBlocks", ranked(there.get("landmarks.out"), shape, block, r))));
        }
        Mask own = new Blocks(1, n, n, block, block, (_, qb, kb) -> qb == kb);
        steps.add(new Step("own", Setup.attention(q).mask(own).causal().lse().build(), UnaryOperator.identity()));
        steps.add(new Step("merge", MergeSpec.of(parts.size() + 1, shape.dim(0), shape.dim(1), n, dim), there -> Map.of(
                "parts", Step.stacked(Stream.concat(parts.stream(), Stream.of("own")).map(name -> there.get(name + ".out")).toList()),
                "lses", Step.stacked(Stream.concat(IntStream.range(0, parts.size()).mapToObj(r -> rankedScores(there.get("landmarks.out"), shape, block, r)),
                        Stream.of(there.get("own.lse"))).toList()))));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("landmarks", landmarks)));
    }

    /** [batch * heads, dim, blocks]. */
    private static Tensor transposed(Tensor x) {
        int count = x.shape().dim(2);
        int dim = x.shape().dim(3);
        Tensor y = Tensor.zeros(x.shape().dim(0) * x.shape().dim(1), dim, count);
        for (int e = 0; e < y.shape().elements(); e++) {
            y.set(e, x.get((e / count / dim * count + e % count) * dim + e / count % dim));
        }
        return y;
    }

    /** The earlier block whose landmark has the r-th largest product with a query, -1 if there are not so many. */
    private static int ranked(Tensor products, int row, int n, int block, int r) {
        int from = row * products.shape().dim(3);
        return IntStream.range(0, row % n / block).boxed().sorted(Comparator.comparing(b -> -products.get(from + b))).skip(r).findFirst().orElse(-1);
    }

    /** [batch, length, heads, 1]. */
    private static Tensor ranked(Tensor products, Shape shape, int block, int r) {
        int heads = shape.dim(1);
        int n = shape.dim(2);
        return Groups.numbers(Shape.of(shape.dim(0), n, heads, 1), i ->
                ranked(products, (i / heads / n * heads + i % heads) * n + i / heads % n, n, block, r));
    }

    /** {@code q·landmark / sqrt(dim)} of those blocks: [batch, heads, length]; minus infinity without a block. */
    private static Tensor rankedScores(Tensor products, Shape shape, int block, int r) {
        Tensor scores = Tensor.zeros(shape.dim(0), shape.dim(1), shape.dim(2));
        for (int row = 0; row < scores.shape().elements(); row++) {
            int b = ranked(products, row, shape.dim(2), block, r);
            scores.set(row, b < 0 ? Float.NEGATIVE_INFINITY : (float) (products.get(row * products.shape().dim(3) + b) / Math.sqrt(shape.dim(3))));
        }
        return scores;
    }

    /** Token by token: its weight in its block, times the block's weight among the landmarks read and the tokens of the own block. */
    private static double[] landmarksTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int block = Setup.block(n);
        int blocks = Math.ceilDiv(n, block);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        double[] landmarks = SoftmaxTwin.doubles(in.get("landmarks"));
        double[] out = new double[q.length];
        for (int row = 0; row < q.length / dim; row++) {
            int head = row / n;
            int own = row % n / block;
            double[] group = new double[blocks];
            for (int b = 0; b < own; b++) {
                group[b] = Math.exp(SoftmaxTwin.dot(q, row, landmarks, head * blocks + b, dim));
            }
            double least = own <= BLOCKS ? 0 : Arrays.stream(group).limit(own).sorted().skip(own - BLOCKS).findFirst().orElseThrow();
            double[] token = new double[row % n + 1];
            double[] inBlock = new double[blocks];
            for (int j = 0; j < token.length; j++) {
                token[j] = Math.exp(SoftmaxTwin.dot(q, row, k, head * n + j, dim));
                inBlock[j / block] += token[j];
            }
            group[own] = inBlock[own];
            double all = 0;
            for (int b = 0; b <= own; b++) {
                group[b] = b == own || group[b] >= least ? group[b] : 0;
                all += group[b];
            }
            for (int e = 0; e < token.length * dim; e++) {
                int j = e / dim;
                out[row * dim + e % dim] += group[j / block] / all * token[j] / inBlock[j / block] * v[(head * n + j) * dim + e % dim];
            }
        }
        return out;
    }
}
