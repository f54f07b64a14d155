package tessera.methods;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.Tensor;

/** What SpargeAttn (arXiv:2502.18137) should choose, leave out and give, in double precision. */
final class SpargeTwin {

    /** How far all scores of a block stay below the largest so far where its values are left out: little, as random tokens differ little. */
    static final float LAMBDA = -0.1f;

    private SpargeTwin() {
    }

    static KeptBlocks choice(Map<String, Tensor> in) {
        TokenScores scores = new TokenScores(in);
        int n = scores.n;
        int block = PooledBlockMethods.block(in);
        int blocks = Math.ceilDiv(n, block);
        boolean[][] mixedQ = mixed(in.get("q"), 2 * block, PooledBlockMethods.similarity(block));
        boolean[][] mixedK = mixed(in.get("k"), block, PooledBlockMethods.similarity(block));
        return KeptBlocks.of(scores.heads, Math.ceilDiv(n, 2 * block), (head, row) -> {
            int visible = (Math.min(n, (row + 1) * 2 * block) - 1) / block + 1;
            boolean[] ranked = KeptBlocks.first(blocks, visible);
            IntStream.range(0, blocks).filter(c -> mixedK[head][c]).forEach(c -> ranked[c] = false);
            boolean[] kept = KeptBlocks.best(KeptBlocks.softmax(scores.ofBlocks(head, row, 2 * block, block), ranked), visible, new boolean[blocks],
                    KeptBlocks.Rule.under(PooledBlockMethods.SHARE));
            IntStream.range(0, visible).filter(c -> mixedQ[head][row] || mixedK[head][c]).forEach(c -> kept[c] = true);
            return kept;
        });
    }

    /** Whether the mean cosine among the tokens of each block is at most theta. */
    private static boolean[][] mixed(Tensor x, int block, double theta) {
        int n = x.shape().dim(2);
        int dim = x.shape().dim(3);
        double[] units = SoftmaxTwin.doubles(x);
        for (int token = 0; token < units.length / dim; token++) {
            double length = Math.sqrt(Math.sqrt(dim) * SoftmaxTwin.dot(units, token, units, token, dim));
            for (int c = 0; c < dim; c++) {
                units[token * dim + c] /= length;
            }
        }
        return IntStream.range(0, units.length / dim / n).mapToObj(head -> {
            boolean[] mixed = new boolean[Math.ceilDiv(n, block)];
            for (int b = 0; b < mixed.length; b++) {
                double[] sum = new double[dim];
                int tokens = Math.min(n, (b + 1) * block) - b * block;
                for (int e = (head * n + b * block) * dim; e < (head * n + b * block + tokens) * dim; e++) {
                    sum[e % dim] += units[e] / tokens;
                }
                mixed[b] = Arrays.stream(sum).map(m -> m * m).sum() <= theta;
            }
            return mixed;
        }).toArray(boolean[][]::new);
    }

    /** Blocks whose values are left out: for each of its queries, the largest score is far below the largest one so far. */
    static KeptBlocks skipped(Map<String, Tensor> in, KeptBlocks kept) {
        TokenScores scores = new TokenScores(in);
        int block = PooledBlockMethods.block(in);
        return KeptBlocks.of(scores.heads, kept.of()[0].length, (head, row) -> {
            int first = row * 2 * block;
            double[] running = new double[Math.min(scores.n, first + 2 * block) - first];
            Arrays.fill(running, Double.NEGATIVE_INFINITY);
            boolean[] skipped = new boolean[kept.of()[head][row].length];
            for (int c = 0; c < skipped.length; c++) {
                double gap = Double.NEGATIVE_INFINITY;
                for (int i = 0; i < running.length && kept.sees(head, row, c); i++) {
                    int query = first + i;
                    double largest = IntStream.range(c * block, Math.min(query + 1, (c + 1) * block)).mapToDouble(j -> scores.at(head, query, j)).max()
                            .orElse(Double.NEGATIVE_INFINITY);
                    running[i] = Math.max(running[i], largest);
                    gap = Math.max(gap, largest == Double.NEGATIVE_INFINITY ? largest : largest - running[i]);
                }
                skipped[c] = kept.sees(head, row, c) && gap < LAMBDA;
            }
            return skipped;
        });
    }

    static double[] attention(Map<String, Tensor> in) {
        KeptBlocks kept = choice(in);
        KeptBlocks skipped = skipped(in, kept);
        TokenScores scores = new TokenScores(in);
        int block = PooledBlockMethods.block(in);
        int n = scores.n;
        int dim = in.get("q").shape().dim(3);
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        return SoftmaxTwin.of(scores.heads * n, n, dim, (row, j) -> j <= row % n && kept.sees(row / n, row % n / (2 * block), j / block)
                ? scores.at(row / n, row % n, j) : Double.NEGATIVE_INFINITY, (row, j, c) -> skipped.sees(row / n, row % n / (2 * block), j / block)
                ? 0 : v[(row / n * n + j) * dim + c]).out();
    }
}
