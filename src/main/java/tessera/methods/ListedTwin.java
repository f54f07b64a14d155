package tessera.methods;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** Which blocks the queries of {@link ListedMethods} should read, and what that should give: a query at a time, as tokens are decoded. */
final class ListedTwin {
    private final double[] q;
    private final double[] k;
    private final double[] v;
    private final int heads;
    private final int group;
    private final int n;
    private final int dim;
    private final int block;

    private ListedTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        q = SoftmaxTwin.doubles(in.get("q"));
        k = SoftmaxTwin.doubles(in.get("k"));
        v = SoftmaxTwin.doubles(in.get("v"));
        heads = shape.dim(0) * shape.dim(1);
        group = shape.dim(1) / in.get("k").shape().dim(1);
        n = shape.dim(2);
        dim = shape.dim(3);
        block = Setup.block(n);
    }

    /** Causal attention of each query over its blocks, in which a group of heads may have one choice. */
    static double[] attention(Map<String, Tensor> in, BlockChoice choice) {
        ListedTwin t = new ListedTwin(in);
        int together = t.heads / choice.of().length;
        return SoftmaxTwin.of(t.heads * t.n, t.n, t.dim, (row, j) -> j <= row % t.n && choice.sees(row / t.n / together, row % t.n, j / t.block)
                ? t.product(row / t.n, row % t.n, j) : Double.NEGATIVE_INFINITY,
                (row, j, c) -> t.v[(row / t.n / t.group * t.n + j) * t.dim + c]).out();
    }

    /** {@code q_i·k_j / sqrt(dim)} of a query head. */
    private double product(int head, int i, int j) {
        return SoftmaxTwin.dot(q, head * n + i, k, head / group * n + j, dim);
    }

    /** The mean of {@link #product} over some keys. */
    private double mean(int head, int i, IntStream keys) {
        return keys.mapToDouble(j -> product(head, i, j)).average().orElseThrow();
    }

    private IntStream keys(int c) {
        return IntStream.range(c * block, Math.min(n, (c + 1) * block));
    }

    /** The best of the blocks up to that of query i, some of which come first. */
    private boolean[] best(int i, IntToDoubleFunction score, IntPredicate first, int count) {
        double[] scores = IntStream.range(0, Math.ceilDiv(n, block)).mapToDouble(c -> c <= i / block ? score.applyAsDouble(c) : 0).toArray();
        return BlockChoice.best(scores, c -> c <= i / block, first, count);
    }

    static BlockChoice moba(Map<String, Tensor> in) {
        ListedTwin t = new ListedTwin(in);
        return BlockChoice.of(t.heads, t.n, (head, i) -> t.best(i, c -> t.mean(head, i, t.keys(c)), c -> c == i / t.block, ListedMethods.BLOCKS));
    }

    /** The bound of a page: the largest product of any key between the least and the largest channels. */
    static BlockChoice quest(Map<String, Tensor> in) {
        ListedTwin t = new ListedTwin(in);
        return BlockChoice.of(t.heads, t.n, (head, i) -> t.best(i, c -> IntStream.range(0, t.dim).mapToDouble(d ->
                t.keys(c).mapToDouble(j -> t.q[(head * t.n + i) * t.dim + d] * t.k[(head * t.n + j) * t.dim + d]).max().orElseThrow()).sum(),
                c -> c == i / t.block, ListedMethods.BLOCKS));
    }

    static BlockChoice infLlm(Map<String, Tensor> in) {
        ListedTwin t = new ListedTwin(in);
        int window = Setup.window(t.n);
        double[][] weight = new double[t.heads][t.n];
        for (int row = 0; row < t.heads * t.n; row++) {
            int head = row / t.n;
            int i = row % t.n;
            int from = Math.max(0, i - window + 1);
            double[] exponentials = IntStream.rangeClosed(from, i).mapToDouble(j -> Math.exp(t.product(head, i, j))).toArray();
            double sum = Arrays.stream(exponentials).sum();
            for (int j = from; j <= i; j++) {
                weight[head][j] += exponentials[j - from] / sum;
            }
        }
        return BlockChoice.of(t.heads, t.n, (head, i) -> {
            IntPredicate always = c -> c == 0 || c > i / t.block - ListedMethods.recent(t.n);
            int count = (int) IntStream.rangeClosed(0, i / t.block).filter(always).count();
            return t.best(i, c -> t.mean(head, i, t.keys(c).boxed().sorted(Comparator.comparing(j -> -weight[head][j]))
                    .limit(ListedMethods.REPRESENTATIVES).mapToInt(Integer::intValue)), always, count + ListedMethods.BLOCKS);
        });
    }

    /** One choice for a group of heads. */
    static BlockChoice infLlm2(Map<String, Tensor> in) {
        ListedTwin t = new ListedTwin(in);
        int size = t.block / 2;
        int stride = t.block / 4;
        int segments = 1 + Math.ceilDiv(Math.max(0, t.n - size), stride);
        return BlockChoice.of(t.heads / t.group, t.n, (kvHead, i) -> {
            double[] scores = new double[Math.ceilDiv(t.n, t.block)];
            for (int head = kvHead * t.group; head < (kvHead + 1) * t.group; head++) {
                int h = head;
                double[] weights = IntStream.range(0, segments).mapToDouble(s -> Math.min(t.n, s * stride + size) > i + 1 ? 0
                        : Math.exp(t.mean(h, i, IntStream.range(s * stride, Math.min(t.n, s * stride + size))))).toArray();
                double sum = Arrays.stream(weights).sum();
                for (int c = 0; c < scores.length && sum > 0; c++) {
                    int from = c * t.block;
                    scores[c] += IntStream.range(0, segments).filter(s -> s * stride < from + t.block && s * stride + size > from)
                            .mapToDouble(s -> weights[s]).max().orElse(0) / sum;
                }
            }
            return t.best(i, c -> scores[c], c -> c == 0 || c > i / t.block - ListedMethods.SHARED_RECENT, ListedMethods.SHARED_BLOCKS);
        });
    }
}
