package tessera.tasks.dense;

import tessera.specialise.Inline;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * What is done with tiles in private arrays. A panel has 16 columns, a query each, so that every loop goes over neighbours. These loops
 * are for compilers that vectorise them; HotSpot does not, as it cannot tell that arrays with offsets do not overlap, and the JVM engine
 * computes the same in vectors in their place.
 */
public final class Tile {
    private Tile() {
    }

    /** {@code to[n] = from[base + n]}. */
    @Inline
    public static void load(FloatArray from, int base, float[] to, int count) {
        for (int n = 0; n < count; n++) {
            to[n] = from.get(base + n);
        }
    }

    /** {@code to[c, r] = from[r, c]}, rows of {@code to} being {@code width} apart. */
    @Inline
    public static void transpose(float[] from, float[] to, int rows, int columns, int width) {
        for (int c = 0; c < columns; c++) {
            for (int r = 0; r < rows; r++) {
                to[c * width + r] = from[r * columns + c];
            }
        }
    }

    /**
     * {@code C = C + A B} for panels B and C.
     *
     * @param a [rows, depth], rows being {@code width} apart
     * @param b [depth, 16] from bBase on
     * @param c [rows, 16] from cBase on
     * @param rows rounded up to a multiple of 6; what lies in the rows beyond becomes anything
     */
    @Inline
    public static void multiply(float[] a, int width, float[] b, int bBase, float[] c, int cBase, int rows, int depth) {
        int quads = depth & ~3;
        for (int r = 0; r < rows; r++) {
            int line = cBase + r * 16;
            for (int t = 0; t < quads; t += 4) {
                float a0 = a[r * width + t];
                float a1 = a[r * width + t + 1];
                float a2 = a[r * width + t + 2];
                float a3 = a[r * width + t + 3];
                int from = bBase + t * 16;
                for (int x = 0; x < 16; x++) {
                    c[line + x] = c[line + x] + a0 * b[from + x] + a1 * b[from + 16 + x] + a2 * b[from + 32 + x] + a3 * b[from + 48 + x];
                }
            }
            for (int t = quads; t < depth; t++) {
                for (int x = 0; x < 16; x++) {
                    c[line + x] = c[line + x] + a[r * width + t] * b[bBase + t * 16 + x];
                }
            }
        }
    }

    /**
     * {@code P = exp(S - m)} in place of the panel S, for the maximum m of what each column saw so far; earlier sums are scaled to it.
     *
     * @param score [rows, 16]
     * @param max [16] from at on, of earlier keys, then of these too
     * @param weights [16] from at on, the sum of P
     * @param sum [lines, 16] from base on
     */
    @Inline
    public static void weigh(float[] score, int rows, float[] max, float[] weights, int at, float[] sum, int base, int lines) {
        for (int x = 0; x < 16; x++) {
            float top = max[at + x];
            for (int r = 0; r < rows; r++) {
                top = TornadoMath.max(top, score[r * 16 + x]);
            }
            float shrink = TornadoMath.exp(max[at + x] - top);
            max[at + x] = top;
            weights[at + x] = weights[at + x] * shrink;
            for (int c = 0; c < lines; c++) {
                sum[base + c * 16 + x] = sum[base + c * 16 + x] * shrink;
            }
        }
        for (int r = 0; r < rows; r++) {
            for (int x = 0; x < 16; x++) {
                float weight = TornadoMath.exp(score[r * 16 + x] - max[at + x]);
                score[r * 16 + x] = weight;
                weights[at + x] = weights[at + x] + weight;
            }
        }
    }
}
