package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.math.TornadoMath;

/** Numbers as integers, so that which code or number is nearest is decided alike on every device, whatever its division rounds. */
public final class FixedPoint {
    private static final float MOST = 2.6843546e8f; // 2^28
    private static final float LARGEST_UNIT = 1.1529215e18f; // 2^60
    private static final float PARTS = 256.0f;

    private FixedPoint() {
    }

    /** The power of two that brings a magnitude to 2^28 or above, at most 2^60; 1 for larger magnitudes. */
    public static float unit(float most) {
        float unit = 1.0f;
        while (most * unit < MOST && unit < LARGEST_UNIT) {
            unit = unit + unit;
        }
        return unit;
    }

    /** 1 over a power of two from 1 to 2^60. */
    public static float inverse(float unit) {
        float inverse = 1.0f;
        float power = 1.0f;
        while (power < unit) {
            power = power + power;
            inverse = inverse * 0.5f;
        }
        return inverse;
    }

    /** {@code 256 x} without its fraction, for magnitudes of x below 2^30; OpenCL code of TornadoVM makes no long integer of a float but by way of an int. */
    public static long fixed(float x) {
        int whole = (int) x;
        int parts = (int) ((x - whole) * PARTS);
        return (long) whole * 256 + parts;
    }

    /** The nearest of {@code steps + 1} evenly spaced levels from low to high, the upper one of two; 0 where low is high. */
    public static int level(float x, float low, float high, float unit, int steps) {
        long start = fixed(low * unit);
        long width = fixed(high * unit) - start;
        long place = fixed(x * unit) - start;
        int level = 0;
        if (width > 0) {
            level = (int) ((2 * steps * place + width) / (2 * width));
        }
        return level;
    }

    /**
     * The number of a floating-point format nearest to {@code x / s}, {@code s = 2 most / twiceLargest}; of two, the one
     * further from 0. Magnitudes beyond {@code most} count as it.
     *
     * @param twiceLargest twice the largest number of the format
     * @param fraction 2 to the bits of the fraction
     * @param least 1 over the least normal number
     */
    public static float number(float x, float most, float unit, int twiceLargest, int fraction, int least) {
        long end = fixed(most * unit);
        long magnitude = fixed(x * unit);
        if (magnitude < 0) {
            magnitude = -magnitude;
        }
        if (magnitude > end) {
            magnitude = end;
        }
        magnitude = magnitude * twiceLargest * least;
        long scale = TornadoMath.max(2 * end, 1L);
        float power = 1.0f / (least * fraction);
        while (magnitude >= 2 * scale) {
            scale = 2 * scale;
            power = power + power;
        }
        float number = (int) ((2 * magnitude * fraction + scale) / (2 * scale)) * power;
        if (x < 0.0f) {
            number = -number;
        }
        return number;
    }
}
