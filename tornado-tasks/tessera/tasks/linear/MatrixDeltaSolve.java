package tessera.tasks.linear;

import tessera.instructions.Bits;
import tessera.instructions.CopyAsync;
import tessera.instructions.Exp2;
import tessera.instructions.HalfPair;
import tessera.instructions.LoadGlobal;
import tessera.instructions.LoadMatrix;
import tessera.instructions.LoadShared;
import tessera.instructions.MultiplyHalf;
import tessera.instructions.PackHalf;
import tessera.instructions.Select;
import tessera.instructions.Shared;
import tessera.instructions.StoreGlobal;
import tessera.instructions.StoreShared;
import tessera.instructions.SyncWarp;
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
 * The delta rule within chunks, on matrix units (DeltaNet's WY form, arXiv:2406.06484, gated arXiv:2412.06464): with
 * {@code A_ij = beta_i 2^(c_i - c_j) k_i·k_j} for {@code j < i}, {@code W = (I + A)⁻¹ (beta 2^c K)} and {@code U = (I + A)⁻¹ (beta V)}, so that
 * tokens change the state by {@code U - W S}. Blocks of 16 tokens are inverted in float32 and substituted forward.
 */
public final class MatrixDeltaSolve {
    private MatrixDeltaSolve() {
    }

    /**
     * One work-group of {@code 2 chunk} items for each chunk (x) and state (y), a warp for each 16 tokens.
     *
     * @param k [states / ofKeys, length, keyDim] float16
     * @param v [states / ofValues, length, valueDim] float16
     * @param beta [states, length]
     * @param decays [states, chunks, chunk], as {@link ChunkDecays} writes them
     * @param solved [states, chunks, keyDim + valueDim, chunk] float16, {@code -Wᵀ} above {@code Uᵀ}
     * @param keyDim a multiple of 16
     * @param valueDim a multiple of 16
     * @param chunk a multiple of 16
     */
    public static void tiles(KernelContext context, HalfFloatArray k, HalfFloatArray v, FloatArray beta, FloatArray decays, HalfFloatArray solved,
            @Constant int ofKeys, @Constant int ofValues, int length, @Constant int keyDim, @Constant int valueDim, int chunks, @Constant int chunk) {
        int warps = chunk / 16;
        int keyPitch = 2 * keyDim + 16;
        int valuePitch = 2 * valueDim + 16;
        int pitch = 2 * chunk + 16;
        int values = chunk * keyPitch;
        int pairs = values + chunk * valuePitch;
        int inverses = pairs + chunk * pitch;
        int tiles = Shared.allocate(inverses + 1024 * warps);
        int item = context.localIdx;
        int lane = item & 31;
        int warp = item >> 5;
        int state = context.groupIdy;
        int start = context.groupIdx * chunk;
        int column = (lane & 3) * 2;
        int row = start + 16 * warp + (lane >> 2);
        int decaysAt = state * chunks * chunk;
        MatrixAttention.copy(tiles, 0, k, state / ofKeys * length, length, start, item, keyDim, 0, chunk, warps);
        MatrixAttention.copy(tiles, values, v, state / ofValues * length, length, start, item, valueDim, 0, chunk, warps);
        CopyAsync.commit();
        CopyAsync.await(0);
        context.localBarrier();
        @Registers int[] own = new int[keyDim / 4];
        @Registers float[] score = new float[chunk / 2];
        @Registers float[] decay = new float[2];
        @Registers float[] factor = new float[2];
        for (@Unroll int c = 0; c < keyDim; c += 16) {
            LoadMatrix.four(own, c / 4, tiles + (16 * warp + (lane & 15)) * keyPitch + (lane >> 4) * 16, 2 * c);
        }
        for (@Unroll int r = 0; r < 2; r++) {
            decay[r] = LoadGlobal.one(decays, decaysAt + TornadoMath.min(row + 8 * r, length - 1), 0);
            factor[r] = Select.between(LoadGlobal.one(beta, state * length + TornadoMath.min(row + 8 * r, length - 1), 0), 0.0f, 0, row + 8 * r, length - 1);
        }
        MatrixAttention.scores(score, own, tiles + ((lane >> 4) * 8 + (lane & 7)) * keyPitch + ((lane >> 3) & 1) * 16, keyPitch, keyDim, chunk, 1);
        MatrixChunkOutputs.decay(score, decay, decays, decaysAt + start + column, row - start - column - 1, chunk, 1);
        for (@Unroll int n = 0; n < chunk / 2; n++) {
            score[n] = score[n] * (0.0f - factor[n >> 1 & 1]);
        }
        int to = tiles + (16 * warp + (lane >> 2)) * pitch + 2 * column;
        int inverse = tiles + 1024 * warp;
        for (@Unroll int n = 0; n < chunk; n += 8) {
            StoreShared.one(to, pairs + 2 * n, Bits.toFloat(PackHalf.pack(score[n / 2], score[n / 2 + 1])));
            StoreShared.one(to, pairs + 2 * n + 8 * pitch, Bits.toFloat(PackHalf.pack(score[n / 2 + 2], score[n / 2 + 3])));
            if (warp == n / 16) {
                StoreShared.two(inverse + (lane >> 2) * 64 + 4 * column, inverses + 4 * (n % 16), score[n / 2], score[n / 2 + 1]);
                StoreShared.two(inverse + (lane >> 2) * 64 + 4 * column, inverses + 4 * (n % 16) + 512, score[n / 2 + 2], score[n / 2 + 3]);
            }
        }
        SyncWarp.all();
        invert(inverse, inverses, lane);
        context.localBarrier();
        int solvedAt = (state * chunks + context.groupIdx) * (keyDim + valueDim);
        for (int channel = 16 * warp; channel < keyDim; channel += 16 * warps) {
            solve(tiles, 0, keyPitch, pairs, inverses, channel, beta, decays, state * length, decaysAt, start, length, solved, solvedAt, lane, chunk, 1);
        }
        for (int channel = 16 * warp; channel < valueDim; channel += 16 * warps) {
            solve(tiles, values, valuePitch, pairs, inverses, channel, beta, decays, state * length, decaysAt, start, length, solved, solvedAt + keyDim, lane,
                    chunk, 0);
        }
    }

    /** {@code (I + A)⁻¹ - I} of 16 tokens by forward substitution, transposed and in float16, in place of {@code -A}; two lanes compute a column. */
    @Inline
    private static void invert(int block, int offset, int lane) {
        @Registers float[] a = new float[4];
        @Registers float[] t = new float[16];
        int j = lane & 15;
        for (@Unroll int i = 0; i < 16; i++) {
            t[i] = Select.between(1.0f, 0.0f, i, j, i);
            for (@Unroll int n = 0; n < i; n++) {
                if (n % 4 == 0) {
                    LoadShared.four(a, 0, block, offset + 64 * i + 4 * n);
                }
                t[i] += a[n % 4] * t[n];
            }
        }
        @Registers int[] packed = new int[8];
        for (@Unroll int i = 0; i < 16; i++) {
            t[i] = Select.between(0.0f, t[i], i, j, i);
        }
        for (@Unroll int i = 0; i < 8; i++) {
            packed[i] = PackHalf.pack(t[2 * i], t[2 * i + 1]);
        }
        SyncWarp.all();
        StoreShared.four(block + 48 * j, offset, packed[0], packed[1], packed[2], packed[3]);
        StoreShared.four(block + 48 * j, offset + 16, packed[4], packed[5], packed[6], packed[7]);
    }

    /** {@code Xᵀ = Bᵀ (I + A)⁻ᵀ} for 16 channels of B, a tile of tokens scaled by beta; keys also by their decays, of which {@code -X} is written. */
    @Inline
    private static void solve(int tiles, int source, int sourcePitch, int pairs, int inverses, int channel, FloatArray beta, FloatArray decays, int betaAt,
            int decaysAt, int start, int length, HalfFloatArray solved, int solvedAt, int lane, int chunk, int ofKeys) {
        int pitch = 2 * chunk + 16;
        int column = (lane & 3) * 2;
        int from = tiles + ((lane >> 4) * 8 + (lane & 7)) * sourcePitch + ((lane >> 3) & 1) * 16 + 2 * channel;
        int pairLane = tiles + ((lane >> 4) * 8 + (lane & 7)) * pitch + ((lane >> 3) & 1) * 16;
        int inverseLane = tiles + (lane & 15) * 48 + (lane >> 4) * 16;
        int to = (solvedAt + channel + (lane >> 2)) * chunk + column;
        @Registers int[] b = new int[4];
        @Registers int[] known = new int[chunk / 4];
        for (@Unroll int i = 0; i < chunk; i += 16) {
            @Registers float[] x = new float[8];
            LoadMatrix.fourTransposed(b, 0, from, source + i * sourcePitch);
            for (@Unroll int e = 0; e < 4; e++) {
                int token = start + i + (e >> 1) * 8 + column + (e & 1);
                int place = TornadoMath.min(token, length - 1);
                float factor = LoadGlobal.one(beta, betaAt + place, 0);
                if (ofKeys == 1) {
                    factor = factor * Exp2.of(LoadGlobal.one(decays, decaysAt + place, 0));
                }
                factor = Select.between(factor, 0.0f, 0, token, length - 1);
                for (@Unroll int u = 0; u < 2; u++) {
                    int pair = b[(e >> 1) * 2 + u];
                    x[(e >> 1) * 4 + 2 * u + (e & 1)] = factor * ((e & 1) == 0 ? HalfPair.low(pair) : HalfPair.high(pair));
                }
            }
            for (@Unroll int j = 0; j < i; j += 16) {
                LoadMatrix.four(b, 0, pairLane, pairs + i * pitch + 2 * j);
                MultiplyHalf.accumulate(x, 0, known, j / 4, b, 0);
                MultiplyHalf.accumulate(x, 4, known, j / 4, b, 2);
            }
            pack(known, i / 4, x, 1.0f);
            LoadMatrix.fourTransposed(b, 0, inverseLane, inverses + 64 * i);
            MultiplyHalf.accumulate(x, 0, known, i / 4, b, 0);
            MultiplyHalf.accumulate(x, 4, known, i / 4, b, 2);
            pack(known, i / 4, x, 1.0f);
            pack(b, 0, x, ofKeys == 1 ? -1.0f : 1.0f);
            for (@Unroll int e = 0; e < 4; e++) {
                StoreGlobal.pair(solved, to, (e & 1) * 8 * chunk + i + (e >> 1) * 8, b[e]);
            }
        }
    }

    /** Two neighbouring tiles of sums as a factor of the next product. */
    @Inline
    static void pack(int[] packed, int at, float[] x, float sign) {
        for (@Unroll int e = 0; e < 4; e++) {
            packed[at + e] = PackHalf.pack(sign * x[2 * e], sign * x[2 * e + 1]);
        }
    }
}
