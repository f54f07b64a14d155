package tessera.tasks.linear;

import tessera.instructions.CopyAsync;
import tessera.instructions.Exp2;
import tessera.instructions.HalfPair;
import tessera.instructions.LoadGlobal;
import tessera.instructions.LoadMatrix;
import tessera.instructions.MultiplyHalf;
import tessera.instructions.PackHalf;
import tessera.instructions.Shared;
import tessera.instructions.StoreGlobal;
import tessera.specialise.Constant;
import tessera.specialise.Inline;
import tessera.specialise.Registers;
import tessera.specialise.Unroll;
import tessera.tasks.dense.MatrixAttention;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;

/**
 * What each chunk adds to the state, {@code U = sum of 2^(c_last - c_t) k_tᵀ v_t}, on matrix units (Mamba-2, arXiv:2405.21060): float16
 * operands and float32 sums.
 */
public final class MatrixChunkStates {
    private MatrixChunkStates() {
    }

    /**
     * One work-group of {@code 2 keyDim / rowTiles} items for each chunk (x) and state (y); a warp has {@code 16 rowTiles} key channels.
     *
     * @param k [states / ofKeys, length, keyDim] float16
     * @param v [states / ofValues, length, valueDim] float16
     * @param decays [states, chunks, chunk], as {@link ChunkDecays} writes them
     * @param added [states, chunks, keyDim, valueDim] float16
     * @param keyDim a multiple of {@code 16 rowTiles}
     * @param valueDim a multiple of 16
     * @param tileK tokens at a time, a multiple of 16 that divides chunk
     */
    public static void tiles(KernelContext context, HalfFloatArray k, HalfFloatArray v, FloatArray decays, HalfFloatArray added,
            @Constant int ofKeys, @Constant int ofValues, int length, @Constant int keyDim, @Constant int valueDim, int chunks,
            @Constant int chunk, @Constant int tileK, @Constant int rowTiles) {
        int warps = keyDim / (16 * rowTiles);
        int keyPitch = 2 * keyDim + 16;
        int valuePitch = 2 * valueDim + 16;
        int keyBytes = tileK * keyPitch;
        int valueBytes = tileK * valuePitch;
        int values = 2 * keyBytes;
        int tiles = Shared.allocate(values + 2 * valueBytes);
        int item = context.localIdx;
        int lane = item & 31;
        int state = context.groupIdy;
        int start = context.groupIdx * chunk;
        int end = TornadoMath.min(start + chunk, (length + tileK - 1) / tileK * tileK);
        int channel = (item >> 5) * 16 * rowTiles;
        int column = (lane & 3) * 2;
        int keyLane = ((lane >> 4) * 8 + (lane & 7)) * keyPitch + ((lane >> 3) & 1) * 16 + 2 * channel;
        int valueLane = (((lane >> 3) & 1) * 8 + (lane & 7)) * valuePitch + (lane >> 4) * 16;
        int decaysAt = state * chunks * chunk;
        float last = LoadGlobal.one(decays, decaysAt + TornadoMath.min(start + chunk, length) - 1, 0);
        @Registers float[] sum = new float[rowTiles * valueDim / 2];
        int buffer = 0;
        MatrixAttention.copy(tiles, 0, k, state / ofKeys * length, length, start, item, keyDim, 0, tileK, warps);
        MatrixAttention.copy(tiles, values, v, state / ofValues * length, length, start, item, valueDim, 0, tileK, warps);
        CopyAsync.commit();
        for (int token = start; token < end; token += tileK) {
            int keysNow = tiles + buffer * keyBytes + keyLane;
            int valuesNow = tiles + buffer * valueBytes + valueLane;
            int next = TornadoMath.min(token + tileK, end - tileK);
            CopyAsync.await(0);
            context.localBarrier();
            buffer = 1 - buffer;
            MatrixAttention.copy(tiles + buffer * keyBytes, 0, k, state / ofKeys * length, length, next, item, keyDim, 0, tileK, warps);
            MatrixAttention.copy(tiles + buffer * valueBytes, values, v, state / ofValues * length, length, next, item, valueDim, 0, tileK, warps);
            CopyAsync.commit();
            add(sum, keysNow, keyPitch, valuesNow, values, valuePitch, decays, decaysAt + token + column, last, valueDim, tileK, rowTiles);
        }
        CopyAsync.await(0);
        int to = ((state * chunks + context.groupIdx) * keyDim + channel + (lane >> 2)) * valueDim + column;
        for (@Unroll int t = 0; t < rowTiles; t++) {
            for (@Unroll int c = 0; c < valueDim; c += 8) {
                int from = (t * valueDim + c) / 2;
                StoreGlobal.pair(added, to, 16 * t * valueDim + c, PackHalf.pack(sum[from], sum[from + 1]));
                StoreGlobal.pair(added, to, (16 * t + 8) * valueDim + c, PackHalf.pack(sum[from + 2], sum[from + 3]));
            }
        }
    }

    /** {@code U = U + (w K)ᵀ V} of a tile of tokens with weights {@code w = 2^(last - c)}. */
    @Inline
    private static void add(float[] sum, int keys, int keyPitch, int valueTile, int values, int valuePitch, FloatArray decays, int at, float last,
            int valueDim, int tileK, int rowTiles) {
        @Registers float[] near = new float[2];
        @Registers float[] far = new float[2];
        @Registers int[] key = new int[4 * rowTiles];
        @Registers int[] pair = new int[4];
        for (@Unroll int n = 0; n < tileK; n += 16) {
            LoadGlobal.two(near, 0, decays, at, n);
            LoadGlobal.two(far, 0, decays, at, n + 8);
            int weight = PackHalf.pack(Exp2.of(last - near[0]), Exp2.of(last - near[1]));
            int weightFar = PackHalf.pack(Exp2.of(last - far[0]), Exp2.of(last - far[1]));
            for (@Unroll int t = 0; t < rowTiles; t++) {
                LoadMatrix.fourTransposed(key, 4 * t, keys, n * keyPitch + 32 * t);
                for (@Unroll int e = 0; e < 2; e++) {
                    key[4 * t + e] = HalfPair.multiply(key[4 * t + e], weight);
                    key[4 * t + 2 + e] = HalfPair.multiply(key[4 * t + 2 + e], weightFar);
                }
            }
            for (@Unroll int c = 0; c < valueDim; c += 16) {
                LoadMatrix.fourTransposed(pair, 0, valueTile, values + n * valuePitch + 2 * c);
                for (@Unroll int t = 0; t < rowTiles; t++) {
                    MultiplyHalf.accumulate(sum, (t * valueDim + c) / 2, key, 4 * t, pair, 0);
                    MultiplyHalf.accumulate(sum, (t * valueDim + c) / 2 + 4, key, 4 * t, pair, 2);
                }
            }
        }
    }
}
