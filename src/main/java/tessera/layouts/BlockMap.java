package tessera.layouts;

import java.util.Arrays;
import java.util.BitSet;
import tessera.AttentionSpec;

/**
 * What any mask leaves of each block of queries and keys, as block-sparse rows: row {@code map * queryBlocks + block} visits the key
 * blocks {@code colIdx[rowPtr[row] .. rowPtr[row + 1])}, ascending, each of them full or partial; the others are empty. Beside them
 * it may have columns: keys that every query of the block sees, in blocks that hold nothing else and are not listed.
 *
 * @param maps block maps; consecutive heads share one
 * @param queries blocks of queries
 * @param keys blocks of keys
 * @param rowPtr {@code [maps * queryBlocks + 1]}
 * @param colIdx {@code [visited blocks]}
 * @param full {@code [visited blocks]}, set where each query of the block sees each key
 * @param columnPtr {@code [maps * queryBlocks + 1]}
 * @param columns {@code [columns]}, ascending within a row
 */
public record BlockMap(int maps, Partition queries, Partition keys, int[] rowPtr, int[] colIdx, BitSet full, int[] columnPtr, int[] columns) {

    /** The map of a spec's mask and causality in blocks of one size, without columns. */
    public static BlockMap of(AttentionSpec spec, int blockQ, int blockK) {
        return of(spec, Partition.of(spec.queries(), blockQ), Partition.of(spec.keys(), blockK), false);
    }

    /**
     * The map of a spec's mask and causality in blocks of any size.
     *
     * @param columns whether blocks that hold nothing but whole columns become columns
     * @throws IllegalArgumentException if the blocks do not hold the spec's queries and keys, or the map would have more than 2^28
     *         blocks or columns
     */
    public static BlockMap of(AttentionSpec spec, Partition queries, Partition keys, boolean columns) {
        if (queries.tokens() != spec.queries() || keys.tokens() != spec.keys()) {
            throw new IllegalArgumentException("the blocks hold " + queries.tokens() + " queries and " + keys.tokens() + " keys, the spec has "
                    + spec.queries() + " and " + spec.keys());
        }
        return new BlockMapBuilder(spec, queries, keys, columns).build();
    }

    public int rows() {
        return maps * queries.count();
    }

    /** The map that a row belongs to. */
    public int mapOf(int row) {
        return row / queries.count();
    }

    /** Full and partial blocks. */
    public int visited() {
        return colIdx.length;
    }

    /** Whether a visited block is full, by its place in {@code colIdx}. */
    public boolean isFull(int place) {
        return full.get(place);
    }

    /** The place of a block in {@code colIdx}; negative if it is not visited. */
    public int find(int row, int keyBlock) {
        return Arrays.binarySearch(colIdx, rowPtr[row], rowPtr[row + 1], keyBlock);
    }

    /** The row of a visited block, by its place in {@code colIdx}. */
    int rowOf(int place) {
        int low = 0;
        int high = rows() - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (place < rowPtr[middle + 1]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** First query of a row. */
    public int firstQuery(int row) {
        return queries.start(row % queries.count());
    }

    /** Number of queries in a row; none if its block is empty. */
    public int queriesOf(int row) {
        return queries.size(row % queries.count());
    }

    /** What this map visits of a spec, whose map it is. */
    public BlockStatistics statistics(AttentionSpec spec) {
        return new PairCount(spec, this).statistics();
    }

    /** Bytes that the arrays take, boundaries of blocks included. */
    public long bytes() {
        return 4L * (queries.count() + keys.count() + 2 + rowPtr.length + colIdx.length + columnPtr.length + columns.length) + full.size() / 8;
    }
}
