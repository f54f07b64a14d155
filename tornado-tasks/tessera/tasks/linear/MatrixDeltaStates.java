package tessera.tasks.linear;

import tessera.instructions.CopyAsync;
import tessera.instructions.Exp2;
import tessera.instructions.HalfPair;
import tessera.instructions.LoadGlobal;
import tessera.instructions.LoadMatrix;
import tessera.instructions.MultiplyHalf;
import tessera.instructions.PackHalf;
import tessera.instructions.Shared;
import tessera.instructions.ShuffleXor;
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
 * The delta rule from chunk to chunk, on matrix units (arXiv:2406.06484): tokens change the state by {@code D = U - W S}, and
 * {@code S = 2^c_last S + sum of 2^(c_last - c_t) k_tᵀ D_t}. The state stays in registers, transposed: as it leaves the unit, so it enters it.
 */
public final class MatrixDeltaStates {
    private MatrixDeltaStates() {
    }

    /**
     * One work-group of {@code 32 warps} items for {@code 16 warps} value channels (x) of each state (y), over all chunks.
     *
     * @param k [states / ofKeys, length, keyDim] float16
     * @param solved [states, chunks, keyDim + valueDim, chunk] float16, as {@link MatrixDeltaSolve} writes it
     * @param decays [states, chunks, chunk], as {@link ChunkDecays} writes them
     * @param s0 [states, keyDim, valueDim]
     * @param before [states, chunks, keyDim, valueDim] float16, the state before each chunk
     * @param changes [states, length, valueDim] float16, D
     * @param s [states, keyDim, valueDim], the last state
     * @param keyDim a multiple of 16
     * @param valueDim a multiple of {@code 16 warps}
     * @param chunk a multiple of 16
     */
    public static void tiles(KernelContext context, HalfFloatArray k, HalfFloatArray solved, FloatArray decays, FloatArray s0, HalfFloatArray before,
            HalfFloatArray changes, FloatArray s, @Constant int ofKeys, int length, @Constant int keyDim, @Constant int valueDim, int chunks,
            @Constant int chunk, @Constant int warps) {
        int pitch = 2 * chunk + 16;
        int keyPitch = 2 * keyDim + 16;
        int keys = keyDim * pitch;
        int tiles = Shared.allocate(keys + chunk * keyPitch);
        int item = context.localIdx;
        int lane = item & 31;
        int state = context.groupIdy;
        int column = (lane & 3) * 2;
        int odd = lane >> 2 & 1;
        int value = context.groupIdx * 16 * warps + (item >> 5) * 16;
        int transitionLane = tiles + (lane & 15) * pitch + (lane >> 4) * 16;
        int keyLane = tiles + (lane & 15) * keyPitch + (lane >> 4) * 16;
        int solvedRows = keyDim + valueDim;
        int stateAt = (state * keyDim + column) * valueDim + value + (lane >> 2);
        @Registers float[] sum = new float[keyDim / 2];
        @Registers int[] ahead = new int[chunk / 4];
        for (@Unroll int n = 0; n < keyDim / 2; n++) {
            sum[n] = LoadGlobal.one(s0, stateAt, (n / 4 * 8 + (n & 1)) * valueDim + (n >> 1 & 1) * 8);
        }
        MatrixAttention.copy(tiles, 0, solved, state * chunks * solvedRows, solvedRows, 0, item, chunk, 1, keyDim, warps);
        CopyAsync.commit();
        load(ahead, solved, (state * chunks * solvedRows + keyDim + value + (lane >> 2)) * chunk + column, chunk);
        CopyAsync.await(0);
        context.localBarrier();
        for (int m = 0; m < chunks; m++) {
            int next = TornadoMath.min(m + 1, chunks - 1);
            int token = m * chunk;
            float last = LoadGlobal.one(decays, state * chunks * chunk + TornadoMath.min(token + chunk, length) - 1, 0);
            MatrixAttention.copy(tiles, keys, k, state / ofKeys * length, length, token, item, keyDim, 0, chunk, warps);
            CopyAsync.commit();
            @Registers float[] change = new float[chunk / 2];
            for (@Unroll int n = 0; n < chunk / 4; n++) {
                change[2 * n] = HalfPair.low(ahead[n]);
                change[2 * n + 1] = HalfPair.high(ahead[n]);
            }
            correct(change, sum, transitionLane, pitch, before, ((state * chunks + m) * keyDim + column + odd) * valueDim + value + (lane >> 3) * 2, odd, keyDim,
                    valueDim, chunk);
            CopyAsync.await(0);
            context.localBarrier();
            MatrixAttention.copy(tiles, 0, solved, (state * chunks + next) * solvedRows, solvedRows, 0, item, chunk, 1, keyDim, warps);
            CopyAsync.commit();
            load(ahead, solved, ((state * chunks + next) * solvedRows + keyDim + value + (lane >> 2)) * chunk + column, chunk);
            int row = token + column + odd;
            for (@Unroll int n = 0; n < chunk / 4; n++) {
                int pair = PackHalf.pack(change[2 * n], change[2 * n + 1]);
                int across = HalfPair.transpose(pair, ShuffleXor.of(pair, 4), odd);
                if (row + n / 2 * 8 < length) {
                    StoreGlobal.pair(changes, (state * length + row) * valueDim + value + (lane >> 3) * 2, n / 2 * 8 * valueDim + (n & 1) * 8, across);
                }
            }
            pass(sum, change, keyLane, keys, keyPitch, decays, state * chunks * chunk + token + column, last, keyDim, chunk);
            CopyAsync.await(0);
            context.localBarrier();
        }
        for (@Unroll int n = 0; n < keyDim / 2; n++) {
            s.set(stateAt + (n / 4 * 8 + (n & 1)) * valueDim + (n >> 1 & 1) * 8, sum[n]);
        }
    }

    /** The lane's elements of {@code Uᵀ}. */
    @Inline
    private static void load(int[] ahead, HalfFloatArray solved, int at, int chunk) {
        for (@Unroll int n = 0; n < chunk / 4; n++) {
            ahead[n] = LoadGlobal.pair(solved, at, n / 2 * 8 + (n & 1) * 8 * chunk);
        }
    }

    /** {@code Dᵀ = Uᵀ - Sᵀ Wᵀ}, and S into memory. */
    @Inline
    private static void correct(float[] change, float[] sum, int transitions, int pitch, HalfFloatArray before, int to, int odd, int keyDim, int valueDim,
            int chunk) {
        @Registers int[] near = new int[4];
        @Registers int[] pair = new int[4];
        for (@Unroll int c = 0; c < keyDim; c += 16) {
            for (@Unroll int e = 0; e < 4; e++) {
                near[e] = PackHalf.pack(sum[c / 2 + 2 * e], sum[c / 2 + 2 * e + 1]);
                StoreGlobal.pair(before, to, (c + (e >> 1) * 8) * valueDim + (e & 1) * 8, HalfPair.transpose(near[e], ShuffleXor.of(near[e], 4), odd));
            }
            for (@Unroll int n = 0; n < chunk; n += 16) {
                LoadMatrix.fourTransposed(pair, 0, transitions, c * pitch + 2 * n);
                MultiplyHalf.accumulate(change, n / 2, near, 0, pair, 0);
                MultiplyHalf.accumulate(change, n / 2 + 4, near, 0, pair, 2);
            }
        }
    }

    /** {@code Sᵀ = 2^last Sᵀ + (2^(last - c) D)ᵀ K}. */
    @Inline
    private static void pass(float[] sum, float[] change, int keyTile, int keys, int keyPitch, FloatArray decays, int at, float last, int keyDim, int chunk) {
        @Registers float[] decay = new float[4];
        @Registers int[] near = new int[4];
        @Registers int[] pair = new int[4];
        float kept = Exp2.of(last);
        for (@Unroll int n = 0; n < keyDim / 2; n++) {
            sum[n] = sum[n] * kept;
        }
        for (@Unroll int n = 0; n < chunk; n += 16) {
            LoadGlobal.two(decay, 0, decays, at, n);
            LoadGlobal.two(decay, 2, decays, at, n + 8);
            for (@Unroll int e = 0; e < 4; e++) {
                decay[e] = Exp2.of(last - decay[e]);
            }
            for (@Unroll int e = 0; e < 4; e++) {
                near[e] = PackHalf.pack(change[n / 2 + 2 * e] * decay[e / 2 * 2], change[n / 2 + 2 * e + 1] * decay[e / 2 * 2 + 1]);
            }
            for (@Unroll int c = 0; c < keyDim; c += 16) {
                LoadMatrix.fourTransposed(pair, 0, keyTile, keys + n * keyPitch + 2 * c);
                MultiplyHalf.accumulate(sum, c / 2, near, 0, pair, 0);
                MultiplyHalf.accumulate(sum, c / 2 + 4, near, 0, pair, 2);
            }
        }
    }
}
