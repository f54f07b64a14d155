package tessera.methods;

import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import tessera.Tensor;

/** Scores {@code q_i·k_j / sqrt(dim)} of all pairs of tokens in double precision; heads of every batch are counted together. */
final class TokenScores {
    final int heads;
    final int n;
    private final int dim;
    private final double[] q;
    private final double[] k;

    TokenScores(Map<String, Tensor> in) {
        this(in.get("q"), in.get("k"));
    }

    TokenScores(Tensor queries, Tensor keys) {
        heads = queries.shape().dim(0) * queries.shape().dim(1);
        n = queries.shape().dim(2);
        dim = queries.shape().dim(3);
        q = SoftmaxTwin.doubles(queries);
        k = SoftmaxTwin.doubles(keys);
    }

    double at(int head, int i, int j) {
        return SoftmaxTwin.dot(q, head * n + i, k, head * n + j, dim);
    }

    /** The score of the mean query from {@code i} to before {@code iEnd} for the mean key from {@code j} to before {@code jEnd}. */
    double ofMeans(int head, int i, int iEnd, int j, int jEnd) {
        return SoftmaxTwin.dot(mean(q, head, i, iEnd), 0, mean(k, head, j, jEnd), 0, dim);
    }

    private double[] mean(double[] x, int head, int from, int end) {
        return IntStream.range(0, dim).mapToDouble(c -> IntStream.range(from, end).mapToDouble(t -> x[(head * n + t) * dim + c]).average().orElseThrow())
                .toArray();
    }

    /** Scores of the means of a block of queries for those of all blocks of keys. */
    double[] ofBlocks(int head, int row, int blockQ, int blockK) {
        return IntStream.range(0, Math.ceilDiv(n, blockK)).mapToDouble(c -> ofMeans(head, row * blockQ, Math.min(n, (row + 1) * blockQ), c * blockK,
                Math.min(n, (c + 1) * blockK))).toArray();
    }

    /** Causal softmax weights of a query. */
    double[] weights(int head, int i) {
        return KeptBlocks.softmax(IntStream.range(0, n).mapToDouble(j -> j <= i ? at(head, i, j) : 0).toArray(), KeptBlocks.first(n, i + 1));
    }

    /** Weights of some queries, summed over keys or, of a distance to the query, over diagonals. */
    double[] lines(int head, IntStream queries, boolean diagonals) {
        double[] sums = new double[n];
        queries.forEach(i -> {
            double[] weights = weights(head, i);
            for (int j = 0; j <= i; j++) {
                sums[diagonals ? i - j : j] += weights[j];
            }
        });
        return sums;
    }

    /** Sums of so many numbers each. */
    static double[] byBlock(double[] x, int block) {
        return IntStream.range(0, Math.ceilDiv(x.length, block)).mapToDouble(c -> DoubleStream.of(x).skip((long) c * block).limit(block).sum()).toArray();
    }
}
