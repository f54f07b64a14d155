package tessera.tasks.sparse;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** {@code mixed = 1} for a block whose tokens' mean pairwise cosine {@code |sum_t x_t / |x_t||² / n²} is at most theta (arXiv:2502.18137). */
public final class MixedBlocks {
    private MixedBlocks() {
    }

    /**
     * One block.
     *
     * @param x [heads, length, dim]
     * @param mixed [heads, blocks]
     */
    public static void rows(FloatArray x, IntArray mixed, int length, int blocks, int block, int dim, float theta, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int first = row % blocks * block;
            int last = TornadoMath.min(length, first + block);
            int base = row / blocks * length;
            float[] sum = new float[dim];
            for (int c = 0; c < dim; c++) {
                sum[c] = 0.0f;
            }
            for (int t = first; t < last; t++) {
                float size = Dot.dot(x, (base + t) * dim, x, (base + t) * dim, dim);
                float inverse = 0.0f;
                if (size > 0.0f) {
                    inverse = 1.0f / TornadoMath.sqrt(size);
                }
                for (int c = 0; c < dim; c++) {
                    sum[c] = sum[c] + x.get((base + t) * dim + c) * inverse;
                }
            }
            float squares = 0.0f;
            for (int c = 0; c < dim; c++) {
                squares = squares + sum[c] * sum[c];
            }
            int isMixed = 0;
            if (squares <= theta * (last - first) * (last - first)) {
                isMixed = 1;
            }
            mixed.set(row, isMixed);
        }
    }
}
