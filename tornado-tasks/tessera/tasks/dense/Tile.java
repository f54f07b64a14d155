package tessera.tasks.dense;

import tessera.specialise.Inline;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * What is done with tiles in private arrays, row by row. These loops are for compilers that vectorise them; HotSpot does not, as it
 * cannot tell that arrays with offsets do not overlap, and the JVM engine puts the same in vectors in their place.
 */
public final class Tile {
    private Tile() {
    }

    /** {@code to[r, c] = from[base + r * size + c]} for c under {@code size}; rows of the tile are {@code width} apart. */
    @Inline
    public static void load(FloatArray from, int base, float[] to, int rows, int size, int width) {
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < size; c++) {
                to[r * width + c] = from.get(base + r * size + c);
            }
        }
    }

    /**
     * {@code C = C + A B}.
     *
     * @param a element (r, t) lies at {@code r * row + t * step}
     * @param b [depth, columns]
     * @param c [rows, columns]
     * @param columns a multiple of 16
     */
    @Inline
    public static void multiply(float[] a, int row, int step, float[] b, float[] c, int rows, int depth, int columns) {
        int quads = depth & ~3;
        for (int r = 0; r < rows; r++) {
            for (int t = 0; t < quads; t += 4) {
                float a0 = a[r * row + t * step];
                float a1 = a[r * row + (t + 1) * step];
                float a2 = a[r * row + (t + 2) * step];
                float a3 = a[r * row + (t + 3) * step];
                for (int x = 0; x < columns; x++) {
                    c[r * columns + x] = c[r * columns + x] + a0 * b[t * columns + x] + a1 * b[(t + 1) * columns + x]
                            + a2 * b[(t + 2) * columns + x] + a3 * b[(t + 3) * columns + x];
                }
            }
            for (int t = quads; t < depth; t++) {
                float a0 = a[r * row + t * step];
                for (int x = 0; x < columns; x++) {
                    c[r * columns + x] = c[r * columns + x] + a0 * b[t * columns + x];
                }
            }
        }
    }

    /**
     * {@code P = exp(S - m)} in place of S, column by column, for the maximum m of what was seen so far.
     *
     * @param score [rows, columns]
     * @param max [columns], of earlier tiles, then of this one too
     * @param weights [columns], the sum of P, scaled to the new maximum
     * @param shrink [columns], becomes what all earlier sums have to be multiplied by
     * @param columns a multiple of 16
     */
    @Inline
    public static void weigh(float[] score, float[] max, float[] weights, float[] shrink, int rows, int columns) {
        for (int x = 0; x < columns; x++) {
            shrink[x] = max[x];
        }
        for (int r = 0; r < rows; r++) {
            for (int x = 0; x < columns; x++) {
                max[x] = TornadoMath.max(max[x], score[r * columns + x]);
            }
        }
        for (int x = 0; x < columns; x++) {
            shrink[x] = TornadoMath.exp(shrink[x] - max[x]);
            weights[x] = weights[x] * shrink[x];
        }
        for (int r = 0; r < rows; r++) {
            for (int x = 0; x < columns; x++) {
                float weight = TornadoMath.exp(score[r * columns + x] - max[x]);
                score[r * columns + x] = weight;
                weights[x] = weights[x] + weight;
            }
        }
    }

    /** {@code C[r, x] = factors[r] C[r, x]}. */
    @Inline
    public static void scale(float[] c, float[] factors, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            if (factors[r] < 1.0f) {
                for (int x = 0; x < columns; x++) {
                    c[r * columns + x] = c[r * columns + x] * factors[r];
                }
            }
        }
    }
}
