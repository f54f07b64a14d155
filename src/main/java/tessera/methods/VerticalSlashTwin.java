package tessera.methods;

import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.Tensor;

/** What {@link VerticalSlashMethods} should choose and give, in double precision. */
final class VerticalSlashTwin {
    private final Map<String, Tensor> in;
    private final TokenScores scores;
    private final int heads;
    private final int n;
    private final int block;
    private final int blocks;

    VerticalSlashTwin(Map<String, Tensor> in) {
        this.in = in;
        scores = new TokenScores(in);
        heads = in.get("q").shape().dim(1);
        n = scores.n;
        block = Setup.block(n);
        blocks = Math.ceilDiv(n, block);
    }

    private double[] sums(int head, boolean diagonals) {
        return scores.lines(head, IntStream.range(n - VerticalSlashMethods.last(n), n), diagonals);
    }

    private boolean[] line(int head, boolean diagonals) {
        int first = Math.min(n, diagonals ? 1 : Setup.SINKS);
        return KeptBlocks.best(sums(head, diagonals), n, KeptBlocks.first(n, first),
                KeptBlocks.Rule.top(diagonals ? VerticalSlashMethods.DIAGONALS : VerticalSlashMethods.COLUMNS));
    }

    /** Chosen columns or diagonals of each head. */
    int[][] lines(boolean diagonals) {
        return KeptBlocks.of(scores.heads, 1, (head, _) -> line(head, diagonals)).lists(heads);
    }

    KeptBlocks blocks() {
        return KeptBlocks.of(scores.heads, blocks, (head, row) -> {
            boolean[] own = new boolean[blocks];
            own[row] = true;
            return KeptBlocks.best(scores.ofBlocks(head, row, block, block), row + 1, own, KeptBlocks.Rule.top(VerticalSlashMethods.BLOCKS));
        });
    }

    double[] patterns() {
        KeptBlocks chosen = blocks();
        boolean[][] columns = IntStream.range(0, scores.heads).mapToObj(head -> line(head, false)).toArray(boolean[][]::new);
        boolean[][] diagonals = IntStream.range(0, scores.heads).mapToObj(head -> line(head, true)).toArray(boolean[][]::new);
        return KeptBlocks.attention(in, (head, i, j) -> j <= i && switch (head % heads % 3) {
            case 0 -> j < Setup.SINKS || i - j < Setup.window(n);
            case 1 -> columns[head][j] || touches(diagonals[head], i / block, j / block);
            default -> chosen.sees(head, i / block, j / block);
        });
    }

    /** Whether a chosen diagonal crosses a block. */
    private boolean touches(boolean[] diagonals, int row, int column) {
        return IntStream.range(row * block, Math.min(n, (row + 1) * block)).anyMatch(i ->
                IntStream.range(column * block, Math.min(i + 1, (column + 1) * block)).anyMatch(j -> diagonals[i - j]));
    }

    private boolean[] blockLine(int head, boolean diagonals) {
        boolean[] kept = KeptBlocks.best(TokenScores.byBlock(sums(head, diagonals), block), blocks, new boolean[blocks],
                KeptBlocks.Rule.cover(VerticalSlashMethods.SHARE));
        kept[0] = true;
        return kept;
    }

    /** Chosen columns or diagonals of blocks of each head. */
    int[][] blockLines(boolean diagonals) {
        return KeptBlocks.of(scores.heads, 1, (head, _) -> blockLine(head, diagonals)).lists(heads);
    }

    /** Of all pairs of blocks of a head, the largest. */
    KeptBlocks coveredBlocks() {
        return new KeptBlocks(IntStream.range(0, scores.heads).parallel().mapToObj(head -> {
            double[] map = IntStream.range(0, blocks).mapToObj(row -> KeptBlocks.softmax(scores.ofBlocks(head, row, block, block), KeptBlocks.first(blocks, row + 1)))
                    .flatMapToDouble(Arrays::stream).toArray();
            boolean[] kept = KeptBlocks.best(map, map.length, new boolean[map.length], KeptBlocks.Rule.cover(VerticalSlashMethods.SHARE));
            return IntStream.range(0, blocks).mapToObj(row -> {
                boolean[] ofRow = Arrays.copyOfRange(kept, row * blocks, (row + 1) * blocks);
                ofRow[0] = true;
                ofRow[row] = true;
                Arrays.fill(ofRow, row + 1, blocks, false);
                return ofRow;
            }).toArray(boolean[][]::new);
        }).toArray(boolean[][][]::new));
    }

    /** Whether the square root of the Jensen-Shannon divergence of what the last queries see and what their mean guesses is small. */
    boolean agree(int head) {
        int last = VerticalSlashMethods.last(n);
        double[] seen = TokenScores.byBlock(Arrays.stream(sums(head, false)).map(s -> s / last).toArray(), block);
        double[] guess = KeptBlocks.softmax(IntStream.range(0, blocks).mapToDouble(c -> scores.ofMeans(head, n - last, n, c * block,
                Math.min(n, (c + 1) * block))).toArray(), KeptBlocks.first(blocks, blocks));
        double divergence = IntStream.range(0, blocks).mapToDouble(c -> {
            double mean = (seen[c] + guess[c]) / 2;
            return (seen[c] * Math.log(seen[c] / mean) + guess[c] * Math.log(guess[c] / mean)) / 2;
        }).sum();
        return Math.sqrt(Math.max(0, divergence)) < VerticalSlashMethods.FAR;
    }

    double[] flexible() {
        KeptBlocks covered = coveredBlocks();
        boolean[] agree = new boolean[scores.heads];
        boolean[][] columns = new boolean[scores.heads][];
        boolean[][] diagonals = new boolean[scores.heads][];
        for (int head = 0; head < scores.heads; head++) {
            agree[head] = agree(head);
            columns[head] = blockLine(head, false);
            diagonals[head] = blockLine(head, true);
        }
        return KeptBlocks.attention(in, (head, i, j) -> j <= i && (agree[head] ? covered.sees(head, i / block, j / block)
                : columns[head][j / block] || diagonals[head][i / block - j / block]));
    }
}
