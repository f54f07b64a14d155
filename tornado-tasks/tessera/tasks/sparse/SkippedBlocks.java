package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Blocks of keys whose values attention leaves out: {@code skipped = max_i gap_ib < lambda} over the queries i of a block (SpargeAttn, arXiv:2502.18137). */
public final class SkippedBlocks {
    private SkippedBlocks() {
    }

    /**
     * A block of keys for a block of queries.
     *
     * @param gaps of {@link BlockGaps#rows}
     * @param skipped [batch, heads, ceil(queries / blockQ), keyBlocks]; 1 for a block that is left out
     * @param queries queries of a head
     * @param blockQ queries in a block
     * @param keyBlocks blocks of keys
     * @param lambda bound on the gap, negative
     */
    public static void rows(FloatArray gaps, IntArray skipped, int queries, int blockQ, int keyBlocks, float lambda, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int blockRows = (queries - 1) / blockQ + 1;
            int block = row / keyBlocks;
            int firstQuery = (block % blockRows) * blockQ;
            int last = TornadoMath.min(queries, firstQuery + blockQ);
            int head = block / blockRows;
            float gap = -1.0e30f;
            for (int i = firstQuery; i < last; i++) {
                gap = TornadoMath.max(gap, gaps.get((head * queries + i) * keyBlocks + row % keyBlocks));
            }
            int skip = 0;
            if (gap < lambda) {
                skip = 1;
            }
            skipped.set(row, skip);
        }
    }
}
