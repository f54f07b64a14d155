package tessera.engine;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** The methods of {@link tessera.tasks.dense.Tile}, with the same names, parameters and results, in vectors of the CPU. */
public final class TileVectors {
    /** Two of them are at most a panel. */
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED.length() <= 8 ? FloatVector.SPECIES_PREFERRED
            : FloatVector.SPECIES_256;
    private static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
    private static final int LANES = FLOATS.length();
    private static final int PANEL = 16;

    /** Adding it to a number below 2^22 and taking it away again rounds to a whole number, which the sum's low bits hold. */
    private static final float ROUND = 12582912.0f;

    private TileVectors() {
    }

    static int lanes() {
        return LANES;
    }

    public static void load(FloatArray from, int base, float[] to, int count) {
        MemorySegment.copy(from.getSegment(), ValueLayout.JAVA_FLOAT, 4L * base, to, 0, count);
    }

    /** Four rows at a time, so that a line of the cache is written for several elements. */
    public static void transpose(float[] from, float[] to, int rows, int columns, int width) {
        int r = 0;
        for (; r + 4 <= rows; r += 4) {
            for (int c = 0; c < columns; c++) {
                int at = r * columns + c;
                to[c * width + r] = from[at];
                to[c * width + r + 1] = from[at + columns];
                to[c * width + r + 2] = from[at + 2 * columns];
                to[c * width + r + 3] = from[at + 3 * columns];
            }
        }
        for (; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                to[c * width + r] = from[r * columns + c];
            }
        }
    }

    public static void multiply(float[] a, int width, float[] b, int bBase, float[] c, int cBase, int rows, int depth) {
        for (int r = 0; r < rows; r += 6) {
            for (int x = 0; x < PANEL; x += 2 * LANES) {
                sixRows(a, r * width, width, b, bBase + x, c, cBase + r * PANEL + x, depth);
            }
        }
    }

    /** Six rows of two vectors: with two of B and one of A they take 15 registers of the 16 that AVX2 has. */
    private static void sixRows(float[] a, int a0, int width, float[] b, int from, float[] c, int to, int depth) {
        int a1 = a0 + width;
        int a2 = a1 + width;
        int a3 = a2 + width;
        int a4 = a3 + width;
        int a5 = a4 + width;
        FloatVector s0 = FloatVector.fromArray(FLOATS, c, to);
        FloatVector t0 = FloatVector.fromArray(FLOATS, c, to + LANES);
        FloatVector s1 = FloatVector.fromArray(FLOATS, c, to + 1 * PANEL);
        FloatVector t1 = FloatVector.fromArray(FLOATS, c, to + 1 * PANEL + LANES);
        FloatVector s2 = FloatVector.fromArray(FLOATS, c, to + 2 * PANEL);
        FloatVector t2 = FloatVector.fromArray(FLOATS, c, to + 2 * PANEL + LANES);
        FloatVector s3 = FloatVector.fromArray(FLOATS, c, to + 3 * PANEL);
        FloatVector t3 = FloatVector.fromArray(FLOATS, c, to + 3 * PANEL + LANES);
        FloatVector s4 = FloatVector.fromArray(FLOATS, c, to + 4 * PANEL);
        FloatVector t4 = FloatVector.fromArray(FLOATS, c, to + 4 * PANEL + LANES);
        FloatVector s5 = FloatVector.fromArray(FLOATS, c, to + 5 * PANEL);
        FloatVector t5 = FloatVector.fromArray(FLOATS, c, to + 5 * PANEL + LANES);
        for (int t = 0; t < depth; t++) {
            FloatVector left = FloatVector.fromArray(FLOATS, b, from + t * PANEL);
            FloatVector right = FloatVector.fromArray(FLOATS, b, from + t * PANEL + LANES);
            FloatVector factor = FloatVector.broadcast(FLOATS, a[a0 + t]);
            s0 = factor.fma(left, s0);
            t0 = factor.fma(right, t0);
            factor = FloatVector.broadcast(FLOATS, a[a1 + t]);
            s1 = factor.fma(left, s1);
            t1 = factor.fma(right, t1);
            factor = FloatVector.broadcast(FLOATS, a[a2 + t]);
            s2 = factor.fma(left, s2);
            t2 = factor.fma(right, t2);
            factor = FloatVector.broadcast(FLOATS, a[a3 + t]);
            s3 = factor.fma(left, s3);
            t3 = factor.fma(right, t3);
            factor = FloatVector.broadcast(FLOATS, a[a4 + t]);
            s4 = factor.fma(left, s4);
            t4 = factor.fma(right, t4);
            factor = FloatVector.broadcast(FLOATS, a[a5 + t]);
            s5 = factor.fma(left, s5);
            t5 = factor.fma(right, t5);
        }
        s0.intoArray(c, to);
        t0.intoArray(c, to + LANES);
        s1.intoArray(c, to + 1 * PANEL);
        t1.intoArray(c, to + 1 * PANEL + LANES);
        s2.intoArray(c, to + 2 * PANEL);
        t2.intoArray(c, to + 2 * PANEL + LANES);
        s3.intoArray(c, to + 3 * PANEL);
        t3.intoArray(c, to + 3 * PANEL + LANES);
        s4.intoArray(c, to + 4 * PANEL);
        t4.intoArray(c, to + 4 * PANEL + LANES);
        s5.intoArray(c, to + 5 * PANEL);
        t5.intoArray(c, to + 5 * PANEL + LANES);
    }

    public static void weigh(float[] score, int rows, float[] max, float[] weights, int at, float[] sum, int base, int lines) {
        for (int x = 0; x < PANEL; x += LANES) {
            FloatVector old = FloatVector.fromArray(FLOATS, max, at + x);
            FloatVector top = old;
            for (int r = 0; r < rows; r++) {
                top = top.max(FloatVector.fromArray(FLOATS, score, r * PANEL + x));
            }
            FloatVector total = FloatVector.fromArray(FLOATS, weights, at + x);
            if (top.compare(VectorOperators.GT, old).anyTrue()) {
                FloatVector shrink = exp(old.sub(top));
                total = total.mul(shrink);
                for (int c = 0; c < lines; c++) {
                    FloatVector.fromArray(FLOATS, sum, base + c * PANEL + x).mul(shrink).intoArray(sum, base + c * PANEL + x);
                }
                top.intoArray(max, at + x);
            }
            for (int r = 0; r < rows; r++) {
                FloatVector weight = exp(FloatVector.fromArray(FLOATS, score, r * PANEL + x).sub(top));
                weight.intoArray(score, r * PANEL + x);
                total = total.add(weight);
            }
            total.intoArray(weights, at + x);
        }
    }

    /** {@code e^x} for x up to 0, 0 from -88 down; 2^n times a polynomial for the 2^f in [2^-1/2, 2^1/2] that is left. */
    private static FloatVector exp(FloatVector x) {
        FloatVector power = x.mul(1.44269504f).max(-127.0f);
        FloatVector shifted = power.add(ROUND);
        FloatVector f = power.sub(shifted.sub(ROUND));
        FloatVector p = FloatVector.broadcast(FLOATS, 1.5403530e-4f).fma(f, FloatVector.broadcast(FLOATS, 1.3333558e-3f))
                .fma(f, FloatVector.broadcast(FLOATS, 9.6181291e-3f)).fma(f, FloatVector.broadcast(FLOATS, 5.5504109e-2f))
                .fma(f, FloatVector.broadcast(FLOATS, 2.4022651e-1f)).fma(f, FloatVector.broadcast(FLOATS, 6.9314718e-1f))
                .fma(f, FloatVector.broadcast(FLOATS, 1.0f));
        IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        return p.reinterpretAsInts().add(exponent).reinterpretAsFloats();
    }
}
