package uk.ac.manchester.tornado.api.types;

/** Conversions between single precision and bfloat16, the upper half of a float's bits. */
public final class BFloat16 {
    /** The largest finite bfloat16. */
    public static final float BF16_MAX = 3.3895314e38f;

    private BFloat16() {}

    /** The value of sixteen bfloat16 bits, which is exact. */
    public static float bf16ToFloat(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    /** Rounds to the nearest bfloat16, ties to even; every NaN becomes the quiet NaN. */
    public static short bf16FromFloat(float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = (bits + 0x7FFF + ((bits >>> 16) & 1)) >>> 16;
        return (short) (value != value ? 0x7FC0 : rounded);
    }
}
