package tessera.tasks.sparse;

import tessera.tasks.Dot;
import tessera.tasks.Visible;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * How far the scores of a block of keys stay below the largest of a query so far: {@code gap_ib = max_(j in b) s_ij - max_(j in blocks up to b) s_ij}
 * (SpargeAttn, arXiv:2502.18137).
 */
public final class BlockGaps {
    private BlockGaps() {
    }

    /**
     * One query over all blocks of keys in order. Arguments without a word here are those of {@link ListedAttention#rows}.
     *
     * @param gaps [batch, heads, queries, keyBlocks], at most 0; -1e30 where the query sees no key of a block
     * @param blockK keys in a block
     * @param keyBlocks ceil(keys / blockK)
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray gaps, IntArray rowPtr, IntArray runs, IntArray geometry, int heads, int queries,
            int headDim, float scale, int batches, int blockQ, int blockK, int keyBlocks, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int i = row % queries;
            int batch = row / queries / heads;
            int head = row / queries - batch * heads;
            int ofHead = 10 + 2 * batches + 4 * head;
            int list = batch * geometry.get(1) + geometry.get(ofHead + 3) + i / blockQ;
            int qBase = ((batch * heads + geometry.get(ofHead)) * queries + i) * headDim;
            int kBase = geometry.get(10 + 2 * batch) + geometry.get(ofHead + 1);
            float running = -1.0e30f;
            for (int b = 0; b < keyBlocks; b++) {
                float largest = -1.0e30f;
                for (int e = rowPtr.get(list); e < rowPtr.get(list + 1); e++) {
                    int place = runs.get(4 * e);
                    int firstKey = runs.get(4 * e + 1);
                    int count = runs.get(4 * e + 2);
                    int bits = runs.get(4 * e + 3);
                    int bitRow = bits + (i % blockQ) * ((count + 31) >> 5);
                    int start = TornadoMath.max(0, b * blockK - firstKey);
                    int end = TornadoMath.min(count, (b + 1) * blockK - firstKey);
                    for (int t = start; t < end; t++) {
                        int visible = Visible.of(runs, bits, bitRow, t);
                        if (visible != 0) {
                            largest = TornadoMath.max(largest, Dot.dot(q, qBase, k, (kBase + place + t) * headDim, headDim) * scale);
                        }
                    }
                }
                running = TornadoMath.max(running, largest);
                float gap = -1.0e30f;
                if (largest > -1.0e29f) {
                    gap = largest - running;
                }
                gaps.set(row * keyBlocks + b, gap);
            }
        }
    }
}
