package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code scores_ij = scale sum_c max(q_ic high_jc, q_ic low_jc)}, no less than any product of the block (Quest, arXiv:2406.10774). */
public final class RangeScores {
    private RangeScores() {
    }

    /**
     * One pair.
     *
     * @param q [batch, kvHeads * group, queries, dim]
     * @param low [batch, kvHeads, blocks, dim]
     * @param high [batch, kvHeads, blocks, dim]
     * @param scores [batch, kvHeads * group, queries, blocks]
     */
    public static void rows(FloatArray q, FloatArray low, FloatArray high, FloatArray scores, int group, int queries, int blocks, int dim,
            float scale, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int query = row / blocks;
            int qBase = query * dim;
            int base = (query / queries / group * blocks + row % blocks) * dim;
            float sum = 0.0f;
            for (int c = 0; c < dim; c++) {
                float channel = q.get(qBase + c);
                sum = sum + TornadoMath.max(channel * high.get(base + c), channel * low.get(base + c));
            }
            scores.set(row, scale * sum);
        }
    }
}
