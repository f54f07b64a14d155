package tessera.tasks.compact;

import tessera.instructions.CopyAsync;
import tessera.instructions.LoadGlobal;
import tessera.instructions.LoadMatrix;
import tessera.instructions.MultiplyBytes;
import tessera.instructions.Shared;
import tessera.instructions.ShuffleXor;
import tessera.specialise.Constant;
import tessera.specialise.Inline;
import tessera.specialise.Registers;
import tessera.specialise.Unroll;
import tessera.tasks.dense.MatrixAttention;
import tessera.tasks.dense.OnlineSoftmax;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/**
 * Attention over codes on matrix units (SageAttention, arXiv:2410.02367): scores are products of 8-bit integers, weights and values float16,
 * as in {@link MatrixAttention}. Codes of queries become signed; those of keys stay as they are, and sums start at
 * {@code -127 sum_c (cQ - 127)}, which takes their middle off.
 */
public final class MatrixCodedAttention {
    /** A window that starts before every key. */
    private static final int NO_FIRST = -(1 << 28);

    private MatrixCodedAttention() {
    }

    /**
     * One work-group of {@code 32 warps} items for each tile of {@code 16 rowTiles warps} rows (x, from the last on) and each key/value head of
     * each batch (y); the rows are the queries of the heads that share its keys, those of one position side by side.
     *
     * @param q codes [batch, heads, queries, headDim]
     * @param qScales [batch, heads, queryBlocks]
     * @param k codes [batch, kvHeads, keys, headDim]
     * @param kScales [batch, kvHeads, keyBlocks]
     * @param v [batch, kvHeads, keys, headDim] float16
     * @param out [batch, heads, queries, headDim]; 0 where no key is visible
     * @param lse [batch, heads, queries], natural logarithm; -1e30 where no key is visible
     * @param group heads of one y: heads / kvHeads
     * @param headDim a multiple of 32
     * @param scale above 0
     * @param last no key beyond i + last is visible to query i
     * @param blockK a multiple of tileK
     * @param whole 1 where tileK divides keys
     * @param tileK keys at a time, a multiple of 16
     */
    public static void tiles(KernelContext context, ByteArray q, FloatArray qScales, ByteArray k, FloatArray kScales, HalfFloatArray v, FloatArray out,
            FloatArray lse, @Constant int group, int queries, int keys, @Constant int headDim, float scale, int last, int blockQ, int blockK,
            @Constant int whole, @Constant int tileK, @Constant int warps, @Constant int rowTiles) {
        int keyPitch = headDim + 16;
        int valuePitch = 2 * headDim + 16;
        int keyBytes = tileK * keyPitch;
        int valueBytes = tileK * valuePitch;
        int values = 2 * keyBytes;
        int tiles = Shared.allocate(values + 2 * valueBytes);
        int item = context.localIdx;
        int lane = item & 31;
        int head = context.groupIdy;
        int tileQ = 16 * rowTiles * warps;
        int tileStart = ((queries * group + tileQ - 1) / tileQ - 1 - context.groupIdx) * tileQ;
        int row = tileStart + (item >> 5) * 16 * rowTiles + (lane >> 2);
        int column = (lane & 3) * 2;
        int keyLane = ((lane >> 4) * 8 + (lane & 7)) * keyPitch + ((lane >> 3) & 1) * 16;
        int valueLane = (((lane >> 3) & 1) * 8 + (lane & 7)) * valuePitch + (lane >> 4) * 16;
        @Registers int[] query = new int[rowTiles * headDim / 8];
        @Registers int[] offset = new int[rowTiles * 2];
        @Registers float[] factor = new float[rowTiles * 2];
        @Registers float[] sum = new float[rowTiles * headDim / 2];
        @Registers float[] max = new float[rowTiles * 2];
        @Registers float[] weights = new float[rowTiles * 2];
        for (@Unroll int r = 0; r < rowTiles * 2; r++) {
            int at = OnlineSoftmax.place(head, TornadoMath.min(row + 8 * r, queries * group - 1), group, queries);
            factor[r] = qScales.get(at / queries * ((queries + blockQ - 1) / blockQ) + at % queries / blockQ);
            offset[r] = 0;
            max[r] = OnlineSoftmax.NONE;
            for (@Unroll int c = 0; c < headDim; c += 16) {
                int codes = LoadGlobal.bytes(q, at * headDim + 2 * column, c);
                int signed = ((codes & 0x7F7F7F7F) + 0x01010101) ^ ((codes ^ 0x80808080) & 0x80808080);
                query[(r >> 1) * headDim / 8 + c / 8 + (r & 1)] = signed;
                offset[r] = offset[r] + (signed >> 24) + (signed << 8 >> 24) + (signed << 16 >> 24) + (signed << 24 >> 24);
            }
            offset[r] = offset[r] + ShuffleXor.of(offset[r], 1);
            offset[r] = -CodedAttention.ZERO * (offset[r] + ShuffleXor.of(offset[r], 2));
        }
        float exponent = scale * OnlineSoftmax.LOG2_E;
        int end = (TornadoMath.min(keys, (tileStart + tileQ - 1) / group + 1 + last) + tileK - 1) / tileK * tileK;
        int base = head * keys;
        int buffer = 0;
        if (end > 0) {
            copy(tiles, 0, k, base, keys, 0, item, headDim, whole, tileK, warps);
            MatrixAttention.copy(tiles, values, v, base, keys, 0, item, headDim, whole, tileK, warps);
            CopyAsync.commit();
        }
        for (int key = 0; key < end; key += tileK) {
            int next = TornadoMath.min(key + tileK, end - tileK);
            int keysNow = tiles + buffer * keyBytes;
            int valuesNow = tiles + buffer * valueBytes;
            float keyScale = kScales.get(head * ((keys + blockK - 1) / blockK) + key / blockK);
            CopyAsync.await(0);
            context.localBarrier();
            buffer = 1 - buffer;
            copy(tiles + buffer * keyBytes, 0, k, base, keys, next, item, headDim, whole, tileK, warps);
            MatrixAttention.copy(tiles + buffer * valueBytes, values, v, base, keys, next, item, headDim, whole, tileK, warps);
            CopyAsync.commit();
            @Registers float[] score = new float[rowTiles * tileK / 2];
            scores(score, query, offset, factor, keyScale, keysNow + keyLane, keyPitch, headDim, tileK, rowTiles);
            OnlineSoftmax.hide(score, row, key, column, NO_FIRST, last, keys, group, tileK, rowTiles);
            OnlineSoftmax.weigh(score, sum, max, weights, exponent, tileK, headDim, rowTiles);
            MatrixAttention.add(sum, score, valuesNow + valueLane, values, valuePitch, headDim, tileK, rowTiles);
        }
        CopyAsync.await(0);
        OnlineSoftmax.finish(sum, max, weights, scale, out, lse, head, group, queries, row, column, headDim, rowTiles);
    }

    /** As {@link MatrixAttention#copy}, of codes. */
    @Inline
    public static void copy(int tile, int offset, ByteArray source, int base, int keys, int key, int item, int dim, int whole, int tileK, int warps) {
        int pieces = dim / 16;
        int rows = 32 * warps / pieces;
        int r = item / pieces;
        int c = item % pieces;
        int shared = tile + r * (dim + 16) + c * 16;
        for (@Unroll int n = 0; n < tileK; n += rows) {
            if (rows * pieces == 32 * warps && n + rows <= tileK) {
                if (whole == 1) {
                    CopyAsync.copy(shared, offset + n * (dim + 16), source, (base + r) * dim + c * 16 + key * dim, n * dim);
                } else {
                    CopyAsync.copy(shared, offset + n * (dim + 16), source, (base + TornadoMath.min(key + r + n, keys - 1)) * dim + c * 16, 0);
                }
            } else {
                if (r < TornadoMath.min(rows, tileK - n)) {
                    CopyAsync.copy(shared, offset + n * (dim + 16), source, (base + TornadoMath.min(key + r + n, keys - 1)) * dim + c * 16, 0);
                }
            }
        }
    }

    /** {@code S = sQ sK (cQ - 127)(cK - 127)ᵀ}, of 16 keys at a time. */
    @Inline
    public static void scores(float[] score, int[] query, int[] offset, float[] factor, float keyScale, int tile, int pitch, int headDim, int tileK,
            int rowTiles) {
        @Registers int[] product = new int[rowTiles * 8];
        @Registers int[] pair = new int[4];
        for (@Unroll int n = 0; n < tileK; n += 16) {
            for (@Unroll int e = 0; e < rowTiles * 8; e++) {
                product[e] = offset[(e >> 3) * 2 + ((e >> 1) & 1)];
            }
            for (@Unroll int c = 0; c < headDim; c += 32) {
                LoadMatrix.four(pair, 0, tile, n * pitch + c);
                for (@Unroll int t = 0; t < rowTiles; t++) {
                    MultiplyBytes.accumulate(product, t * 8, query, (t * headDim + c) / 8, pair, 0);
                    MultiplyBytes.accumulate(product, t * 8 + 4, query, (t * headDim + c) / 8, pair, 2);
                }
            }
            for (@Unroll int e = 0; e < rowTiles * 8; e++) {
                score[((e >> 3) * tileK + n) / 2 + (e & 7)] = product[e] * (factor[(e >> 3) * 2 + ((e >> 1) & 1)] * keyScale);
            }
        }
    }
}
