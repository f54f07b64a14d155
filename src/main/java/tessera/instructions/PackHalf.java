package tessera.instructions;

/** Two halves in an int. */
public final class PackHalf {

    private PackHalf() {
    }

    /** Both rounded to the nearest half: PTX {@code cvt.rn.f16x2.f32}. */
    @Ptx("""
            {
            .reg .b32 bits;
            cvt.rn.f16x2.f32 bits, ${1}, ${0};
            mov.b32 $r, bits;
            }""")
    public static int pack(float low, float high) {
        return Float.floatToFloat16(low) & 0xFFFF | Float.floatToFloat16(high) << 16;
    }
}
