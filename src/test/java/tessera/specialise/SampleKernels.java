package tessera.specialise;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Kernels with every construct that is specialised; each reads {@code in} and writes {@code out}, {@code size} floats for each work-item. */
public final class SampleKernels {
    private SampleKernels() {
    }

    /** A dot product and a scaled sum with one register for each element. */
    public static void dot(KernelContext context, FloatArray in, FloatArray out, int size, @Constant int dim) {
        int item = context.globalIdx;
        float @Registers [] sum = new float[dim];
        for (int row = 0; row < 3; row++) {
            float dot = 0.0f;
            for (@Unroll int d = 0; d < dim; d++) {
                dot += in.get((item + row) % 7 + d) * in.get(row * 5 + d);
            }
            for (@Unroll int d = 0; d < dim; d++) {
                sum[d] = sum[d] * 0.5f + dot * in.get(d);
            }
        }
        for (@Unroll int d = 0; d < dim; d++) {
            out.set(item * size + d, sum[d]);
        }
    }

    /** Tiles of tiles in a loop whose length is not known. */
    public static void nested(KernelContext context, FloatArray in, FloatArray out, int size, @Constant int rows, @Constant int columns) {
        int item = context.globalIdx;
        int cells = rows * columns;
        float @Registers [] tile = new float[cells];
        int rounds = 2 + item % 3;
        for (int round = 0; round < rounds; round++) {
            float @Registers [] line = new float[columns];
            int cell = 0;
            for (@Unroll int r = 0; r < rows; r++) {
                for (@Unroll int c = 0; c < columns; c += 1) {
                    line[c] += in.get(item + r) * (c + 1);
                    tile[cell] += line[c] - round;
                    cell++;
                }
            }
        }
        for (@Unroll int i = 0; i < cells; i++) {
            out.set(item * size + i, tile[i]);
        }
    }

    /** Conditions: known ones, unknown ones inside unrolled loops, both kinds of {@code ?:}, break and continue. */
    public static void conditions(KernelContext context, FloatArray in, FloatArray out, int size, @Constant int dim, @Constant float bias) {
        int item = context.globalIdx;
        int step = dim > 4 ? 2 : 1;
        int pairs = TornadoMath.max(1, dim / step);
        float scale = bias > 1.0f ? bias * 0.5f : bias;
        float @Registers [] value = new float[dim];
        int chosen = 0;
        for (@Unroll int d = 0; d < dim; d += step) {
            float x = in.get(item + d);
            if (x > 0.0f) {
                value[d] = x * scale;
                chosen = d;
            } else if (d % 4 == 0) {
                value[d] = -x;
            }
            float y = x < 0.5f ? x : d == 2 ? 7.0f : 1.0f;
            value[d] += y > 0.0f && item % 2 == 0 ? 3.0f : y;
            if (step == 2) {
                value[d + 1] += value[d];
            }
            if (x > 0.9f) {
                continue;
            }
            value[d] *= 2.0f;
        }
        int last = 0;
        for (@Unroll int d = 0; d < dim; d++) {
            if (in.get(item + d) > 0.95f) {
                break;
            }
            last = d;
        }
        for (@Unroll int d = 0; d < dim; d++) {
            out.set(item * size + d, value[d] + chosen + 10 * last + pairs);
        }
    }

    /** Other loops and arithmetic: while, do, long, negative steps, compound assignments as values. */
    public static void loops(KernelContext context, FloatArray in, FloatArray out, int size, @Constant int dim) {
        int item = context.globalIdx;
        float @Registers [] value = new float[dim + 1];
        @Unroll int d = dim - 1;
        long weight = 1L;
        while (d >= 0) {
            value[d] = value[d + 1] + in.get(item + d) * weight;
            weight = weight * 3L % 7L;
            d--;
        }
        int n = item;
        do {
            value[0] += n;
            n -= 3;
        } while (n > 0);
        float a = 0.0f;
        while (a < 4.0f) {
            a = a * 2.0f + 1.0f;
            value[dim] = value[0] += a;
        }
        int shifted = 0;
        for (@Unroll int i = 1; i < dim; i <<= 1) {
            shifted += i;
            value[i] = -value[i] + (float) shifted / 2 + (byte) (i * 100);
        }
        float[] plain = new float[4];
        for (int i = 0; i < 4; i++) {
            plain[i] += i * value[0];
        }
        plain[2] += 0.25f;
        for (@Unroll int i = 0; i < dim; i++) {
            out.set(item * size + i, value[i] + plain[i & 3] * (dim - dim) + plain[2] + value.length);
        }
    }

    /** Choices over a known number, signed zeros, several exits from an inlined loop, arrays that change their names. */
    public static void choices(KernelContext context, FloatArray in, FloatArray out, int size, @Constant int dim, @Constant float sign) {
        int item = context.globalIdx;
        float zero = sign * 0.0f;
        float weight = switch (dim) {
            case 1 -> 3.0f;
            case 2, 8 -> in.get(item);
            default -> -1.0f;
        };
        float @Registers [] even = new float[dim];
        float @Registers [] odd = new float[dim];
        float[] plain = new float[3];
        for (float p : plain) {
            weight += p + 1.0f;
        }
        float[] now = even;
        float[] next = odd;
        for (@Unroll int step = 0; step < 4; step++) {
            for (@Unroll int d = 0; d < dim; d++) {
                next[d] = now[(d + 1) % dim] * 0.5f + (step > 0 ? in.get(item + d) : firstAbove(in, item, step - 0.5f, 20)) + d * step;
            }
            float[] kept = now;
            now = next;
            next = kept;
        }
        int unset;
        if (item % 3 == 0) {
            unset = 1;
        } else {
            unset = 2;
        }
        int known;
        if (dim > 2) {
            known = 5;
        } else {
            known = 6;
        }
        now[known % dim] += known;
        for (@Unroll int d = 0; d < dim; d++) {
            out.set(item * size + d, now[d] + 2.0f * next[d] + unset + weight + even.length);
        }
        out.set(item * size, 1.0f / zero + 4.0f * firstAbove(in, item, 0.9f, dim));
    }

    @Inline
    private static float firstAbove(FloatArray in, int from, float limit, int count) {
        for (int i = from; i < from + count; i++) {
            if (in.get(i) > limit) {
                return i - from;
            }
        }
        return -1.0f;
    }

    /** Methods in place of their calls. */
    public static void inlined(KernelContext context, FloatArray in, FloatArray out, int size, @Constant int dim) {
        int item = context.globalIdx;
        float @Registers [] a = new float[dim];
        float @Registers [] b = new float[dim];
        load(a, in, item, dim);
        load(b, in, 2 * item, dim);
        float sum = 0.0f;
        for (int round = 0; round < 2; round++) {
            sum += product(a, b, round);
            exchange(a, b, dim);
        }
        float sign = sign(sum - 1.0f) + InlinedElsewhere.half(sum) + sign(dim);
        for (@Unroll int d = 0; d < dim; d++) {
            out.set(item * size + d, a[d] * sign + b[d] + scaled(sum, d));
        }
    }

    @Inline
    private static void load(float[] to, FloatArray in, int from, int dim) {
        for (@Unroll int d = 0; d < dim; d++) {
            to[d] = in.get(from + d);
        }
    }

    @Inline
    private static float product(float[] a, float[] b, int round) {
        float sum = round;
        for (@Unroll int d = 0; d < a.length; d++) {
            sum += a[d] * b[d];
        }
        return sum;
    }

    @Inline
    private static void exchange(float[] a, float[] b, int dim) {
        for (@Unroll int d = 0; d < dim; d += 2) {
            float kept = a[d];
            a[d] = b[d];
            b[d] = kept;
        }
    }

    @Inline
    private static float sign(float x) {
        if (x > 0.0f) {
            return 1.0f;
        }
        return x < 0.0f ? -1.0f : 0.0f;
    }

    public static float scaled(float x, int by) {
        return x * by;
    }

    /** Instructions on registers, staged in local memory with barriers. */
    public static void instructions(KernelContext context, FloatArray in, FloatArray out, int size, @Constant int dim) {
        float[] local = context.allocateFloatLocalArray(16 * size);
        int item = context.localIdx;
        float @Registers [] sum = new float[dim];
        float @Registers [] a = new float[dim];
        int @Registers [] parts = new int[4];
        for (int round = 0; round < 2; round++) {
            for (@Unroll int d = 0; d < dim; d++) {
                a[d] = in.get(context.globalIdx + d + round);
            }
            for (@Unroll int d = 0; d < dim; d += 2) {
                FakeInstructions.multiplyAdd(sum, d, a, d, a, dim - 1 - d);
                FakeInstructions.split(sum[d], d + 1, parts, d & 2);
            }
            context.localBarrier();
            for (@Unroll int d = 0; d < dim; d += 2) {
                FakeInstructions.put(sum, d, local, item * size + d);
            }
            context.localBarrier();
            for (@Unroll int d = 0; d < dim; d++) {
                sum[d] += local[(15 - item) * size + d] + 0.125f * FakeInstructions.total(a[d], sum, d & ~1);
            }
        }
        for (@Unroll int d = 0; d < dim; d++) {
            out.set(context.globalIdx * size + d, sum[d] + parts[d & 3]);
        }
    }
}
