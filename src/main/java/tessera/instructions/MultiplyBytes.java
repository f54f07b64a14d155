package tessera.instructions;

import java.util.Arrays;

/** A warp's product of a 16×32 matrix of signed and a 32×8 matrix of unsigned bytes, four in a register, added to ints. */
public final class MultiplyBytes {

    private MultiplyBytes() {
    }

    /** c += a b: PTX {@code mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32}. */
    public static void accumulate(@InOut(4) int[] c, int ci, @In(4) int[] a, int ai, @In(2) int[] b, int bi) {
        int[] d = accumulate(c[ci], c[ci + 1], c[ci + 2], c[ci + 3], a[ai], a[ai + 1], a[ai + 2], a[ai + 3], b[bi], b[bi + 1]);
        System.arraycopy(d, 0, c, ci, 4);
    }

    /** As {@link #accumulate(int[], int, int[], int, int[], int)}, by registers. */
    @Ptx(WarpProduct.OPERANDS + "mma.sync.aligned.m16n8k32.row.col.s32.s8.u8.s32" + WarpProduct.REGISTERS)
    public static int[] accumulate(int c0, int c1, int c2, int c3, int a0, int a1, int a2, int a3, int b0, int b1) {
        float[] products = WarpProduct.multiply("MultiplyBytes", 4, new float[4], unpack(true, a0, a1, a2, a3), unpack(false, b0, b1));
        int[] c = {c0, c1, c2, c3};
        Arrays.setAll(c, i -> c[i] + (int) products[i]); // 32 products are below 2^24, so that floats are exact
        return c;
    }

    private static float[] unpack(boolean signed, int... registers) {
        float[] elements = new float[4 * registers.length];
        for (int i = 0; i < elements.length; i++) {
            byte element = (byte) (registers[i / 4] >> 8 * (i % 4));
            elements[i] = signed ? element : element & 255;
        }
        return elements;
    }
}
