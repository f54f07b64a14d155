package tessera.tasks.sparse;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@code scores_ij = scale sum_t q_(i stride + stride - 1 - t) · k_(j stride + t)} over the tokens that are there (XAttention,
 * arXiv:2503.16428).
 */
public final class AntidiagonalScores {
    private AntidiagonalScores() {
    }

    /**
     * One square of stride x stride pairs.
     *
     * @param q [batch, kvHeads * group, queries, dim]
     * @param k [batch, kvHeads, keys, dim]
     * @param scores [batch, kvHeads * group, squaresQ, squaresK]
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray scores, int group, int queries, int keys, int squaresQ, int squaresK,
            int stride, int dim, float scale, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int lastQuery = (row / squaresK % squaresQ) * stride + stride - 1;
            int firstKey = row % squaresK * stride;
            int head = row / squaresK / squaresQ;
            float sum = 0.0f;
            for (int t = 0; t < stride; t++) {
                if (lastQuery - t < queries && firstKey + t < keys) {
                    sum = sum + Dot.dot(q, (head * queries + lastQuery - t) * dim, k, (head / group * keys + firstKey + t) * dim, dim);
                }
            }
            scores.set(row, scale * sum);
        }
    }
}
