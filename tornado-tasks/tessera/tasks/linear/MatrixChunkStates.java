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
     * @param decays [states, chunks, chunk, channels], as {@link ChunkDecays} writes them
     * @param added [states, chunks, keyDim, valueDim] float16
     * @param keyDim a multiple of {@code 16 rowTiles}
     * @param valueDim a multiple of 16
     * @param tileK tokens at a time, a multiple of 16 that divides chunk
     * @param channels 1, or keyDim where each key channel has decays of its own
     */
    public static void tiles(KernelContext context, HalfFloatArray k, HalfFloatArray v, FloatArray decays, HalfFloatArray added,
            @Constant int ofKeys, @Constant int ofValues, int length, @Constant int keyDim, @Constant int valueDim, int chunks,
            @Constant int chunk, @Constant int tileK, @Constant int rowTiles, @Constant int channels) {
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
        int lastAt = decaysAt + TornadoMath.min(start + chunk, length) - 1;
        int channelAt = channel + (lane >> 2);
        @Registers float[] last = new float[rowTiles * 2];
        for (@Unroll int r = 0; r < rowTiles * 2; r++) {
            last[r] = LoadGlobal.one(decays, channels > 1 ? lastAt * channels + channelAt : lastAt, channels > 1 ? 8 * r : 0);
        }
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
            add(sum, keysNow, keyPitch, valuesNow, values, valuePitch, decays, (decaysAt + token + column) * channels + (channels > 1 ? channelAt : 0), last,
                    valueDim, tileK, rowTiles, channels);
        }
        CopyAsync.await(0);
        int to = ((state * chunks + context.groupIdx) * keyDim + channelAt) * valueDim + column;
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
    private static void add(float[] sum, int keys, int keyPitch, int valueTile, int values, int valuePitch, FloatArray decays, int at, float[] last,
            int valueDim, int tileK, int rowTiles, int channels) {
        @Registers int[] weight = new int[2];
        @Registers int[] key = new int[4 * rowTiles];
        @Registers int[] pair = new int[4];
        for (@Unroll int n = 0; n < tileK; n += 16) {
            for (@Unroll int t = 0; t < rowTiles; t++) {
                LoadMatrix.fourTransposed(key, 4 * t, keys, n * keyPitch + 32 * t);
            }
            for (@Unroll int r = 0; r < 2 * rowTiles; r++) {
                if (channels > 1 || r == 0) {
                    weigh(weight, decays, at, n, last[r], r, channels);
                }
                for (@Unroll int h = 0; h < 2; h++) {
                    int i = 4 * (r >> 1) + (r & 1) + 2 * h;
                    key[i] = HalfPair.multiply(key[i], weight[h]);
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

    /** Weights of a lane's two neighbouring tokens among 16, and of the two 8 further on; for its r-th key channel, if there is a difference. */
    @Inline
    private static void weigh(int[] weight, FloatArray decays, int at, int n, float last, int r, int channels) {
        @Registers float[] c = new float[2];
        for (@Unroll int h = 0; h < 2; h++) {
            if (channels == 1) {
                LoadGlobal.two(c, 0, decays, at, n + 8 * h);
            } else {
                c[0] = LoadGlobal.one(decays, at, (n + 8 * h) * channels + 8 * r);
                c[1] = LoadGlobal.one(decays, at, (n + 8 * h + 1) * channels + 8 * r);
            }
            weight[h] = PackHalf.pack(Exp2.of(last - c[0]), Exp2.of(last - c[1]));
        }
    }
}
