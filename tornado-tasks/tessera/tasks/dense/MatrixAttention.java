package tessera.tasks.dense;

import tessera.instructions.CopyAsync;
import tessera.instructions.LoadGlobal;
import tessera.instructions.LoadMatrix;
import tessera.instructions.MultiplyHalf;
import tessera.instructions.PackHalf;
import tessera.instructions.Shared;
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
 * Softmax attention over a window of keys on matrix units, float16 operands and float32 sums: {@code S = Q Kᵀ},
 * {@code P = exp(S - m)}, {@code O = O + P V} (FlashAttention-2, arXiv:2307.08691). Scores, weights and sums stay in
 * registers: the fragment in which S leaves the unit is the one in which P enters it.
 */
public final class MatrixAttention {
    private MatrixAttention() {
    }

    /**
     * One work-group of {@code 32 warps} items for each tile of {@code 16 rowTiles warps} rows (x, from the last on) and each key/value
     * head of each batch (y); the rows are the queries of the heads that share its keys, those of one position side by side. Its keys are
     * those of a window, or the tiles that a list names ({@link OnlineSoftmax#hideUnlisted}).
     *
     * @param q [batch, heads, queries, headDim] float16
     * @param k [batch, kvHeads, keys, headDim] float16
     * @param v [batch, kvHeads, keys, valueDim] float16
     * @param out [batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [batch, heads, queries], natural logarithm; -1e30 where no key is visible
     * @param list for each y, for each x: its tile of rows, its head of k and v, and where the tiles of its keys begin and end in list;
     *        each is its first key, and where the bits begin or -1 if all rows see all of it
     * @param group heads of one y: heads / kvHeads, or 1 where a list is each head's own
     * @param headDim a multiple of 16
     * @param valueDim a multiple of 16
     * @param scale above 0
     * @param first the window of query i starts at key i + first
     * @param last the window of query i ends at key i + last, inclusive
     * @param walk 0 for a window, 2 for a list, and 1 more where tileK divides keys
     * @param tileK keys at a time, a multiple of 16
     * @param stages 2 where the next keys and values arrive while these are used; 1 where each has half a turn to arrive
     */
    public static void tiles(KernelContext context, HalfFloatArray q, HalfFloatArray k, HalfFloatArray v, FloatArray out, FloatArray lse,
            IntArray list, @Constant int group, int queries, int keys, @Constant int headDim, @Constant int valueDim, float scale, int first, int last,
            @Constant int walk, @Constant int tileK, @Constant int warps, @Constant int rowTiles, @Constant int stages) {
        int keyPitch = 2 * headDim + 16;
        int valuePitch = 2 * valueDim + 16;
        int keyBytes = tileK * keyPitch;
        int valueBytes = tileK * valuePitch;
        int values = stages * keyBytes;
        int tiles = Shared.allocate(values + stages * valueBytes);
        int item = context.localIdx;
        int lane = item & 31;
        int head = context.groupIdy;
        int tileQ = 16 * rowTiles * warps;
        int rowTilesOfHead = (queries * group + tileQ - 1) / tileQ;
        int kvHead = head;
        int tileStart = (rowTilesOfHead - 1 - context.groupIdx) * tileQ;
        int entry = 4 * (head * rowTilesOfHead + context.groupIdx);
        if (walk >= 2) {
            tileStart = list.get(entry) * tileQ;
            kvHead = list.get(entry + 1);
        }
        int row = tileStart + (item >> 5) * 16 * rowTiles + (lane >> 2);
        int column = (lane & 3) * 2;
        int keyLane = ((lane >> 4) * 8 + (lane & 7)) * keyPitch + ((lane >> 3) & 1) * 16;
        int valueLane = (((lane >> 3) & 1) * 8 + (lane & 7)) * valuePitch + (lane >> 4) * 16;
        @Registers int[] query = new int[rowTiles * headDim / 4];
        @Registers float[] sum = new float[rowTiles * valueDim / 2];
        @Registers float[] max = new float[rowTiles * 2];
        @Registers float[] weights = new float[rowTiles * 2];
        for (@Unroll int t = 0; t < rowTiles; t++) {
            int upper = OnlineSoftmax.place(head, TornadoMath.min(row + 16 * t, queries * group - 1), group, queries) * headDim + column;
            int lower = OnlineSoftmax.place(head, TornadoMath.min(row + 16 * t + 8, queries * group - 1), group, queries) * headDim + column;
            for (@Unroll int c = 0; c < headDim; c += 16) {
                query[(t * headDim + c) / 4] = LoadGlobal.pair(q, upper, c);
                query[(t * headDim + c) / 4 + 1] = LoadGlobal.pair(q, lower, c);
                query[(t * headDim + c) / 4 + 2] = LoadGlobal.pair(q, upper, c + 8);
                query[(t * headDim + c) / 4 + 3] = LoadGlobal.pair(q, lower, c + 8);
            }
        }
        for (@Unroll int r = 0; r < rowTiles * 2; r++) {
            max[r] = OnlineSoftmax.NONE;
        }
        float exponent = scale * OnlineSoftmax.LOG2_E;
        int start = TornadoMath.max(0, tileStart / group + first) / tileK * tileK;
        int end = (TornadoMath.min(keys, (tileStart + tileQ - 1) / group + 1 + last) + tileK - 1) / tileK * tileK;
        int step = tileK;
        int firstKey = start;
        if (walk >= 2) {
            start = list.get(entry + 2);
            end = list.get(entry + 3);
            step = 2;
            firstKey = list.get(start);
        }
        int base = kvHead * keys;
        int buffer = 0;
        if (start < end) {
            copy(tiles, 0, k, base, keys, firstKey, item, headDim, walk & 1, tileK, warps);
            if (stages == 2) {
                copy(tiles, values, v, base, keys, firstKey, item, valueDim, walk & 1, tileK, warps);
            }
            CopyAsync.commit();
        }
        for (int at = start; at < end; at += step) {
            int key = at;
            int next = TornadoMath.min(at + step, end - step);
            if (walk >= 2) {
                key = list.get(at);
                next = list.get(next);
            }
            int keysNow = tiles + buffer * keyBytes;
            int valuesNow = tiles + buffer * valueBytes;
            CopyAsync.await(0);
            context.localBarrier();
            if (stages == 1) {
                copy(tiles, values, v, base, keys, key, item, valueDim, walk & 1, tileK, warps);
            } else {
                buffer = 1 - buffer;
                copy(tiles + buffer * keyBytes, 0, k, base, keys, next, item, headDim, walk & 1, tileK, warps);
                copy(tiles + buffer * valueBytes, values, v, base, keys, next, item, valueDim, walk & 1, tileK, warps);
            }
            CopyAsync.commit();
            @Registers float[] score = new float[rowTiles * tileK / 2];
            scores(score, query, keysNow + keyLane, keyPitch, headDim, tileK, rowTiles);
            if (stages == 1) {
                CopyAsync.await(0);
                context.localBarrier();
                copy(tiles, 0, k, base, keys, next, item, headDim, walk & 1, tileK, warps);
                CopyAsync.commit();
            }
            if (walk >= 2) {
                OnlineSoftmax.hideUnlisted(score, list, list.get(at + 1), row, tileStart, column, group, tileK, rowTiles);
            } else {
                OnlineSoftmax.hide(score, row, key, column, first, last, keys, group, tileK, rowTiles);
            }
            OnlineSoftmax.weigh(score, sum, max, weights, exponent, tileK, valueDim, rowTiles);
            add(sum, score, valuesNow + valueLane, values, valuePitch, valueDim, tileK, rowTiles);
        }
        CopyAsync.await(0);
        OnlineSoftmax.finish(sum, max, weights, scale, out, lse, head, group, queries, row, column, valueDim, rowTiles);
    }

    /** Starts to copy rows {@code [key, key + tileK)} of a head into a tile, 16 bytes an item at a time; rows beyond the last key repeat it. */
    @Inline
    public static void copy(int tile, int offset, HalfFloatArray source, int base, int keys, int key, int item, int dim, int whole,
            int tileK, int warps) {
        int pieces = dim / 8;
        int rows = 32 * warps / pieces;
        int r = item / pieces;
        int c = item % pieces;
        int shared = tile + r * (2 * dim + 16) + c * 16;
        for (@Unroll int n = 0; n < tileK; n += rows) {
            if (rows * pieces == 32 * warps && n + rows <= tileK) {
                if (whole == 1) {
                    CopyAsync.copy(shared, offset + n * (2 * dim + 16), source, (base + r) * dim + c * 8 + key * dim, n * dim);
                } else {
                    CopyAsync.copy(shared, offset + n * (2 * dim + 16), source, (base + TornadoMath.min(key + r + n, keys - 1)) * dim + c * 8, 0);
                }
            } else {
                if (r < TornadoMath.min(rows, tileK - n)) {
                    CopyAsync.copy(shared, offset + n * (2 * dim + 16), source, (base + TornadoMath.min(key + r + n, keys - 1)) * dim + c * 8, 0);
                }
            }
        }
    }

    /** {@code S = Q Kᵀ}. */
    @Inline
    public static void scores(float[] score, int[] query, int tile, int pitch, int headDim,
            int tileK, int rowTiles) {
        @Registers int[] pair = new int[4];
        for (@Unroll int c = 0; c < headDim; c += 16) {
            for (@Unroll int n = 0; n < tileK; n += 16) {
                LoadMatrix.four(pair, 0, tile, n * pitch + 2 * c);
                for (@Unroll int t = 0; t < rowTiles; t++) {
                    MultiplyHalf.accumulate(score, (t * tileK + n) / 2, query, (t * headDim + c) / 4, pair, 0);
                    MultiplyHalf.accumulate(score, (t * tileK + n) / 2 + 4, query, (t * headDim + c) / 4, pair, 2);
                }
            }
        }
    }

    /** {@code O = O + P V}. */
    @Inline
    public static void add(float[] sum, float[] weight, int tile, int offset, int pitch, int valueDim,
            int tileK, int rowTiles) {
        @Registers int[] packed = new int[rowTiles * tileK / 4];
        @Registers int[] pair = new int[4];
        for (@Unroll int n = 0; n < rowTiles * tileK / 4; n++) {
            packed[n] = PackHalf.pack(weight[2 * n], weight[2 * n + 1]);
        }
        for (@Unroll int n = 0; n < tileK; n += 16) {
            for (@Unroll int c = 0; c < valueDim; c += 16) {
                LoadMatrix.fourTransposed(pair, 0, tile, offset + n * pitch + 2 * c);
                for (@Unroll int t = 0; t < rowTiles; t++) {
                    MultiplyHalf.accumulate(sum, (t * valueDim + c) / 2, packed, (t * tileK + n) / 4, pair, 0);
                    MultiplyHalf.accumulate(sum, (t * valueDim + c) / 2 + 4, packed, (t * tileK + n) / 4, pair, 2);
                }
            }
        }
    }
}
