package tessera.layouts;

import java.util.SplittableRandom;
import tessera.AttentionSpec;
import tessera.masks.Mask;
import tessera.masks.QueryBlock;

/** Counts the pairs of a {@link BlockMap} that are allowed: halves a partial block until its parts are full or empty. */
final class PairCount {
    private static final long MOST_LOOKS = 1L << 24;

    private final BlockMap blocks;
    private final Mask rule;
    private final int offset;
    private long looks;

    PairCount(AttentionSpec spec, BlockMap blocks) {
        this.blocks = blocks;
        this.rule = spec.visible();
        this.offset = spec.offset();
    }

    BlockStatistics statistics() {
        long visited = 0;
        int[] partial = new int[blocks.visited() - blocks.full().cardinality()];
        int partials = 0;
        long partialPairs = 0;
        for (int row = 0; row < blocks.rows(); row++) {
            long queries = blocks.queriesOf(row);
            visited += queries * (blocks.columnPtr()[row + 1] - blocks.columnPtr()[row]);
            for (int place = blocks.rowPtr()[row]; place < blocks.rowPtr()[row + 1]; place++) {
                long pairs = queries * blocks.keys().size(blocks.colIdx()[place]);
                visited += pairs;
                if (!blocks.isFull(place)) {
                    partial[partials++] = place;
                    partialPairs += pairs;
                }
            }
        }
        long counted = 0;
        long allowed = 0;
        int done = 0;
        shuffle(partial);
        while (done < partials && looks < MOST_LOOKS) {
            int row = blocks.rowOf(partial[done]);
            int keyBlock = blocks.colIdx()[partial[done++]];
            counted += (long) blocks.queriesOf(row) * blocks.keys().size(keyBlock);
            allowed += allowed(blocks.mapOf(row), blocks.firstQuery(row), blocks.firstQuery(row) + blocks.queriesOf(row),
                    blocks.keys().start(keyBlock), blocks.keys().end(keyBlock));
        }
        boolean exact = done == partials;
        long inPartial = exact ? allowed : Math.round((double) allowed / counted * partialPairs);
        long pairs = (long) blocks.maps() * blocks.queries().tokens() * blocks.keys().tokens();
        return new BlockStatistics(pairs, visited - partialPairs + inPartial, exact, visited, (long) blocks.rows() * blocks.keys().count(),
                blocks.visited(), partials, blocks.columns().length);
    }

    /** So that the first ones are a fair sample, should there be too many. */
    private static void shuffle(int[] values) {
        SplittableRandom random = new SplittableRandom(values.length);
        for (int n = values.length - 1; n > 0; n--) {
            int other = random.nextInt(n + 1);
            int value = values[n];
            values[n] = values[other];
            values[other] = value;
        }
    }

    private long allowed(int map, int firstQuery, int endQuery, int firstKey, int endKey) {
        looks++;
        int queries = endQuery - firstQuery;
        int keys = endKey - firstKey;
        return switch (rule.coverage(map, new QueryBlock(firstQuery, endQuery, offset), firstKey, endKey)) {
            case EMPTY -> 0;
            case FULL -> (long) queries * keys;
            case PARTIAL -> queries > keys
                    ? allowed(map, firstQuery, firstQuery + queries / 2, firstKey, endKey) + allowed(map, firstQuery + queries / 2, endQuery, firstKey, endKey)
                    : allowed(map, firstQuery, endQuery, firstKey, firstKey + keys / 2) + allowed(map, firstQuery, endQuery, firstKey + keys / 2, endKey);
        };
    }
}
