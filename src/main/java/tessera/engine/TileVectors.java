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
    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED.length() <= 16 ? FloatVector.SPECIES_PREFERRED
            : FloatVector.SPECIES_512;
    private static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
    private static final int LANES = FLOATS.length();

    /** Adding it to a number below 2^22 and taking it away again rounds to a whole number, which the sum's low bits hold. */
    private static final float ROUND = 12582912.0f;

    private TileVectors() {
    }

    static int lanes() {
        return LANES;
    }

    public static void load(FloatArray from, int base, float[] to, int rows, int size, int width) {
        MemorySegment source = from.getSegment();
        if (size == width) {
            MemorySegment.copy(source, ValueLayout.JAVA_FLOAT, 4L * base, to, 0, rows * size);
        } else {
            for (int r = 0; r < rows; r++) {
                MemorySegment.copy(source, ValueLayout.JAVA_FLOAT, 4L * (base + r * size), to, r * width, size);
            }
        }
    }

    public static void multiply(float[] a, int row, int step, float[] b, float[] c, int rows, int depth, int columns) {
        int x = 0;
        for (; x + 2 * LANES <= columns; x += 2 * LANES) {
            int r = 0;
            for (; r + 6 <= rows; r += 6) {
                sixRows(a, r * row, row, step, b, x, c, r * columns + x, depth, columns);
            }
            for (; r < rows; r++) {
                oneRow(a, r * row, step, b, x, c, r * columns + x, depth, columns);
                oneRow(a, r * row, step, b, x + LANES, c, r * columns + x + LANES, depth, columns);
            }
        }
        for (; x < columns; x += LANES) {
            for (int r = 0; r < rows; r++) {
                oneRow(a, r * row, step, b, x, c, r * columns + x, depth, columns);
            }
        }
    }

    private static void oneRow(float[] a, int from, int step, float[] b, int x, float[] c, int to, int depth, int columns) {
        FloatVector sum = FloatVector.fromArray(FLOATS, c, to);
        for (int t = 0; t < depth; t++) {
            sum = FloatVector.broadcast(FLOATS, a[from + t * step]).fma(FloatVector.fromArray(FLOATS, b, x + t * columns), sum);
        }
        sum.intoArray(c, to);
    }

    /** Six rows of two vectors: with the two of B and one of A they take 15 registers of the 16 that AVX2 has. */
    private static void sixRows(float[] a, int a0, int row, int step, float[] b, int x, float[] c, int c0, int depth, int columns) {
        int a1 = a0 + row;
        int a2 = a1 + row;
        int a3 = a2 + row;
        int a4 = a3 + row;
        int a5 = a4 + row;
        int c1 = c0 + columns;
        int c2 = c1 + columns;
        int c3 = c2 + columns;
        int c4 = c3 + columns;
        int c5 = c4 + columns;
        FloatVector s0 = FloatVector.fromArray(FLOATS, c, c0);
        FloatVector t0 = FloatVector.fromArray(FLOATS, c, c0 + LANES);
        FloatVector s1 = FloatVector.fromArray(FLOATS, c, c1);
        FloatVector t1 = FloatVector.fromArray(FLOATS, c, c1 + LANES);
        FloatVector s2 = FloatVector.fromArray(FLOATS, c, c2);
        FloatVector t2 = FloatVector.fromArray(FLOATS, c, c2 + LANES);
        FloatVector s3 = FloatVector.fromArray(FLOATS, c, c3);
        FloatVector t3 = FloatVector.fromArray(FLOATS, c, c3 + LANES);
        FloatVector s4 = FloatVector.fromArray(FLOATS, c, c4);
        FloatVector t4 = FloatVector.fromArray(FLOATS, c, c4 + LANES);
        FloatVector s5 = FloatVector.fromArray(FLOATS, c, c5);
        FloatVector t5 = FloatVector.fromArray(FLOATS, c, c5 + LANES);
        for (int t = 0; t < depth; t++) {
            FloatVector first = FloatVector.fromArray(FLOATS, b, x + t * columns);
            FloatVector second = FloatVector.fromArray(FLOATS, b, x + t * columns + LANES);
            int at = t * step;
            FloatVector factor = FloatVector.broadcast(FLOATS, a[a0 + at]);
            s0 = factor.fma(first, s0);
            t0 = factor.fma(second, t0);
            factor = FloatVector.broadcast(FLOATS, a[a1 + at]);
            s1 = factor.fma(first, s1);
            t1 = factor.fma(second, t1);
            factor = FloatVector.broadcast(FLOATS, a[a2 + at]);
            s2 = factor.fma(first, s2);
            t2 = factor.fma(second, t2);
            factor = FloatVector.broadcast(FLOATS, a[a3 + at]);
            s3 = factor.fma(first, s3);
            t3 = factor.fma(second, t3);
            factor = FloatVector.broadcast(FLOATS, a[a4 + at]);
            s4 = factor.fma(first, s4);
            t4 = factor.fma(second, t4);
            factor = FloatVector.broadcast(FLOATS, a[a5 + at]);
            s5 = factor.fma(first, s5);
            t5 = factor.fma(second, t5);
        }
        s0.intoArray(c, c0);
        t0.intoArray(c, c0 + LANES);
        s1.intoArray(c, c1);
        t1.intoArray(c, c1 + LANES);
        s2.intoArray(c, c2);
        t2.intoArray(c, c2 + LANES);
        s3.intoArray(c, c3);
        t3.intoArray(c, c3 + LANES);
        s4.intoArray(c, c4);
        t4.intoArray(c, c4 + LANES);
        s5.intoArray(c, c5);
        t5.intoArray(c, c5 + LANES);
    }

    public static void weigh(float[] score, float[] max, float[] weights, float[] shrink, int rows, int columns) {
        for (int x = 0; x < columns; x += LANES) {
            FloatVector old = FloatVector.fromArray(FLOATS, max, x);
            FloatVector top = old;
            for (int r = 0; r < rows; r++) {
                top = top.max(FloatVector.fromArray(FLOATS, score, r * columns + x));
            }
            FloatVector factor = exp(old.sub(top));
            FloatVector sum = FloatVector.fromArray(FLOATS, weights, x).mul(factor);
            for (int r = 0; r < rows; r++) {
                FloatVector weight = exp(FloatVector.fromArray(FLOATS, score, r * columns + x).sub(top));
                weight.intoArray(score, r * columns + x);
                sum = sum.add(weight);
            }
            top.intoArray(max, x);
            factor.intoArray(shrink, x);
            sum.intoArray(weights, x);
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

    public static void scale(float[] c, float[] factors, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            if (factors[r] < 1.0f) {
                for (int x = r * columns; x < (r + 1) * columns; x += LANES) {
                    FloatVector.fromArray(FLOATS, c, x).mul(factors[r]).intoArray(c, x);
                }
            }
        }
    }
}
