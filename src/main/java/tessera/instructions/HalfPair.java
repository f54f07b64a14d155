package tessera.instructions;

/** Arithmetic on two halves in an int, as {@link PackHalf} makes them. */
public final class HalfPair {

    private HalfPair() {
    }

    /** The lower half: PTX {@code cvt.f32.f16}. */
    @Ptx("""
            {
            .reg .b32 bits;
            .reg .b16 low, high;
            mov.b32 bits, ${0};
            mov.b32 {low, high}, bits;
            cvt.f32.f16 $r, low;
            }""")
    public static float low(int pair) {
        return Float.float16ToFloat((short) pair);
    }

    /** The upper half: PTX {@code cvt.f32.f16}. */
    @Ptx("""
            {
            .reg .b32 bits;
            .reg .b16 low, high;
            mov.b32 bits, ${0};
            mov.b32 {low, high}, bits;
            cvt.f32.f16 $r, high;
            }""")
    public static float high(int pair) {
        return Float.float16ToFloat((short) (pair >> 16));
    }

    /** The products of the lower and of the upper halves, rounded to the nearest half: PTX {@code mul.rn.f16x2}. */
    @Ptx("""
            {
            .reg .b32 a, b, product;
            mov.b32 a, ${0};
            mov.b32 b, ${1};
            mul.rn.f16x2 product, a, b;
            mov.b32 $r, product;
            }""")
    public static int multiply(int a, int b) {
        return PackHalf.pack(low(a) * low(b), high(a) * high(b));
    }

    /**
     * A row of a 2×2 matrix of which this lane has a column and another lane the other one: PTX {@code prmt.b32}.
     *
     * @param odd 0 for the first column and row, 1 for the second
     */
    @Ptx("""
            {
            .reg .pred second;
            .reg .b32 own, other, selector, result;
            mov.b32 own, ${0};
            mov.b32 other, ${1};
            setp.ne.s32 second, ${2}, 0;
            selp.b32 selector, 0x3276, 0x5410, second;
            prmt.b32 result, own, other, selector;
            mov.b32 $r, result;
            }""")
    public static int transpose(int own, int other, int odd) {
        return odd != 0 ? other >>> 16 | own & 0xFFFF0000 : own & 0xFFFF | other << 16;
    }
}
