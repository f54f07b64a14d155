package tessera.tasks.sparse;

import tessera.tasks.Dot;
import tessera.tasks.Score;
import tessera.tasks.Visible;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The weight that blocks of keys get from blocks of queries, {@code sum_ij exp(s_ij - L_i)}, with the scores of
 * {@link ListedAttention}: a second pass from the log-sum-exp, without atomics (H2O, arXiv:2306.14048).
 */
public final class ListedMass {
    private ListedMass() {
    }

    /**
     * One block. Arguments without a word here are those of {@link ListedAttention#rows}.
     *
     * @param lse [batch, heads, queries], L; -1e29 or less for a row without keys
     * @param mass [batch, heads, ceil(queries / massQ), ceil(keys / massK)]
     * @param massQ queries in a block
     * @param massK keys in a block
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray lse, FloatArray mass, IntArray rowPtr, IntArray runs, FloatArray bias,
            ByteArray mask, FloatArray perHead, IntArray geometry, int heads, int queries, int keys, int headDim, float scale, int batches,
            int massQ, int massK, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int columns = (keys - 1) / massK + 1;
            int blockRows = (queries - 1) / massQ + 1;
            int firstColumn = (row % columns) * massK;
            int firstQuery = (row / columns % blockRows) * massQ;
            int batch = row / columns / blockRows / heads;
            int head = row / columns / blockRows - batch * heads;
            int ofHead = 10 + 2 * batches + 4 * head;
            int blockQ = geometry.get(0);
            int kBase = geometry.get(10 + 2 * batch) + geometry.get(ofHead + 1);
            float slope = perHead.get(head);
            float cap = perHead.get(2 * heads);
            float sum = 0.0f;
            for (int i = firstQuery; i < TornadoMath.min(queries, firstQuery + massQ); i++) {
                float rowLse = lse.get((batch * heads + head) * queries + i);
                int position = geometry.get(10 + 2 * batches + 4 * heads + batch * queries + i);
                int list = batch * geometry.get(1) + geometry.get(ofHead + 3) + i / blockQ;
                int qBase = ((batch * heads + geometry.get(ofHead)) * queries + i) * headDim;
                int biasBase = batch * geometry.get(2) + head * geometry.get(3) + i * geometry.get(4);
                int maskBase = batch * geometry.get(6) + head * geometry.get(7) + i * geometry.get(8);
                for (int e = rowPtr.get(list); e < rowPtr.get(list + 1); e++) {
                    int place = runs.get(4 * e);
                    int firstKey = runs.get(4 * e + 1);
                    int count = runs.get(4 * e + 2);
                    int bits = runs.get(4 * e + 3);
                    int bitRow = bits + (i % blockQ) * ((count + 31) >> 5);
                    int start = TornadoMath.max(0, firstColumn - firstKey);
                    int end = TornadoMath.min(count, firstColumn + massK - firstKey);
                    for (int t = start; t < end; t++) {
                        int visible = Visible.of(runs, bits, bitRow, t);
                        int j = firstKey + t;
                        float added = bias.get(biasBase + j * geometry.get(5));
                        if (visible != 0 && rowLse > -1.0e29f && mask.get(maskBase + j * geometry.get(9)) != 0 && added > -1.0e29f) {
                            float product = Dot.dot(q, qBase, k, (kBase + place + t) * headDim, headDim) * scale;
                            sum = sum + TornadoMath.exp(Score.modified(product, cap, added, slope, position - j) - rowLse);
                        }
                    }
                }
            }
            mass.set(row, sum);
        }
    }
}
