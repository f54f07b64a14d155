package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@code channels = argtop_c sum_g |q_gc|} over the heads of a group, the lower channel first where two are equal (SparQ, arXiv:2312.04985). */
public final class RankChannels {
    private RankChannels() {
    }

    /**
     * The channels of one query of a group.
     *
     * @param q [batch, kvHeads * group, queries, dim]
     * @param channels [batch, kvHeads, queries, count]
     */
    public static void rows(FloatArray q, IntArray channels, int group, int queries, int dim, int count, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int base = (row / queries * group * queries + row % queries) * dim;
            float previous = 3.0e38f;
            int previousChannel = -1;
            for (int n = 0; n < count; n++) {
                float best = -1.0f;
                int bestChannel = 0;
                for (int c = 0; c < dim; c++) {
                    float size = 0.0f;
                    for (int g = 0; g < group; g++) {
                        size = size + TornadoMath.abs(q.get(base + g * queries * dim + c));
                    }
                    int later = 0;
                    if (size < previous) {
                        later = 1;
                    }
                    if (size == previous && c > previousChannel) {
                        later = 1;
                    }
                    if (later == 1 && size > best) {
                        best = size;
                        bestChannel = c;
                    }
                }
                channels.set(row * count + n, bestChannel);
                previous = best;
                previousChannel = bestChannel;
            }
        }
    }
}
