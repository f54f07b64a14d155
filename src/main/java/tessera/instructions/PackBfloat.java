package tessera.instructions;

/** Two bfloat16 in an int. */
public final class PackBfloat {

    private PackBfloat() {
    }

    /** Both rounded to the nearest bfloat16: PTX {@code cvt.rn.bf16x2.f32}. */
    @Ptx("cvt.rn.bf16x2.f32 $r, ${1}, ${0};")
    public static int pack(float low, float high) {
        return round(low) | round(high) << 16;
    }

    private static int round(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.isNaN(x) ? 0x7FFF : bits + 0x7FFF + (bits >>> 16 & 1) >>> 16;
    }
}
