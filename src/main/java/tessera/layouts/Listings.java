package tessera.layouts;

import tessera.AttentionSpec;
import tessera.masks.Blocks;
import tessera.masks.Coverage;
import tessera.masks.Mask;
import tessera.masks.QueryBlock;
import tessera.masks.Window;

/** Builds the lists of {@link Listing}s. */
final class Listings {

    /** Queries and keys in a block of a mask that has no blocks itself; 32 keys are one word of bits. */
    private static final int BLOCK = 32;

    /** Keys that a query is asked about at a time. */
    private static final int STEP = 128;

    private final AttentionSpec spec;
    private final Mask mask;
    private final Mask rule;
    private final Sequences sequences;
    private final RunList runs = new RunList();

    Listings(AttentionSpec spec, Sequences sequences) {
        this.spec = spec;
        this.mask = spec.mask();
        this.rule = spec.visible();
        this.sequences = sequences;
    }

    /** Sinks and a window for each query; one list for all queries where nothing depends on them. */
    Listing windows(String name) {
        boolean same = spec.arrangement().sequences() == 0 && Layout.seesAll(spec);
        int batches = spec.isDynamic() ? spec.batch() : 1;
        for (int batch = 0; batch < batches; batch++) {
            for (int map = 0; map < mask.maps(); map++) {
                for (int i = 0; i < (same ? 1 : spec.queries()); i++) {
                    int sequence = sequences.of(batch, i);
                    if (sequence >= 0) {
                        visible(sequence, map, i, 0, sequences.keys(sequence));
                    }
                    runs.endList();
                }
            }
        }
        return new Listing(name, same ? spec.queries() : 1, mask.maps(), batches, runs);
    }

    /** The runs of a query's sinks and window within the keys {@code [from, to)} of its sequence. */
    private void visible(int sequence, int map, int query, int from, int to) {
        Window window = mask.window(map);
        int position = sequences.ownPosition(sequence, query);
        int end = spec.causal() ? Math.min(to, position + 1) : to;
        int windowEnd = window.right() < 0 ? end : (int) Math.min(end, (long) position + window.right() + 1);
        int sinkEnd = Math.max(from, Math.min(end, window.sink()));
        int windowStart = window.left() < 0 ? sinkEnd : (int) Math.max(sinkEnd, (long) position - window.left());
        sequences.add(runs, sequence, from, sinkEnd);
        sequences.add(runs, sequence, windowStart, windowEnd);
    }

    /** Runs of consecutive keys that a query sees. */
    Listing tokens() {
        for (int map = 0; map < mask.maps(); map++) {
            for (int i = 0; i < spec.queries(); i++) {
                tokens(map, new QueryBlock(i, i + 1, spec.offset()));
                runs.endList();
            }
        }
        return new Listing("TOKEN", 1, mask.maps(), 1, runs);
    }

    private void tokens(int map, QueryBlock query) {
        int start = 0;
        int stop = 0;
        int key = rule.nextKey(map, query, 0);
        while (key < spec.keys()) {
            int end = key + Math.min(STEP, spec.keys() - key);
            Coverage coverage = rule.coverage(map, query, key, end);
            int step = coverage == Coverage.PARTIAL ? 1 : end - key;
            for (int from = key; from < end; from += step) {
                if (coverage == Coverage.FULL || coverage == Coverage.PARTIAL && allows(map, query.first(), from)) {
                    if (from > stop) {
                        runs.add(start, start, stop - start);
                        start = from;
                    }
                    stop = from + step;
                }
            }
            key = rule.nextKey(map, query, end);
        }
        runs.add(start, start, stop - start);
    }

    private boolean allows(int map, int query, int key) {
        return rule.allows(map, query, query + spec.offset(), key);
    }

    /** Blocks that are full, bits for those that are mixed, and whole columns of those that hold nothing else. */
    Listing blocks() {
        if (mask instanceof Blocks whole) {
            return blocks(whole);
        }
        BlockMap map = BlockMap.of(spec, BLOCK, BLOCK);
        long partial = map.visited() - map.full().cardinality();
        if (partial * BLOCK > RunList.MOST) {
            throw new IllegalArgumentException("the bits of " + partial + " mixed blocks need more than " + RunList.MOST
                    + " numbers; use a mask with fewer of them, or fewer queries at a time");
        }
        for (int row = 0; row < map.rows(); row++) {
            int firstQuery = map.firstQuery(row);
            for (int e = map.rowPtr()[row]; e < map.rowPtr()[row + 1]; e++) {
                int firstKey = map.keys().start(map.colIdx()[e]);
                int keys = map.keys().end(map.colIdx()[e]) - firstKey;
                if (map.isFull(e)) {
                    runs.add(firstKey, firstKey, keys);
                } else {
                    block(map.mapOf(row), firstQuery, firstQuery + map.queriesOf(row), firstKey, keys);
                }
            }
            runs.endList();
        }
        return new Listing("BSR", BLOCK, mask.maps(), 1, runs);
    }

    /** The blocks that a mask has, cut by causality. */
    private Listing blocks(Blocks whole) {
        int blockQ = Math.min(whole.blockQ(), spec.queries());
        int blockK = Math.min(whole.blockK(), spec.keys());
        for (int row = 0; row < mask.maps() * whole.queryBlocks(); row++) {
            int first = row % whole.queryBlocks() * blockQ;
            int rows = Math.min(blockQ, spec.queries() - first);
            Cut cut = new Cut(spec, new Window(0, -1, -1), first + spec.offset(), rows, spec.keys(), runs);
            for (int kb = 0; kb < whole.keyBlocks(); kb++) {
                if (whole.block(row / whole.queryBlocks(), row % whole.queryBlocks(), kb)) {
                    cut.add(kb * blockK, Math.min(spec.keys(), (kb + 1) * blockK));
                }
            }
            runs.endList();
        }
        return new Listing("BSR", blockQ, mask.maps(), 1, runs);
    }

    private void block(int map, int firstQuery, int lastQuery, int firstKey, int keys) {
        int words = Math.ceilDiv(keys, 32);
        int[] seen = new int[(lastQuery - firstQuery) * words];
        int[] byColumn = new int[keys];
        int visible = 0;
        for (int i = firstQuery; i < lastQuery; i++) {
            for (int t = 0; t < keys; t++) {
                if (allows(map, i, firstKey + t)) {
                    seen[(i - firstQuery) * words + t / 32] |= 1 << t % 32;
                    byColumn[t]++;
                    visible++;
                }
            }
        }
        boolean wholeColumns = true;
        for (int queries : byColumn) {
            wholeColumns &= queries == 0 || queries == lastQuery - firstQuery;
        }
        if (visible > 0 && !wholeColumns) {
            runs.add(firstKey, firstKey, keys, seen);
            return;
        }
        for (int t = 0, start = 0; t <= keys && visible > 0; t++) {
            if (t == keys || byColumn[t] == 0) {
                runs.add(firstKey + start, firstKey + start, t - start);
                start = t + 1;
            }
        }
    }
}
