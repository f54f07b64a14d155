package tessera.instructions;

/** A warp's product of a 16×8 and an 8×8 matrix of tf32, which are floats without their last 13 bits, added to floats. */
public final class MultiplyTf32 {

    private MultiplyTf32() {
    }

    /** c += a b: PTX {@code mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32}. */
    public static void accumulate(@InOut(4) float[] c, int ci, @In(4) int[] a, int ai, @In(2) int[] b, int bi) {
        float[] d = accumulate(c[ci], c[ci + 1], c[ci + 2], c[ci + 3], a[ai], a[ai + 1], a[ai + 2], a[ai + 3], b[bi], b[bi + 1]);
        System.arraycopy(d, 0, c, ci, 4);
    }

    /** As {@link #accumulate(float[], int, int[], int, int[], int)}, by registers. */
    @Ptx(WarpProduct.OPERANDS + "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32" + WarpProduct.REGISTERS)
    public static float[] accumulate(float c0, float c1, float c2, float c3, int a0, int a1, int a2, int a3, int b0, int b1) {
        float[] c = {c0, c1, c2, c3};
        return WarpProduct.multiply("MultiplyTf32", 1, c, unpack(a0, a1, a2, a3), unpack(b0, b1));
    }

    private static float[] unpack(int... registers) {
        float[] elements = new float[registers.length];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = Float.intBitsToFloat(registers[i] & Tf32.MASK);
        }
        return elements;
    }
}
