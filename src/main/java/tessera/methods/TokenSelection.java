package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.SelectBuilder;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;

/** Causal attention of every query over a few tokens that it picks: as SELECT and ATTN, and by its definition in double precision. */
final class TokenSelection {

    private TokenSelection() {
    }

    /** Tokens that a query picks: as many as a window has. */
    static int count(int length) {
        return Setup.window(length);
    }

    /** Of single tokens, up to the query's own. */
    static SelectBuilder of(Tensor q) {
        return SelectSpec.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2), q.shape().dim(3)).causal().dtype(q.dtype());
    }

    /** The step {@code attend}: q over the tokens that the step {@code select} has picked. */
    static Step attend(Tensor q, SelectSpec select) {
        return new Step("attend", Setup.attention(q).listed(select.listHeads(), select.lists(), 1).causal().build(),
                there -> Step.renamed(there, Map.of("keyBlocks", "select.keyBlocks")));
    }

    /** Some steps, then a selection, then attention over what it has picked. */
    static List<Step> then(List<Step> before, Step select, Step attend) {
        List<Step> steps = new ArrayList<>(before);
        steps.add(select);
        steps.add(attend);
        return steps;
    }

    /** Of each of so many rows, among the first tokens up to its own: those with the largest scores, the first of equal ones; ascending. */
    static int[][] top(int rows, int length, int count, SoftmaxTwin.Score score) {
        return IntStream.range(0, rows).parallel().mapToObj(row -> {
            double[] scores = IntStream.rangeClosed(0, row % length).mapToDouble(j -> score.at(row, j)).toArray();
            return largest(scores, count);
        }).toArray(int[][]::new);
    }

    /** Indices of the largest scores, the first of equal ones; ascending. Minus infinity is no score. */
    static int[] largest(double[] scores, int count) {
        return IntStream.range(0, scores.length).filter(j -> scores[j] > Double.NEGATIVE_INFINITY).boxed()
                .sorted(Comparator.comparing(j -> -scores[j])).limit(count).mapToInt(Integer::intValue).sorted().toArray();
    }

    /** With the tokens from {@code first} to before {@code end}. */
    static int[] with(int[] tokens, int first, int end) {
        return IntStream.concat(Arrays.stream(tokens), IntStream.range(first, end)).sorted().distinct().toArray();
    }

    /** Lists of each (batch, head, query) in the order of those that SELECT gives: (batch, query, head). */
    static int[][] byQuery(Map<String, Tensor> in, int[][] picked) {
        int heads = in.get("q").shape().dim(1);
        int queries = picked.length / in.get("q").shape().dim(0) / heads;
        return IntStream.range(0, picked.length).mapToObj(at -> picked[(at / heads / queries * heads + at % heads) * queries + at / heads % queries])
                .toArray(int[][]::new);
    }

    /** {@code exp(score)} over their sum. */
    static double[] softmax(double[] scores) {
        double largest = Arrays.stream(scores).max().orElseThrow();
        double[] weights = Arrays.stream(scores).map(score -> Math.exp(score - largest)).toArray();
        double sum = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(weight -> weight / sum).toArray();
    }

    /** Attention of q, k, v of one shape, each row over its picked tokens. */
    static double[] attend(Map<String, Tensor> in, int[][] picked) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        return attend(SoftmaxTwin.doubles(in.get("v")), shape, picked, (row, j) -> SoftmaxTwin.dot(q, row, k, row / n * n + j, dim));
    }

    /** Attention over the values of picked tokens, of shape [batch, heads, length, dim]; as many rows of each head, by any score. */
    static double[] attend(double[] v, Shape shape, int[][] picked, SoftmaxTwin.Score score) {
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int rows = picked.length / (shape.dim(0) * shape.dim(1));
        return SoftmaxTwin.of(picked.length, n, dim,
                (row, j) -> Arrays.binarySearch(picked[row], j) >= 0 ? score.at(row, j) : Double.NEGATIVE_INFINITY,
                (row, j, c) -> v[(row / rows * n + j) * dim + c]).out();
    }
}
