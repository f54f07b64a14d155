package tessera.tasks.sparse;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@code out_c = max(x_t)} or their mean over {@code |t - c| <= width / 2}, of the candidates that a row sees (SnapKV, arXiv:2404.14469). */
public final class PoolNeighbours {
    private PoolNeighbours() {
    }

    /**
     * One candidate of one row.
     *
     * @param x [lists, rows, candidates]
     * @param places [rows ...]: how many candidates a row sees, from the first one
     * @param out [lists, rows, candidates]
     * @param width odd
     * @param largest 1 for the largest, 0 for the mean
     */
    public static void rows(FloatArray x, IntArray places, FloatArray out, int rows, int candidates, int width, int largest, int rowOffset,
            int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int candidate = row % candidates;
            int base = row - candidate;
            int first = TornadoMath.max(0, candidate - width / 2);
            int end = TornadoMath.min(places.get(row / candidates % rows), candidate + width / 2 + 1);
            float pooled = x.get(row);
            if (largest == 0) {
                pooled = 0.0f;
            }
            for (int t = first; t < end; t++) {
                if (largest == 1) {
                    pooled = TornadoMath.max(pooled, x.get(base + t));
                } else {
                    pooled = pooled + x.get(base + t);
                }
            }
            if (largest == 0) {
                pooled = pooled / TornadoMath.max(1, end - first);
            }
            out.set(row, pooled);
        }
    }
}
