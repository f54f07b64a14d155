package tessera.layouts;

import tessera.AttentionSpec;
import tessera.masks.Blocks;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Block-sparse rows: for block map h and query block b, the visited key blocks are
 * {@code colIdx[rowPtr[h * queryBlocks + b] .. rowPtr[h * queryBlocks + b + 1])}, ascending.
 *
 * @param maps number of block maps
 * @param rowPtr {@code [maps * queryBlocks + 1]}
 * @param colIdx {@code [max(1, number of blocks)]}
 */
public record Bsr(int maps, int blockQ, int blockK, int queryBlocks, IntArray rowPtr, IntArray colIdx) implements Layout {

    /** Of a mask of whole blocks, without those that causality leaves nothing of. */
    static Bsr of(AttentionSpec spec, Blocks blocks) {
        BlockMap map = BlockMap.of(spec, blocks.blockQ(), blocks.blockK());
        IntArray rowPtr = IntArray.fromArray(map.rowPtr());
        IntArray colIdx = IntArray.fromArray(map.visited() == 0 ? new int[1] : map.colIdx());
        return new Bsr(blocks.maps(), blocks.blockQ(), blocks.blockK(), blocks.queryBlocks(), rowPtr, colIdx);
    }

    @Override
    public String name() {
        return "BSR";
    }

    @Override
    public long pairs(AttentionSpec spec) {
        long pairs = 0;
        int diagonal = spec.causal() ? spec.offset() : 1 << 30;
        for (int row = 0; row < maps * queryBlocks; row++) {
            int firstQuery = row % queryBlocks * blockQ;
            int lastQuery = Math.min(firstQuery + blockQ, spec.queries());
            for (int e = rowPtr.get(row); e < rowPtr.get(row + 1); e++) {
                int firstKey = colIdx.get(e) * blockK;
                int lastKey = Math.min(firstKey + blockK, spec.keys());
                if (lastKey <= firstQuery + diagonal + 1) {
                    pairs += (long) (lastQuery - firstQuery) * (lastKey - firstKey);
                    continue;
                }
                for (int i = firstQuery; i < lastQuery; i++) {
                    pairs += Math.max(0, Math.min(lastKey, i + diagonal + 1) - firstKey);
                }
            }
        }
        return pairs * spec.batch() * (spec.heads() / maps);
    }
}
