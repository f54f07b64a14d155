package tessera.instructions;

/** The bits of a float as an int, and back. */
public final class Bits {

    private Bits() {
    }

    /** PTX {@code mov.b32}. */
    @Ptx("mov.b32 $r, ${0};")
    public static int of(float x) {
        return Float.floatToRawIntBits(x);
    }

    /** PTX {@code mov.b32}. */
    @Ptx("mov.b32 $r, ${0};")
    public static float toFloat(int bits) {
        return Float.intBitsToFloat(bits);
    }
}
