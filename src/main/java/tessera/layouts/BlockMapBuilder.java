package tessera.layouts;

import java.util.BitSet;
import tessera.AttentionSpec;
import tessera.masks.Coverage;
import tessera.masks.Mask;
import tessera.masks.QueryBlock;

/** Builds {@link BlockMap}s; looks only at blocks that a row of queries can reach. */
final class BlockMapBuilder {
    private static final int MOST = 1 << 28;

    private final AttentionSpec spec;
    private final Mask rule;
    private final Partition queries;
    private final Partition keys;
    private final boolean joinsColumns;
    private final Ints colIdx = new Ints();
    private final BitSet full = new BitSet();
    private final Ints columns = new Ints();

    BlockMapBuilder(AttentionSpec spec, Partition queries, Partition keys, boolean joinsColumns) {
        this.spec = spec;
        this.rule = spec.visible();
        this.queries = queries;
        this.keys = keys;
        this.joinsColumns = joinsColumns;
    }

    BlockMap build() {
        int maps = spec.mask().maps();
        int[] rowPtr = new int[Math.multiplyExact(maps, queries.count()) + 1];
        int[] columnPtr = new int[rowPtr.length];
        for (int row = 0; row < rowPtr.length - 1; row++) {
            int block = row % queries.count();
            if (queries.size(block) > 0) {
                row(row / queries.count(), new QueryBlock(queries.start(block), queries.end(block), spec.offset()));
            }
            rowPtr[row + 1] = colIdx.size();
            columnPtr[row + 1] = columns.size();
        }
        return new BlockMap(maps, queries, keys, rowPtr, colIdx.toArray(), full, columnPtr, columns.toArray());
    }

    private void row(int map, QueryBlock block) {
        int key = rule.nextKey(map, block, 0);
        while (key < keys.tokens()) {
            int kb = keys.holding(key);
            Coverage coverage = rule.coverage(map, block, keys.start(kb), keys.end(kb));
            if (coverage == Coverage.FULL) {
                full.set(colIdx.size());
            }
            if (coverage == Coverage.FULL || coverage == Coverage.PARTIAL && !(joinsColumns && joined(map, block, kb))) {
                colIdx.add(kb);
            }
            if (colIdx.size() > MOST || columns.size() > MOST) {
                throw new IllegalArgumentException("the map of " + spec.mask() + " has more than " + MOST + " blocks or columns in "
                        + queries + " (queries) and " + keys + " (keys); use larger blocks");
            }
            key = rule.nextKey(map, block, keys.end(kb));
        }
    }

    /** Adds the columns of a block that holds nothing else. */
    private boolean joined(int map, QueryBlock block, int kb) {
        int before = columns.size();
        for (int key = keys.start(kb); key < keys.end(kb); key++) {
            Coverage column = rule.coverage(map, block, key, key + 1);
            if (column == Coverage.PARTIAL) {
                columns.cut(before);
                return false;
            }
            if (column == Coverage.FULL) {
                columns.add(key);
            }
        }
        return true;
    }
}
