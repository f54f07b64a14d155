package tessera.instructions;

/** Two bfloat16 in an int. */
public final class PackBfloat {

    private PackBfloat() {
    }

    /** Both rounded to the nearest bfloat16: PTX {@code cvt.rn.bf16x2.f32}. */
    @Ptx("""
            {
            .reg .b32 bits;
            cvt.rn.bf16x2.f32 bits, ${1}, ${0};
            mov.b32 $r, bits;
            }""")
    public static int pack(float low, float high) {
        return round(low) | round(high) << 16;
    }

    private static int round(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.isNaN(x) ? 0x7FFF : bits + 0x7FFF + (bits >>> 16 & 1) >>> 16;
    }
}
