package tessera.tasks.sparse;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Blocks of keys whose values attention leaves out: {@code skipped = max_i (max_j s_ij - m_i) < lambda} over the queries i of a block and the keys
 * j of the block of keys, with m_i the largest score of query i up to that block's end (SpargeAttn, arXiv:2502.18137).
 */
public final class SkippedBlocks {
    private SkippedBlocks() {
    }

    /**
     * A block of queries, over all blocks of keys in order. Arguments without a word here are those of {@link ListedAttention#rows}.
     *
     * @param skipped [batch, heads, ceil(queries / blockQ), keyBlocks]; 1 for a block that is left out
     * @param blockQ queries in a block
     * @param blockK keys in a block
     * @param keyBlocks ceil(keys / blockK)
     * @param lambda bound on the gap, negative
     */
    public static void rows(FloatArray q, FloatArray k, IntArray skipped, IntArray rowPtr, IntArray runs, IntArray geometry, int heads,
            int queries, int headDim, float scale, int batches, int blockQ, int blockK, int keyBlocks, float lambda, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int blockRows = (queries - 1) / blockQ + 1;
            int firstQuery = (row % blockRows) * blockQ;
            int batch = row / blockRows / heads;
            int head = row / blockRows - batch * heads;
            int ofHead = 10 + 2 * batches + 4 * head;
            int list = batch * geometry.get(1) + geometry.get(ofHead + 3) + row % blockRows;
            int kBase = geometry.get(10 + 2 * batch) + geometry.get(ofHead + 1);
            int qBase = ((batch * heads + geometry.get(ofHead)) * queries + firstQuery) * headDim;
            int rows = TornadoMath.min(blockQ, queries - firstQuery);
            float[] max = new float[blockQ];
            for (int i = 0; i < blockQ; i++) {
                max[i] = -1.0e30f;
            }
            for (int c = 0; c < keyBlocks; c++) {
                float gap = -1.0e30f;
                for (int i = 0; i < rows; i++) {
                    float largest = -1.0e30f;
                    for (int e = rowPtr.get(list); e < rowPtr.get(list + 1); e++) {
                        int place = runs.get(4 * e);
                        int firstKey = runs.get(4 * e + 1);
                        int count = runs.get(4 * e + 2);
                        int bits = runs.get(4 * e + 3);
                        int bitRow = bits + i * ((count + 31) >> 5);
                        int start = TornadoMath.max(0, c * blockK - firstKey);
                        int end = TornadoMath.min(count, (c + 1) * blockK - firstKey);
                        for (int t = start; t < end; t++) {
                            int visible = 1;
                            if (bits >= 0) {
                                visible = (runs.get(bitRow + (t >> 5)) >> (t & 31)) & 1;
                            }
                            if (visible != 0) {
                                largest = TornadoMath.max(largest, Dot.dot(q, qBase + i * headDim, k, (kBase + place + t) * headDim, headDim) * scale);
                            }
                        }
                    }
                    if (largest > -1.0e29f) {
                        float running = TornadoMath.max(max[i], largest);
                        max[i] = running;
                        gap = TornadoMath.max(gap, largest - running);
                    }
                }
                int skip = 0;
                if (gap < lambda) {
                    skip = 1;
                }
                skipped.set(row * keyBlocks + c, skip);
            }
        }
    }
}
