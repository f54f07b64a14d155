package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@code out_s = reduce_(n in segment s) x_n}, channel by channel: blocks of tokens as one token each (Quest, arXiv:2406.10774). */
public final class PoolSegments {
    public static final int MEAN = 0;
    public static final int SUM = 1;
    public static final int MIN = 2;
    public static final int MAX = 3;

    private PoolSegments() {
    }

    /**
     * One channel of one segment; 0 if it is empty.
     *
     * @param x [batch, heads, length, dim]
     * @param bounds [batch, heads, segments, 2], or [segments, 2] for all: the first token of a segment, and the one after its last
     * @param out [batch, heads, segments, dim]
     * @param boundRows rows of the bounds
     * @param reduction {@link #MEAN}, {@link #SUM}, {@link #MIN} or {@link #MAX}
     */
    public static void rows(FloatArray x, IntArray bounds, FloatArray out, int length, int segments, int dim, int boundRows, int reduction,
            int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int element = rowOffset + r;
            int segment = element / dim;
            int bound = segment % boundRows * 2;
            int start = bounds.get(bound);
            int end = bounds.get(bound + 1);
            int base = segment / segments * length * dim + element % dim;
            float result = 0.0f;
            if (start < end) {
                result = x.get(base + start * dim);
            }
            for (int n = start + 1; n < end; n++) {
                float value = x.get(base + n * dim);
                if (reduction == MIN) {
                    result = TornadoMath.min(result, value);
                } else if (reduction == MAX) {
                    result = TornadoMath.max(result, value);
                } else {
                    result = result + value;
                }
            }
            if (reduction == MEAN) {
                result = result / TornadoMath.max(end - start, 1);
            }
            out.set(element, result);
        }
    }
}
