package tessera.tasks.dense;

import tessera.instructions.Exp2;
import tessera.instructions.Fmax;
import tessera.instructions.LoadGlobal;
import tessera.instructions.Select;
import tessera.instructions.ShuffleXor;
import tessera.instructions.Vote;
import tessera.specialise.Constant;
import tessera.specialise.Inline;
import tessera.specialise.Registers;
import tessera.specialise.Unroll;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Softmax attention of one query for each sequence in float32: {@code s = q k}, {@code p = exp(s - m)}, {@code o = o + p v}. Each warp takes
 * a few keys at a time from memory into registers, where they serve all query heads that share them; the keys are cut into parts
 * (FlashDecoding, Stanford blog 2023).
 */
public final class WarpDecode {
    private static final float HIDDEN = -1.0e30f;
    private static final float SLACK = 8.0f;

    private WarpDecode() {
    }

    /**
     * One work-group of {@code 32 warps} items for each {@code tileH} query heads of a key/value head of a batch (x) and each part of
     * the keys (y). {@code lanes} lanes share the channels of a key.
     *
     * @param q [batch, heads, 1, headDim]
     * @param k [batch, kvHeads, keys, headDim]; with pages [pages, kvHeads, pageSize, headDim]
     * @param v [batch, kvHeads, keys, valueDim]; with pages [pages, kvHeads, pageSize, valueDim]
     * @param out [parts, batch, heads, 1, valueDim]; 0 where no key is visible
     * @param lse [parts, batch, heads, 1], natural logarithm; -1e30 where no key is visible
     * @param list for each batch how many keys the query sees, the first sinks of them at the start, the others skip keys further on; then
     *        the page of each pageSize keys of each batch
     * @param group query heads of a key/value head
     * @param rows batch * heads
     * @param headDim a multiple of 4
     * @param valueDim a multiple of 4
     * @param scale above 0
     * @param pageSize keys in a page, 0 for none
     * @param tileH query heads
     * @param tileK keys of a warp at a time, a multiple of 32 / lanes
     * @param lanes a power of 2, at most 32
     */
    public static void tiles(KernelContext context, FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse, IntArray list,
            @Constant int group, int kvHeads, int rows, int keys, @Constant int headDim, @Constant int valueDim, float scale, int parts,
            @Constant int pageSize, @Constant int tileH, @Constant int warps, @Constant int tileK, @Constant int lanes) {
        int across = 32 / lanes;
        int turns = tileK / across;
        int keyRegisters = (headDim + 4 * lanes - 1) / (4 * lanes) * 4;
        int valueRegisters = (valueDim + 4 * lanes - 1) / (4 * lanes) * 4;
        float[] sums = context.allocateFloatLocalArray(warps * tileH * valueDim);
        float[] tops = context.allocateFloatLocalArray(warps * tileH * 2);
        int item = context.localIdx;
        int warp = item >> 5;
        int line = (item & 31) / lanes;
        int channel = (item & (lanes - 1)) * 4;
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
        int partKeys = (visible + tileK * parts - 1) / (tileK * parts) * tileK;
        int start = context.groupIdy * partKeys + tileK * warp;
        int end = TornadoMath.min(visible, context.groupIdy * partKeys + partKeys);
        @Registers float[] query = new float[tileH * keyRegisters];
        @Registers float[] key = new float[turns * keyRegisters];
        @Registers float[] value = new float[turns * valueRegisters];
        @Registers float[] sum = new float[tileH * valueRegisters];
        @Registers float[] max = new float[tileH];
        @Registers float[] weights = new float[tileH];
        for (@Unroll int h = 0; h < tileH; h++) {
            max[h] = OnlineSoftmax.NONE;
            load(query, h * keyRegisters, q, (firstRow + TornadoMath.min(h, heads - 1)) * headDim, channel, headDim, 4 * lanes);
        }
        if (headDim % (4 * lanes) != 0) {
            if (channel + (keyRegisters - 4) * lanes >= headDim) {
                for (@Unroll int h = 0; h < tileH; h++) {
                    for (@Unroll int e = keyRegisters - 4; e < keyRegisters; e++) {
                        query[h * keyRegisters + e] = 0.0f;
                    }
                }
            }
        }
        float exponent = scale * OnlineSoftmax.LOG2_E;
        if (start < end) {
            loadAll(key, k, list, start + line, end - 1, sinks, skip, base, pages, pageSize, kvHeads * pageSize, channel, headDim, turns, lanes);
        }
        for (int tile = start; tile < end; tile += tileK * warps) {
            loadAll(value, v, list, tile + line, end - 1, sinks, skip, base, pages, pageSize, kvHeads * pageSize, channel, valueDim, turns, lanes);
            @Registers float[] score = new float[turns * tileH];
            for (@Unroll int n = 0; n < turns; n++) {
                for (@Unroll int h = 0; h < tileH; h++) {
                    for (@Unroll int c = 0; c < keyRegisters; c++) {
                        score[n * tileH + h] += query[h * keyRegisters + c] * key[n * keyRegisters + c];
                    }
                }
            }
            loadAll(key, k, list, tile + tileK * warps + line, end - 1, sinks, skip, base, pages, pageSize, kvHeads * pageSize, channel, headDim, turns,
                    lanes);
            for (@Unroll int mask = 1; mask < lanes; mask = 2 * mask) {
                for (@Unroll int n = 0; n < turns * tileH; n++) {
                    score[n] = score[n] + ShuffleXor.of(score[n], mask);
                }
            }
            weigh(score, sum, max, weights, exponent, tile + line, end - 1, turns, across, tileH, valueRegisters, lanes);
            for (@Unroll int n = 0; n < turns; n++) {
                for (@Unroll int h = 0; h < tileH; h++) {
                    for (@Unroll int c = 0; c < valueRegisters; c++) {
                        sum[h * valueRegisters + c] += score[n * tileH + h] * value[n * valueRegisters + c];
                    }
                }
            }
        }
        store(sums, tops, sum, max, weights, warp, line, channel, heads, tileH, valueDim, valueRegisters, lanes);
        context.localBarrier();
        WarpParts.merge(sums, tops, out, lse, context.groupIdy * rows + firstRow, heads, scale, item, tileH, valueDim, warps);
    }

    /** Of the keys {@code visible} and those {@code 32 / lanes} further on. */
    @Inline
    private static void loadAll(float[] registers, FloatArray source, IntArray list, int visible, int last, int sinks, int skip, int base, int pages,
            int pageSize, int pitch, int channel, int dim, int turns, int lanes) {
        for (@Unroll int n = 0; n < turns; n++) {
            int key = TornadoMath.min(visible + n * (32 / lanes), last);
            int row = WarpParts.row(list, key, sinks, skip, base, pages, pageSize, pitch);
            load(registers, n * ((dim + 4 * lanes - 1) / (4 * lanes) * 4), source, row * dim, channel, dim, 4 * lanes);
        }
    }

    /** Four channels from {@code channel} on of every {@code step}; beyond the last ones those again. */
    @Inline
    private static void load(float[] registers, int at, FloatArray source, int index, int channel, int dim, int step) {
        for (@Unroll int c = 0; c < dim; c += step) {
            if (c + step <= dim) {
                LoadGlobal.four(registers, at + c / step * 4, source, index + channel, c);
            } else {
                LoadGlobal.four(registers, at + c / step * 4, source, index + TornadoMath.min(c + channel, dim - 4), 0);
            }
        }
    }

    /** {@code P = 2^(exponent (S - m))} in place of S, for a maximum that may lag behind; sums and weights are scaled when it moves. */
    @Inline
    private static void weigh(float[] score, float[] sum, float[] max, float[] weights, float exponent, int visible, int last, int turns,
            int across, int tileH, int valueRegisters, int lanes) {
        @Registers float[] tileMax = new float[tileH];
        float excess = OnlineSoftmax.NONE;
        for (@Unroll int h = 0; h < tileH; h++) {
            tileMax[h] = HIDDEN;
            for (@Unroll int n = 0; n < turns; n++) {
                score[n * tileH + h] = Select.between(score[n * tileH + h], HIDDEN, 0, visible + n * across, last);
                tileMax[h] = Fmax.of(tileMax[h], score[n * tileH + h]);
            }
            excess = Fmax.of(excess, tileMax[h] - max[h]);
        }
        if (Vote.any(Select.greater(excess * exponent, SLACK)) != 0) {
            for (@Unroll int h = 0; h < tileH; h++) {
                for (@Unroll int mask = lanes; mask < 32; mask = 2 * mask) {
                    tileMax[h] = Fmax.of(tileMax[h], ShuffleXor.of(tileMax[h], mask));
                }
                float newMax = Fmax.of(max[h], tileMax[h]);
                float shrink = Exp2.of((max[h] - newMax) * exponent);
                max[h] = newMax;
                weights[h] = weights[h] * shrink;
                for (@Unroll int c = 0; c < valueRegisters; c++) {
                    sum[h * valueRegisters + c] = sum[h * valueRegisters + c] * shrink;
                }
            }
        }
        for (@Unroll int h = 0; h < tileH; h++) {
            float shift = 0.0f - max[h] * exponent;
            for (@Unroll int n = 0; n < turns; n++) {
                score[n * tileH + h] = Exp2.of(score[n * tileH + h] * exponent + shift);
                weights[h] = weights[h] + score[n * tileH + h];
            }
        }
    }

    /** A warp's sums, maxima and weights, added up over the lanes that had other keys. */
    @Inline
    private static void store(float[] sums, float[] tops, float[] sum, float[] max, float[] weights, int warp, int line, int channel, int heads,
            int tileH, int valueDim, int valueRegisters, int lanes) {
        for (@Unroll int h = 0; h < tileH; h++) {
            for (@Unroll int mask = lanes; mask < 32; mask = 2 * mask) {
                weights[h] = weights[h] + ShuffleXor.of(weights[h], mask);
                for (@Unroll int c = 0; c < valueRegisters; c++) {
                    sum[h * valueRegisters + c] = sum[h * valueRegisters + c] + ShuffleXor.of(sum[h * valueRegisters + c], mask);
                }
            }
            if (line == 0 && h < heads) {
                tops[(warp * tileH + h) * 2] = max[h];
                tops[(warp * tileH + h) * 2 + 1] = weights[h];
                for (@Unroll int c = 0; c < valueRegisters; c += 4) {
                    if (channel + c * lanes < valueDim) {
                        for (@Unroll int e = 0; e < 4; e++) {
                            sums[(warp * tileH + h) * valueDim + channel + c * lanes + e] = sum[h * valueRegisters + c + e];
                        }
                    }
                }
            }
        }
    }
}
