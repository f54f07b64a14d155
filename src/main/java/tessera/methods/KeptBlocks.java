package tessera.methods;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.Tensor;

/**
 * Which blocks of keys each block of queries, a row, reads, in double precision.
 *
 * @param of [batch * heads][row][block]
 */
record KeptBlocks(boolean[][][] of) {

    /** The choice of one row of one head of one batch. */
    @FunctionalInterface
    interface Choice {
        boolean[] blocks(int head, int row);
    }

    /** How many of the candidates are kept, of which the running sums of their scores are given, the best first. */
    @FunctionalInterface
    interface Rule {
        int count(double[] running);

        static Rule top(int count) {
            return _ -> count;
        }

        /** The fewest that have more than a share p. */
        static Rule cover(double p) {
            return running -> 1 + within(running, p);
        }

        /** The most that have no more than a share p, at least one. */
        static Rule under(double p) {
            return running -> Math.max(1, within(running, p));
        }

        private static int within(double[] running, double p) {
            return (int) Arrays.stream(running).filter(sum -> sum <= p * running[running.length - 1]).count();
        }
    }

    static KeptBlocks of(int heads, int rows, Choice choice) {
        return new KeptBlocks(IntStream.range(0, heads).parallel().mapToObj(head -> IntStream.range(0, rows).mapToObj(row -> choice.blocks(head, row))
                .toArray(boolean[][]::new)).toArray(boolean[][][]::new));
    }

    /** The best of the first {@code seen} scores after those that come first, a lower index before an equal one. */
    static boolean[] best(double[] scores, int seen, boolean[] first, Rule rule) {
        int[] order = IntStream.range(0, seen).boxed().sorted((a, b) -> first[a] != first[b] ? Boolean.compare(first[b], first[a])
                : Double.compare(scores[b], scores[a])).mapToInt(Integer::intValue).toArray();
        double[] running = Arrays.stream(order).mapToDouble(c -> scores[c]).toArray();
        Arrays.parallelPrefix(running, Double::sum);
        boolean[] best = new boolean[scores.length];
        for (int n = 0; n < order.length; n++) {
            best[order[n]] = n < rule.count(running) || first[order[n]];
        }
        return best;
    }

    /** Softmax weights of the seen scores; 0 for others. */
    static double[] softmax(double[] scores, boolean[] seen) {
        double[] weights = IntStream.range(0, scores.length).mapToDouble(c -> seen[c] ? Math.exp(scores[c]) : 0).toArray();
        double sum = Arrays.stream(weights).sum();
        return Arrays.stream(weights).map(w -> sum == 0 ? 0 : w / sum).toArray();
    }

    /** The first {@code count} of {@code length}. */
    static boolean[] first(int length, int count) {
        boolean[] first = new boolean[length];
        Arrays.fill(first, 0, count, true);
        return first;
    }

    boolean sees(int head, int row, int block) {
        return of[head][row][block];
    }

    /** Lists in the order of {@code keyBlocks [batch, rows, heads, lists]}. */
    int[][] lists(int heads) {
        int rows = of[0].length;
        return IntStream.range(0, of.length * rows).mapToObj(n -> of[n / heads / rows * heads + n % heads][n / heads % rows])
                .map(row -> IntStream.range(0, row.length).filter(c -> row[c]).toArray()).toArray(int[][]::new);
    }

    /** Attention over these blocks, and not ahead where causal. */
    double[] attention(Map<String, Tensor> in, int blockQ, int blockK, boolean causal) {
        return attention(in, (head, i, j) -> (!causal || j <= i) && of[head][i / blockQ][j / blockK]);
    }

    /** Attention over pairs of every head of every batch, counted together. */
    static double[] attention(Map<String, Tensor> in, SoftmaxTwin.Allowed allowed) {
        return SoftmaxTwin.of(Setup.folded(in.get("q")), Setup.folded(in.get("k")), Setup.folded(in.get("v")), allowed);
    }
}
