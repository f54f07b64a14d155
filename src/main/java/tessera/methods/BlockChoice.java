package tessera.methods;

import java.util.function.IntPredicate;
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

    /** The blocks of each row, in the order of lists [batch, rows, heads, ...]. */
    int[][] lists(int heads) {
        int rows = of[0].length;
        return IntStream.range(0, of.length * rows).mapToObj(n -> of[n / heads / rows * heads + n % heads][n / heads % rows])
                .map(blocks -> IntStream.range(0, blocks.length).filter(c -> blocks[c]).toArray()).toArray(int[][]::new);
    }
}
