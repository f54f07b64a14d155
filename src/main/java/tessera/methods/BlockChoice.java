package tessera.methods;

import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * Which blocks of keys each row sees, in double precision: a row is a query, or a block of queries.
 *
 * @param of [batch * heads][row][block]
 */
record BlockChoice(boolean[][][] of) {

    /** The choice of one row of one head of one batch. */
    @FunctionalInterface
    interface Rule {
        boolean[] blocks(int head, int row);
    }

    static BlockChoice of(int heads, int rows, Rule rule) {
        return new BlockChoice(IntStream.range(0, heads).parallel().mapToObj(head -> IntStream.range(0, rows).mapToObj(row -> rule.blocks(head, row))
                .toArray(boolean[][]::new)).toArray(boolean[][][]::new));
    }

    boolean sees(int head, int row, int block) {
        return of[head][row][block];
    }

    /** All candidates that come first, then those with the largest scores until there are {@code count}, the lower one of equal ones. */
    static boolean[] best(double[] scores, IntPredicate candidate, IntPredicate first, int count) {
        boolean[] chosen = new boolean[scores.length];
        IntStream.range(0, scores.length).filter(candidate).filter(first).forEach(c -> chosen[c] = true);
        for (long left = count - IntStream.range(0, scores.length).filter(c -> chosen[c]).count(); left > 0; left--) {
            IntStream.range(0, scores.length).filter(candidate).filter(c -> !chosen[c]).reduce((a, b) -> scores[b] > scores[a] ? b : a)
                    .ifPresent(c -> chosen[c] = true);
        }
        return chosen;
    }

    /** As lists [batch, rows, heads, count], ascending, -1 after the last. */
    double[] lists(int heads, int count) {
        int rows = of[0].length;
        double[] lists = new double[of.length * rows * count];
        Arrays.fill(lists, -1);
        IntUnaryOperator start = n -> ((n / rows / heads * rows + n % rows) * heads + n / rows % heads) * count;
        for (int n = 0; n < of.length * rows; n++) {
            boolean[] blocks = of[n / rows][n % rows];
            int[] chosen = IntStream.range(0, blocks.length).filter(c -> blocks[c]).toArray();
            for (int c = 0; c < chosen.length; c++) {
                lists[start.applyAsInt(n) + c] = chosen[c];
            }
        }
        return lists;
    }
}
