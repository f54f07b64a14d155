package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@code out_j = mean(x_t)} over the tokens {@code j stride <= t < j stride + span} that are there, and over the heads of a group; or
 * the least or the largest of them, channel by channel (arXiv:2502.13189, arXiv:2406.10774).
 */
public final class PoolTokens {
    public static final int MEAN = 0;
    public static final int MIN = 1;
    public static final int MAX = 2;

    private PoolTokens() {
    }

    /**
     * One channel of one segment.
     *
     * @param x [batch, heads * group, length, dim]
     * @param out [batch, heads, segments, dim]
     * @param kind MEAN, MIN or MAX
     */
    public static void rows(FloatArray x, FloatArray out, int group, int length, int segments, int dim, int stride, int span, int kind,
            int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int channel = row % dim;
            int first = row / dim % segments * stride;
            int last = TornadoMath.min(length, first + span);
            int head = row / dim / segments * group;
            float pooled = x.get((head * length + first) * dim + channel);
            if (kind == MEAN) {
                pooled = 0.0f;
            }
            for (int g = 0; g < group; g++) {
                for (int t = first; t < last; t++) {
                    float value = x.get(((head + g) * length + t) * dim + channel);
                    if (kind == MEAN) {
                        pooled = pooled + value;
                    } else if (kind == MIN) {
                        pooled = TornadoMath.min(pooled, value);
                    } else {
                        pooled = TornadoMath.max(pooled, value);
                    }
                }
            }
            if (kind == MEAN) {
                pooled = pooled / (group * (last - first));
            }
            out.set(row, pooled);
        }
    }
}
