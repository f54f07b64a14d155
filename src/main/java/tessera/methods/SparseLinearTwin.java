package tessera.methods;

import java.util.Comparator;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** Sparse-linear attention pair by pair, in double precision. */
final class SparseLinearTwin {

    private SparseLinearTwin() {
    }

    /** Of a head: the rank of each block of keys for each block of queries, 0 for the best. */
    private static int[][] ranks(double[] q, double[] k, int head, int n, int dim) {
        int block = Setup.block(n);
        int blocks = Math.ceilDiv(n, block);
        double[][] meanQ = means(q, head, n, dim);
        double[][] meanK = means(k, head, n, dim);
        int[][] ranks = new int[blocks][blocks];
        for (int row = 0; row < blocks; row++) {
            double[] scores = new double[blocks];
            for (int c = 0; c < blocks; c++) {
                scores[c] = SoftmaxTwin.dot(meanQ[row], 0, meanK[c], 0, dim);
            }
            int[] order = IntStream.range(0, blocks).boxed().sorted(Comparator.comparing(c -> -scores[c])).mapToInt(Integer::intValue).toArray();
            for (int rank = 0; rank < blocks; rank++) {
                ranks[row][order[rank]] = rank;
            }
        }
        return ranks;
    }

    private static double[][] means(double[] x, int head, int n, int dim) {
        int block = Setup.block(n);
        return IntStream.range(0, Math.ceilDiv(n, block)).mapToObj(b -> IntStream.range(0, dim).mapToDouble(c ->
                IntStream.range(b * block, Math.min(n, (b + 1) * block)).mapToDouble(t -> x[(head * n + t) * dim + c]).average().orElseThrow()).toArray())
                .toArray(double[][]::new);
    }

    /** The critical blocks. */
    static BlockChoice choice(Map<String, Tensor> in) {
        int critical = Math.max(1, (int) (SparseLinearMethods.CRITICAL * blocks(in)));
        return ranked(in, 0, critical);
    }

    /** Blocks that are neither critical nor skipped. */
    static BlockChoice marginal(Map<String, Tensor> in) {
        int critical = Math.max(1, (int) (SparseLinearMethods.CRITICAL * blocks(in)));
        return ranked(in, critical, blocks(in) - (int) (SparseLinearMethods.SKIPPED * blocks(in)));
    }

    private static int blocks(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        return Math.ceilDiv(n, Setup.block(n));
    }

    private static BlockChoice ranked(Map<String, Tensor> in, int from, int to) {
        Shape shape = in.get("q").shape();
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        int[][][] ranks = IntStream.range(0, shape.dim(0) * shape.dim(1)).mapToObj(head -> ranks(q, k, head, shape.dim(2), shape.dim(3)))
                .toArray(int[][][]::new);
        return BlockChoice.of(ranks.length, blocks(in), (head, row) -> {
            boolean[] chosen = new boolean[blocks(in)];
            IntStream.range(0, chosen.length).forEach(c -> chosen[c] = ranks[head][row][c] >= from && ranks[head][row][c] < to);
            return chosen;
        });
    }

    static double[] threeWays(Map<String, Tensor> in, BlockChoice critical) {
        return sum(in, critical, marginal(in));
    }

    static double[] released(Map<String, Tensor> in) {
        return sum(in, choice(in), ranked(in, 0, blocks(in)));
    }

    /** Softmax attention over some blocks, and the projection of linear attention over others. */
    private static double[] sum(Map<String, Tensor> in, BlockChoice critical, BlockChoice linear) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int block = Setup.block(n);
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        double[] q = features(in.get("q"));
        double[] k = features(in.get("k"));
        double[] queries = SoftmaxTwin.doubles(in.get("q"));
        double[] keys = SoftmaxTwin.doubles(in.get("k"));
        double[] out = SoftmaxTwin.of(q.length / dim, n, dim, (row, j) -> critical.sees(row / n, row % n / block, j / block)
                ? SoftmaxTwin.dot(queries, row, keys, row / n * n + j, dim) : Double.NEGATIVE_INFINITY, (row, j, c) -> v[(row / n * n + j) * dim + c]).out();
        for (int head = 0; head < q.length / dim / n; head++) {
            for (int i = 0; i < n; i++) {
                double[] result = new double[dim];
                double weights = 0;
                for (int j = 0; j < n; j++) {
                    double weight = linear.sees(head, i / block, j / block) ? SoftmaxTwin.dot(q, head * n + i, k, head * n + j, dim) : 0;
                    weights += weight;
                    for (int c = 0; c < dim; c++) {
                        result[c] += weight * v[(head * n + j) * dim + c];
                    }
                }
                for (int f = 0; f < dim; f++) {
                    double projected = in.get("bias").get(f);
                    for (int c = 0; c < dim && weights > 0; c++) {
                        projected += result[c] / weights * in.get("weight").get(c * dim + f);
                    }
                    out[(head * n + i) * dim + f] += projected;
                }
            }
        }
        return out;
    }

    /** The softmax over the channels of each token. */
    private static double[] features(Tensor x) {
        int dim = x.shape().dim(3);
        double[] features = SoftmaxTwin.doubles(x);
        for (int from = 0; from < features.length; from += dim) {
            double sum = 0;
            for (int c = from; c < from + dim; c++) {
                features[c] = Math.exp(features[c]);
                sum += features[c];
            }
            for (int c = from; c < from + dim; c++) {
                features[c] /= sum;
            }
        }
        return features;
    }
}
