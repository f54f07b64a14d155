package tessera.tasks.dense;

import tessera.instructions.Bits;
import tessera.instructions.Exp2;
import tessera.instructions.Fmax;
import tessera.instructions.HalfPair;
import tessera.instructions.LoadGlobal;
import tessera.instructions.LoadMatrix;
import tessera.instructions.MultiplyHalf;
import tessera.instructions.PackHalf;
import tessera.instructions.Select;
import tessera.instructions.Shared;
import tessera.instructions.Shuffle;
import tessera.instructions.ShuffleXor;
import tessera.instructions.StoreShared;
import tessera.instructions.SyncWarp;
import tessera.instructions.Vote;
import tessera.specialise.Constant;
import tessera.specialise.Inline;
import tessera.specialise.Registers;
import tessera.specialise.Unroll;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Softmax attention of one query for each sequence on matrix units, float16 operands and float32 sums. Each warp takes 16 keys at a
 * time from memory straight into the fragments of {@code S = Q Kᵀ} and {@code Oᵀ = Vᵀ Pᵀ}, whose rows and columns are up to 8 query heads
 * that share the keys; the keys are cut into parts (FlashDecoding, Stanford blog 2023).
 */
public final class MatrixDecode {
    private static final float HIDDEN = -1.0e30f;
    private static final float SLACK = 8.0f;

    private MatrixDecode() {
    }

    /**
     * One work-group of {@code 32 warps} items for each {@code tileH} query heads of a key/value head of a batch (x) and each part of
     * the keys (y). As sums run over channels and keys in any order, lane {@code 4 g + t} reads of key g the channels
     * {@code [8 t, 8 t + 8)} of every 32, and of the keys 2 t and 2 t + 1 the channels {@code [8 g, 8 g + 8)} of every 64.
     *
     * @param q [batch, heads, 1, headDim] float16
     * @param k [batch, kvHeads, keys, headDim] float16; with pages [pages, kvHeads, pageSize, headDim]
     * @param v [batch, kvHeads, keys, valueDim] float16; with pages [pages, kvHeads, pageSize, valueDim]
     * @param out [parts, batch, heads, 1, valueDim]; 0 where no key is visible
     * @param lse [parts, batch, heads, 1], natural logarithm; -1e30 where no key is visible
     * @param list for each batch how many keys the query sees, the first sinks of them at the start, the others skip keys further on; then
     *        the page of each pageSize keys of each batch
     * @param group query heads of a key/value head
     * @param rows batch * heads
     * @param headDim a multiple of 8
     * @param valueDim a multiple of 8
     * @param scale above 0
     * @param pageSize keys in a page, 0 for none
     * @param tileH query heads, at most 8
     * @param stages 2 where the next keys arrive while values are used; 1 where registers do not suffice
     */
    public static void tiles(KernelContext context, HalfFloatArray q, HalfFloatArray k, HalfFloatArray v, FloatArray out, FloatArray lse,
            IntArray list, @Constant int group, int kvHeads, int rows, int keys, @Constant int headDim, @Constant int valueDim, float scale,
            int parts, @Constant int pageSize, @Constant int tileH, @Constant int warps, @Constant int stages) {
        int keyRegisters = (headDim + 31) / 32 * 4;
        int valueRegisters = (valueDim + 63) / 64 * 4;
        float[] sums = context.allocateFloatLocalArray(warps * tileH * valueDim);
        float[] tops = context.allocateFloatLocalArray(warps * tileH * 2);
        int pitch = 16 * keyRegisters + 16;
        int queries = Shared.allocate(9 * pitch);
        int item = context.localIdx;
        int warp = item >> 5;
        int g = (item & 31) >> 2;
        int t = item & 3;
        int blocks = (group + tileH - 1) / tileH;
        int kvHead = context.groupIdx / blocks;
        int firstHead = (context.groupIdx % blocks) * tileH;
        int heads = TornadoMath.min(tileH, group - firstHead);
        int firstRow = kvHead * group + firstHead;
        int batch = kvHead / kvHeads;
        int visible = list.get(3 * batch);
        int sinks = list.get(3 * batch + 1);
        int skip = list.get(3 * batch + 2);
        int base = kvHead * keys;
        int pages = 0;
        if (pageSize > 0) {
            base = (kvHead % kvHeads) * pageSize;
            pages = 3 * (rows / (kvHeads * group)) + batch * (keys / TornadoMath.max(1, pageSize));
        }
        int partKeys = (visible + 16 * parts - 1) / (16 * parts) * 16;
        int start = context.groupIdy * partKeys + 16 * warp;
        int end = TornadoMath.min(visible, context.groupIdy * partKeys + partKeys);
        @Registers int[] query = new int[4];
        @Registers int[] key = new int[keyRegisters * 2];
        @Registers int[] value = new int[valueRegisters * 4];
        @Registers float[] sum = new float[valueRegisters * 4];
        if (warp == 0) {
            stage(queries + g * pitch + 4 * t, 8 * pitch, q, (firstRow + TornadoMath.min(g, heads - 1)) * headDim, 8 * t, headDim, g);
        }
        int queryLane = queries + TornadoMath.min(item & 15, 8) * pitch + ((item >> 4) & 1) * 16;
        context.localBarrier();
        float max = OnlineSoftmax.NONE;
        float weights = 0.0f;
        float exponent = scale * OnlineSoftmax.LOG2_E;
        if (stages == 2 && start < end) {
            loadKeys(key, k, list, start + g, end - 1, sinks, skip, base, pages, pageSize, kvHeads * pageSize, 8 * t, headDim);
        }
        for (int tile = start; tile < end; tile += 16 * warps) {
            if (stages == 2) {
                loadValues(value, v, list, tile + 2 * t, end - 1, sinks, skip, base, pages, pageSize, kvHeads * pageSize, 8 * g, valueDim);
            } else {
                loadKeys(key, k, list, tile + g, end - 1, sinks, skip, base, pages, pageSize, kvHeads * pageSize, 8 * t, headDim);
            }
            @Registers float[] score = new float[8];
            SyncWarp.all();
            for (@Unroll int c = 0; c < keyRegisters; c += 2) {
                LoadMatrix.four(query, 0, queryLane, 16 * c);
                for (@Unroll int n = 0; n < 2; n++) {
                    MultiplyHalf.accumulate(score, 4 * n, query, 0, key, n * keyRegisters + c);
                }
            }
            if (stages == 2) {
                loadKeys(key, k, list, tile + 16 * warps + g, end - 1, sinks, skip, base, pages, pageSize, kvHeads * pageSize, 8 * t, headDim);
            } else {
                loadValues(value, v, list, tile + 2 * t, end - 1, sinks, skip, base, pages, pageSize, kvHeads * pageSize, 8 * g, valueDim);
            }
            float tileMax = HIDDEN;
            for (@Unroll int n = 0; n < 2; n++) {
                for (@Unroll int e = 0; e < 2; e++) {
                    score[4 * n + e] = Select.between(score[4 * n + e], HIDDEN, 0, tile + 2 * t + 8 * n + e, end - 1);
                    tileMax = Fmax.of(tileMax, score[4 * n + e]);
                }
            }
            if (Vote.any(Select.greater((tileMax - max) * exponent, SLACK)) != 0) {
                tileMax = Fmax.of(tileMax, ShuffleXor.of(tileMax, 1));
                float newMax = Fmax.of(max, Fmax.of(tileMax, ShuffleXor.of(tileMax, 2)));
                float shrink = Exp2.of((max - newMax) * exponent);
                max = newMax;
                weights = weights * shrink;
                float even = Shuffle.of(shrink, 8 * t);
                float odd = Shuffle.of(shrink, 8 * t + 4);
                for (@Unroll int c = 0; c < valueRegisters * 4; c += 2) {
                    sum[c] = sum[c] * even;
                    sum[c + 1] = sum[c + 1] * odd;
                }
            }
            float shift = 0.0f - max * exponent;
            @Registers int[] weight = new int[2];
            for (@Unroll int n = 0; n < 2; n++) {
                float first = Exp2.of(score[4 * n] * exponent + shift);
                float second = Exp2.of(score[4 * n + 1] * exponent + shift);
                weights = weights + (first + second);
                weight[n] = PackHalf.pack(first, second);
            }
            add(sum, weight, value, valueRegisters);
        }
        store(sums, tops, sum, max, weights, warp, g, t, heads, tileH, valueDim);
        context.localBarrier();
        WarpParts.merge(sums, tops, out, lse, context.groupIdy * rows + firstRow, heads, scale, item, tileH, valueDim, warps);
    }

    /** Queries as fragments have them: a row for each head, in the order in which lanes hold channels of keys, and a row of zeros for all others. */
    @Inline
    private static void stage(int shared, int zeros, HalfFloatArray q, int index, int channel, int headDim, int g) {
        @Registers int[] eight = new int[4];
        for (@Unroll int c = 0; c < headDim; c += 32) {
            LoadGlobal.eight(eight, 0, q, index + TornadoMath.min(c + channel, headDim - 8), 0);
            int within = 0;
            if (c + channel < headDim) {
                within = -1;
            }
            for (@Unroll int e = 0; e < 4; e++) {
                StoreShared.one(shared, 2 * c + 16 * e, Bits.toFloat(eight[e] & within));
                if (g == 0) {
                    StoreShared.one(shared, zeros + 2 * c + 16 * e, 0.0f);
                }
            }
        }
    }

    /** Of the keys {@code visible} and {@code visible + 8}. */
    @Inline
    private static void loadKeys(int[] key, HalfFloatArray k, IntArray list, int visible, int last, int sinks, int skip, int base, int pages,
            int pageSize, int pitch, int channel, int headDim) {
        for (@Unroll int n = 0; n < 2; n++) {
            int row = WarpParts.row(list, TornadoMath.min(visible + 8 * n, last), sinks, skip, base, pages, pageSize, pitch);
            load(key, n * ((headDim + 31) / 32 * 4), k, row * headDim, channel, headDim, 32);
        }
    }

    /** Of the keys {@code visible}, the next, and those 8 further on. */
    @Inline
    private static void loadValues(int[] value, HalfFloatArray v, IntArray list, int visible, int last, int sinks, int skip, int base, int pages,
            int pageSize, int pitch, int channel, int valueDim) {
        for (@Unroll int n = 0; n < 4; n++) {
            int key = TornadoMath.min(visible + (n & 1) + 8 * (n >> 1), last);
            int row = WarpParts.row(list, key, sinks, skip, base, pages, pageSize, pitch);
            load(value, n * ((valueDim + 63) / 64 * 4), v, row * valueDim, channel, valueDim, 64);
        }
    }

    /** Eight channels from {@code channel} on of every {@code step}; beyond the last ones those again. */
    @Inline
    private static void load(int[] registers, int at, HalfFloatArray source, int index, int channel, int dim, int step) {
        for (@Unroll int c = 0; c < dim; c += step) {
            if (c + step <= dim) {
                LoadGlobal.eight(registers, at + c / step * 4, source, index + channel, c);
            } else {
                LoadGlobal.eight(registers, at + c / step * 4, source, index + TornadoMath.min(c + channel, dim - 8), 0);
            }
        }
    }

    /** {@code Oᵀ = Oᵀ + Vᵀ Pᵀ}: of a lane's eight channels two at a time are rows g and g + 8. */
    @Inline
    private static void add(float[] sum, int[] weight, int[] value, int registers) {
        @Registers int[] pair = new int[4];
        for (@Unroll int r = 0; r < registers; r++) {
            pair[0] = HalfPair.transpose(value[r], value[registers + r], 0);
            pair[1] = HalfPair.transpose(value[registers + r], value[r], 1);
            pair[2] = HalfPair.transpose(value[2 * registers + r], value[3 * registers + r], 0);
            pair[3] = HalfPair.transpose(value[3 * registers + r], value[2 * registers + r], 1);
            MultiplyHalf.accumulate(sum, 4 * r, pair, 0, weight, 0);
        }
    }

    /** A warp's sums, maximum and weights: of Oᵀ a lane has the heads 2 t and 2 t + 1, of the others head g. */
    @Inline
    private static void store(float[] sums, float[] tops, float[] sum, float max, float weights, int warp, int g, int t, int heads, int tileH,
            int valueDim) {
        float half = weights + ShuffleXor.of(weights, 1);
        float total = half + ShuffleXor.of(half, 2);
        if (t == 0 && g < heads) {
            tops[(warp * tileH + g) * 2] = max;
            tops[(warp * tileH + g) * 2 + 1] = total;
        }
        for (@Unroll int h = 0; h < 2; h++) {
            if (2 * t + h < heads) {
                for (@Unroll int c = 0; c < valueDim; c += 64) {
                    if (c + 8 * g < valueDim) {
                        for (@Unroll int e = 0; e < 8; e++) {
                            sums[(warp * tileH + 2 * t + h) * valueDim + c + 8 * g + e] = sum[c / 64 * 16 + 2 * e + h];
                        }
                    }
                }
            }
        }
    }
}
