package tessera.instructions;

/** The numbers that {@link MultiplyTf32} takes. */
public final class Tf32 {

    /** The bits of a float that the matrix unit reads. */
    static final int MASK = ~0x1FFF;

    private Tf32() {
    }

    /** The bits of the nearest tf32, ties away from zero: PTX {@code cvt.rna.tf32.f32}. */
    @Ptx("""
            {
            .reg .b32 bits;
            cvt.rna.tf32.f32 bits, ${0};
            mov.b32 $r, bits;
            }""")
    public static int round(float x) {
        int bits = Float.floatToRawIntBits(x);
        return Float.isNaN(x) ? 0x7FFFFFFF : bits + 0x1000 & MASK;
    }
}
