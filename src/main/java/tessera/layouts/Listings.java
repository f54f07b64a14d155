package tessera.layouts;

import tessera.AttentionSpec;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.masks.Window;

/** Builds the lists of {@link Listing}s. */
final class Listings {

    /** Queries and keys in a block of a mask that has no blocks itself; 32 keys are one word of bits. */
    private static final int BLOCK = 32;

    private final AttentionSpec spec;
    private final Mask mask;
    private final Sequences sequences;
    private final RunList runs = new RunList();

    Listings(AttentionSpec spec, Sequences sequences) {
        this.spec = spec;
        this.mask = spec.mask();
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
                int start = 0;
                for (int j = 0; j <= spec.keys(); j++) {
                    if (j == spec.keys() || !allows(map, i, j)) {
                        runs.add(start, start, j - start);
                        start = j + 1;
                    }
                }
                runs.endList();
            }
        }
        return new Listing("TOKEN", 1, mask.maps(), 1, runs);
    }

    private boolean allows(int map, int query, int key) {
        int position = query + spec.offset();
        return (!spec.causal() || key <= position) && mask.allows(map, query, position, key);
    }

    /** Blocks that are full, bits for those that are mixed, and whole columns of those that hold nothing else. */
    Listing blocks() {
        if (mask instanceof Blocks whole) {
            return blocks(whole);
        }
        for (int map = 0; map < mask.maps(); map++) {
            for (int first = 0; first < spec.queries(); first += BLOCK) {
                int last = Math.min(spec.queries(), first + BLOCK);
                for (int key = 0; key < spec.keys(); key += BLOCK) {
                    block(map, first, last, key, Math.min(BLOCK, spec.keys() - key));
                }
                runs.endList();
            }
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
