package tessera.instructions;

/** A warp's product of a 16×16 and a 16×8 matrix of bfloat16, two in a register, added to floats. */
public final class MultiplyBfloat {

    private MultiplyBfloat() {
    }

    /** c += a b: PTX {@code mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32}. */
    public static void accumulate(@InOut(4) float[] c, int ci, @In(4) int[] a, int ai, @In(2) int[] b, int bi) {
        float[] d = accumulate(c[ci], c[ci + 1], c[ci + 2], c[ci + 3], a[ai], a[ai + 1], a[ai + 2], a[ai + 3], b[bi], b[bi + 1]);
        System.arraycopy(d, 0, c, ci, 4);
    }

    /** As {@link #accumulate(float[], int, int[], int, int[], int)}, by registers. */
    @Ptx(WarpProduct.OPERANDS + "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32" + WarpProduct.REGISTERS)
    public static float[] accumulate(float c0, float c1, float c2, float c3, int a0, int a1, int a2, int a3, int b0, int b1) {
        float[] c = {c0, c1, c2, c3};
        return WarpProduct.multiply("MultiplyBfloat", 2, c, unpack(a0, a1, a2, a3), unpack(b0, b1));
    }

    private static float[] unpack(int... registers) {
        float[] elements = new float[2 * registers.length];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = Float.intBitsToFloat(registers[i / 2] >> 16 * (i % 2) << 16);
        }
        return elements;
    }
}
