package tessera.instructions;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/** Small kernels for groups of 32 or 64 work-items that have every instruction between them, by registers. */
public final class InstructionKernels {

    private InstructionKernels() {
    }

    /** Leaves a mark, without instructions. */
    public static void mark(KernelContext context, FloatArray out) {
        out.set(context.globalIdx, 42.5f);
    }

    /** d = a b + c; a 16×16, b 16×8 by columns. */
    public static void multiplyHalf(KernelContext context, HalfFloatArray a, HalfFloatArray b, FloatArray c, FloatArray d) {
        int row = context.localIdx >> 2;
        int column = (context.localIdx & 3) * 2;
        int i = row * 16 + column;
        int j = row * 8 + column;
        float[] top = LoadGlobal.two(c, j, 0);
        float[] bottom = LoadGlobal.two(c, j, 64);
        float[] sum = MultiplyHalf.accumulate(Fragment.get(top, 0), Fragment.get(top, 1), Fragment.get(bottom, 0), Fragment.get(bottom, 1),
                LoadGlobal.pair(a, i, 0), LoadGlobal.pair(a, i, 128), LoadGlobal.pair(a, i, 8), LoadGlobal.pair(a, i, 136),
                LoadGlobal.pair(b, i, 0), LoadGlobal.pair(b, i, 8));
        StoreGlobal.two(d, j, 0, Fragment.get(sum, 0), Fragment.get(sum, 1));
        StoreGlobal.two(d, j, 64, Fragment.get(sum, 2), Fragment.get(sum, 3));
    }

    /** d = a b + c; a 16×32 of signed, b 32×8 by columns of unsigned bytes, a by way of shared memory; c is the row. */
    public static void multiplyBytes(KernelContext context, ByteArray a, ByteArray b, FloatArray d) {
        int lane = context.localIdx;
        int row = lane >> 2;
        int rows = Shared.allocate(512);
        CopyAsync.copy(rows + lane * 16, 0, a, lane * 16, 0);
        CopyAsync.commit();
        CopyAsync.await(0);
        context.localBarrier();
        int[] x = LoadMatrix.four(rows + ((lane & 7) + (lane >> 3 & 1) * 8) * 32 + (lane >> 4) * 16, 0);
        int i = row * 32 + (lane & 3) * 4;
        int[] sum = MultiplyBytes.accumulate(row, row, row + 8, row + 8, Fragment.get(x, 0), Fragment.get(x, 1), Fragment.get(x, 2),
                Fragment.get(x, 3), LoadGlobal.bytes(b, i, 0), LoadGlobal.bytes(b, i, 16));
        int j = row * 8 + (lane & 3) * 2;
        StoreGlobal.two(d, j, 0, Fragment.get(sum, 0), Fragment.get(sum, 1));
        StoreGlobal.two(d, j, 64, Fragment.get(sum, 2), Fragment.get(sum, 3));
    }

    /** As {@link #multiplyHalf}, of floats packed to bfloat16; c is 0. */
    public static void multiplyBfloat(KernelContext context, FloatArray a, FloatArray b, FloatArray d) {
        int row = context.localIdx >> 2;
        int column = (context.localIdx & 3) * 2;
        int i = row * 16 + column;
        float[] a0 = LoadGlobal.two(a, i, 0);
        float[] a1 = LoadGlobal.two(a, i, 128);
        float[] a2 = LoadGlobal.two(a, i, 8);
        float[] a3 = LoadGlobal.two(a, i, 136);
        float[] b0 = LoadGlobal.two(b, i, 0);
        float[] b1 = LoadGlobal.two(b, i, 8);
        float[] sum = MultiplyBfloat.accumulate(0f, 0f, 0f, 0f,
                PackBfloat.pack(Fragment.get(a0, 0), Fragment.get(a0, 1)), PackBfloat.pack(Fragment.get(a1, 0), Fragment.get(a1, 1)),
                PackBfloat.pack(Fragment.get(a2, 0), Fragment.get(a2, 1)), PackBfloat.pack(Fragment.get(a3, 0), Fragment.get(a3, 1)),
                PackBfloat.pack(Fragment.get(b0, 0), Fragment.get(b0, 1)), PackBfloat.pack(Fragment.get(b1, 0), Fragment.get(b1, 1)));
        StoreGlobal.two(d, row * 8 + column, 0, Fragment.get(sum, 0), Fragment.get(sum, 1));
        StoreGlobal.two(d, row * 8 + column, 64, Fragment.get(sum, 2), Fragment.get(sum, 3));
    }

    /** d = a b; a 16×8, b 8×8 by columns. */
    public static void multiplyTf32(KernelContext context, FloatArray a, FloatArray b, FloatArray d) {
        int row = context.localIdx >> 2;
        int column = context.localIdx & 3;
        int i = row * 8 + column;
        float[] sum = MultiplyTf32.accumulate(0f, 0f, 0f, 0f, Tf32.round(a.get(i)), Tf32.round(a.get(i + 64)), Tf32.round(a.get(i + 4)),
                Tf32.round(a.get(i + 68)), Tf32.round(b.get(i)), Tf32.round(b.get(i + 4)));
        StoreGlobal.two(d, row * 8 + 2 * column, 0, Fragment.get(sum, 0), Fragment.get(sum, 1));
        StoreGlobal.two(d, row * 8 + 2 * column, 64, Fragment.get(sum, 2), Fragment.get(sum, 3));
    }

    /** d = a b, all 16×16 and by rows, through shared memory; the product of columns 0 to 7 of b is made twice, one added to the other. */
    public static void staged(KernelContext context, HalfFloatArray a, HalfFloatArray b, FloatArray d) {
        int lane = context.localIdx;
        int first = Shared.allocate(512);
        int second = Shared.allocate(512);
        CopyAsync.copy(first + lane * 16, 0, a, lane * 8, 0);
        CopyAsync.commit();
        CopyAsync.copy(second + lane * 16, 0, b, lane * 8, 0);
        CopyAsync.commit();
        int at = ((lane & 7) + (lane >> 3 & 1) * 8) * 32 + (lane >> 4) * 16;
        CopyAsync.await(1);
        context.localBarrier();
        int[] x = LoadMatrix.four(first + at, 0);
        CopyAsync.await(0);
        context.localBarrier();
        int[] y = LoadMatrix.fourTransposed(second + at - 32, 32);
        float[] left = MultiplyHalf.accumulate(0f, 0f, 0f, 0f, Fragment.get(x, 0), Fragment.get(x, 1), Fragment.get(x, 2),
                Fragment.get(x, 3), Fragment.get(y, 0), Fragment.get(y, 1));
        float[] right = MultiplyHalf.accumulate(0f, 0f, 0f, 0f, Fragment.get(x, 0), Fragment.get(x, 1), Fragment.get(x, 2),
                Fragment.get(x, 3), Fragment.get(y, 2), Fragment.get(y, 3));
        float[] again = MultiplyHalf.accumulate(Fragment.get(left, 0), Fragment.get(left, 1), Fragment.get(left, 2), Fragment.get(left, 3),
                Fragment.get(x, 0), Fragment.get(x, 1), Fragment.get(x, 2), Fragment.get(x, 3), Fragment.get(y, 0), Fragment.get(y, 1));
        int to = (lane >> 2) * 16 + (lane & 3) * 2;
        StoreGlobal.two(d, to, 0, Fragment.get(again, 0), Fragment.get(again, 1));
        StoreGlobal.two(d, to, 128, Fragment.get(again, 2), Fragment.get(again, 3));
        StoreGlobal.two(d, to, 8, Fragment.get(right, 0), Fragment.get(right, 1));
        StoreGlobal.two(d, to, 136, Fragment.get(right, 2), Fragment.get(right, 3));
    }

    /** Of every number eight others. */
    public static void arithmetic(KernelContext context, FloatArray in, HalfFloatArray halves, FloatArray out) {
        int i = context.globalIdx;
        float x = in.get(i);
        float y = in.get(i ^ 1);
        int pair = PackBfloat.pack(x, y);
        StoreGlobal.four(out, i * 8, 0, Exp2.of(x), Fmax.of(x, y), Bits.toFloat(Tf32.round(x)), Bits.toFloat(Bits.of(x)));
        StoreGlobal.four(out, i * 8, 4, Bits.toFloat(pair << 16), Bits.toFloat(pair & 0xFFFF0000), Fmax.of(1f, x), Exp2.of(-200f));
        StoreGlobal.pair(halves, i * 2, 0, PackHalf.pack(x, y));
    }

    /** Two halves apart, the product of two pairs of them, and a transposed one. */
    public static void halfPairs(KernelContext context, FloatArray in, FloatArray out) {
        int i = context.globalIdx;
        int pair = PackHalf.pack(LoadGlobal.one(in, i, 0), LoadGlobal.one(in, i ^ 1, 0));
        int square = HalfPair.multiply(pair, pair);
        int row = HalfPair.transpose(pair, pair, i & 1);
        StoreGlobal.four(out, i * 8, 0, HalfPair.low(pair), HalfPair.high(pair), HalfPair.low(square), HalfPair.high(square));
        StoreGlobal.four(out, i * 8, 4, HalfPair.low(row), HalfPair.high(row), 0f, 0f);
    }

    /** The sum of a warp, lane 5's number of the next lane but two, as bits, and whether any is negative. */
    public static void lanes(KernelContext context, FloatArray in, FloatArray out) {
        int i = context.globalIdx;
        float x = in.get(i);
        float sum = x;
        for (int mask = 16; mask > 0; mask = mask >> 1) {
            sum = sum + ShuffleXor.of(sum, mask);
        }
        int negative = 0;
        if (x < 0f) {
            negative = 1;
        }
        float some = 0f;
        if (Vote.any(negative) != 0) {
            some = 1f;
        }
        StoreGlobal.two(out, i * 4, 0, sum, Bits.toFloat(ShuffleXor.of(Bits.of(x), 3)));
        StoreGlobal.two(out, i * 4, 2, some, Shuffle.of(x, (i * 5 + 3) & 31));
    }

    /** Every work-item reads through shared memory what its mirror image in the group wrote. */
    public static void memory(KernelContext context, FloatArray in, FloatArray out) {
        int i = context.localIdx;
        int mirrored = context.localGroupSizeX - 1 - i;
        int floats = Shared.allocate(4096);
        int bits = Shared.allocate(2048);
        int copies = Shared.allocate(2048);
        CopyAsync.copy(copies + i * 16, 0, in, i * 8, 4);
        CopyAsync.commit();
        float[] v = LoadGlobal.four(in, i * 8, 0);
        float[] w = LoadGlobal.two(in, i * 8, 4);
        StoreShared.four(floats + i * 32, 0, Fragment.get(v, 0), Fragment.get(v, 1), Fragment.get(v, 2), Fragment.get(v, 3));
        StoreShared.two(floats + i * 32, 16, Fragment.get(w, 0), Fragment.get(w, 1));
        StoreShared.one(floats + i * 32, 24, in.get(i * 8 + 6));
        StoreShared.four(bits + i * 16, 0, i, i + 1, i + 2, Bits.of(in.get(i * 8 + 7)));
        CopyAsync.await(0);
        context.localBarrier();
        float[] a = LoadShared.four(floats + mirrored * 32, 0);
        float[] b = LoadShared.two(floats + mirrored * 32, 16);
        float[] c = LoadShared.four(copies + mirrored * 16, 0);
        StoreGlobal.four(out, i * 12, 0, Fragment.get(a, 0), Fragment.get(a, 1), Fragment.get(a, 2), Fragment.get(a, 3));
        StoreGlobal.four(out, i * 12, 4, Fragment.get(b, 0), Fragment.get(b, 1), LoadShared.one(floats + mirrored * 32, 24),
                LoadShared.one(bits + mirrored * 16, 12));
        StoreGlobal.four(out, i * 12, 8, Fragment.get(c, 0), Fragment.get(c, 1), Fragment.get(c, 2), Fragment.get(c, 3));
    }

    /** Eight halves for each work-item, as floats. */
    public static void widened(KernelContext context, HalfFloatArray in, FloatArray out) {
        int i = context.globalIdx * 8;
        int[] eight = LoadGlobal.eight(in, i - 8, 8);
        StoreGlobal.four(out, i, 0, HalfPair.low(Fragment.get(eight, 0)), HalfPair.high(Fragment.get(eight, 0)),
                HalfPair.low(Fragment.get(eight, 1)), HalfPair.high(Fragment.get(eight, 1)));
        StoreGlobal.four(out, i, 4, HalfPair.low(Fragment.get(eight, 2)), HalfPair.high(Fragment.get(eight, 2)),
                HalfPair.low(Fragment.get(eight, 3)), HalfPair.high(Fragment.get(eight, 3)));
    }
}
