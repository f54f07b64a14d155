package uk.ac.manchester.tornado.api.types;

/** An IEEE half-precision number. */
public class HalfFloat {
    private final short bits;

    /** Rounds to the nearest half, ties to even. */
    public HalfFloat(float value) {
        bits = Float.floatToFloat16(value);
    }

    /** From the sixteen bits of a half. */
    public HalfFloat(short bits) {
        this.bits = bits;
    }

    /** a + b, computed in single precision and rounded to half. */
    public static HalfFloat add(HalfFloat a, HalfFloat b) {
        return new HalfFloat(a.getFloat32() + b.getFloat32());
    }

    /** a - b, computed in single precision and rounded to half. */
    public static HalfFloat sub(HalfFloat a, HalfFloat b) {
        return new HalfFloat(a.getFloat32() - b.getFloat32());
    }

    /** a * b, computed in single precision and rounded to half. */
    public static HalfFloat mult(HalfFloat a, HalfFloat b) {
        return new HalfFloat(a.getFloat32() * b.getFloat32());
    }

    /** a / b, computed in single precision and rounded to half. */
    public static HalfFloat div(HalfFloat a, HalfFloat b) {
        return new HalfFloat(a.getFloat32() / b.getFloat32());
    }

    /** The sixteen bits. */
    public short getHalfFloatValue() {
        return bits;
    }

    /** The value in single precision, which is exact. */
    public float getFloat32() {
        return Float.float16ToFloat(bits);
    }

    @Override
    public String toString() {
        return String.format("HalfFloat: %.4f", getFloat32());
    }
}
