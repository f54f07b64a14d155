package tessera.tasks.linear;

import tessera.instructions.CopyAsync;
import tessera.instructions.Exp2;
import tessera.instructions.LoadGlobal;
import tessera.instructions.LoadMatrix;
import tessera.instructions.MultiplyHalf;
import tessera.instructions.Select;
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
 * What the tokens of a chunk read, {@code O = scale ((Q Kᵀ D) V + 2^c Q S)} with {@code D_ij = 2^(c_i - c_j)} for {@code j <= i} and the
 * state S before the chunk, on matrix units (Mamba-2, arXiv:2405.21060): float16 operands and float32 sums. Decays may differ between
 * key channels (GLA, arXiv:2312.06635); those of a query are then factors of it, and scores are {@link ChannelScores}.
 */
public final class MatrixChunkOutputs {
    private MatrixChunkOutputs() {
    }

    /**
     * One work-group of {@code 32 warps} items for each tile of {@code 16 rowTiles warps} tokens (x) and output head of each batch (y).
     *
     * @param q [outputs / ofQueries, length, keyDim] float16
     * @param k [states / ofKeys, length, keyDim] float16
     * @param v [states / ofValues, length, valueDim] float16
     * @param before [states, chunks, keyDim, valueDim] float16, the state before each chunk
     * @param decays [states, chunks, chunk, channels], as {@link ChunkDecays} writes them
     * @param out [outputs, length, valueDim]
     * @param ofStates outputs / states
     * @param keyDim a multiple of 16
     * @param valueDim a multiple of 16
     * @param chunk a multiple of the tile of tokens and of tileK
     * @param tileK keys, or channels of the state, at a time; a multiple of 16, with decays of channels a power of two
     * @param rowTiles 1 with decays of channels
     * @param channels 1, or keyDim where each key channel has decays of its own
     */
    public static void tiles(KernelContext context, HalfFloatArray q, HalfFloatArray k, HalfFloatArray v, HalfFloatArray before, FloatArray decays,
            FloatArray out, @Constant int ofQueries, @Constant int ofStates, @Constant int ofKeys, @Constant int ofValues, int length,
            @Constant int keyDim, @Constant int valueDim, float scale, @Constant int chunk, @Constant int tileK, @Constant int warps,
            @Constant int rowTiles, @Constant int channels) {
        int keyPitch = 2 * keyDim + 16;
        int valuePitch = 2 * valueDim + 16;
        int tileBytes = tileK * TornadoMath.max(keyPitch, valuePitch);
        int tiles = Shared.allocate(2 * tileBytes);
        int item = context.localIdx;
        int lane = item & 31;
        int output = context.groupIdy;
        int state = output / ofStates;
        int tileStart = context.groupIdx * 16 * rowTiles * warps;
        int chunkAt = tileStart / chunk;
        int chunks = (length + chunk - 1) / chunk;
        int row = tileStart + (item >> 5) * 16 * rowTiles + (lane >> 2);
        int column = (lane & 3) * 2;
        int keyLane = ((lane >> 4) * 8 + (lane & 7)) * keyPitch + ((lane >> 3) & 1) * 16;
        int valueLane = (((lane >> 3) & 1) * 8 + (lane & 7)) * valuePitch + (lane >> 4) * 16;
        int stateRow = (state * chunks + chunkAt) * keyDim;
        int decaysAt = state * chunks * chunk;
        int sixteen = (decaysAt + row - (lane >> 2)) * keyDim + column;
        int middle = (decaysAt + TornadoMath.min(row - (lane >> 2) + 7, length - 1)) * keyDim + column;
        int upper = (decaysAt + TornadoMath.min(row, length - 1)) * keyDim + column;
        int lower = (decaysAt + TornadoMath.min(row + 8, length - 1)) * keyDim + column;
        MatrixAttention.copy(tiles, 0, before, stateRow, keyDim, 0, item, valueDim, 0, tileK, warps);
        CopyAsync.commit();
        @Registers int[] query = new int[rowTiles * keyDim / 4];
        @Registers float[] sum = new float[rowTiles * valueDim / 2];
        @Registers float[] decay = new float[rowTiles * 2];
        load(query, q, output / ofQueries * length, row, column, length, keyDim, rowTiles);
        if (channels > 1) {
            ChannelScores.decay(query, decays, upper, lower, keyDim);
        } else {
            for (@Unroll int r = 0; r < rowTiles * 2; r++) {
                decay[r] = LoadGlobal.one(decays, decaysAt + TornadoMath.min(row + 8 * r, length - 1), 0);
            }
        }
        int keys = 0;
        for (@Unroll int c = 0; c < keyDim; c += tileK) {
            int now = tiles + keys;
            keys = tileBytes - keys;
            CopyAsync.await(0);
            context.localBarrier();
            if (c + tileK < keyDim) {
                MatrixAttention.copy(tiles, keys, before, stateRow, keyDim, c + tileK, item, valueDim, 0, tileK, warps);
            } else {
                MatrixAttention.copy(tiles, keys, k, state / ofKeys * length, length, chunkAt * chunk, item, keyDim, 0, tileK, warps);
            }
            CopyAsync.commit();
            readState(sum, query, now + valueLane, valuePitch, c, TornadoMath.min(tileK, keyDim - c), keyDim, valueDim, rowTiles);
        }
        if (channels > 1) {
            load(query, q, output / ofQueries * length, row, column, length, keyDim, rowTiles);
        } else {
            for (@Unroll int r = 0; r < rowTiles * 2; r++) {
                float kept = Exp2.of(decay[r]);
                for (@Unroll int c = 0; c < valueDim / 2; c += 4) {
                    sum[(r >> 1) * valueDim / 2 + 2 * (r & 1) + c] = sum[(r >> 1) * valueDim / 2 + 2 * (r & 1) + c] * kept;
                    sum[(r >> 1) * valueDim / 2 + 2 * (r & 1) + c + 1] = sum[(r >> 1) * valueDim / 2 + 2 * (r & 1) + c + 1] * kept;
                }
            }
        }
        int end = TornadoMath.min(tileStart + 16 * rowTiles * warps, (length + tileK - 1) / tileK * tileK);
        for (int key = chunkAt * chunk; key < end; key += tileK) {
            @Registers float[] score = new float[rowTiles * tileK / 2];
            CopyAsync.await(0);
            context.localBarrier();
            MatrixAttention.copy(tiles, tileBytes - keys, v, state / ofValues * length, length, key, item, valueDim, 0, tileK, warps);
            CopyAsync.commit();
            if (channels > 1) {
                ChannelScores.of(score, query, tiles + keys, keyLane, keyPitch, decays, upper, lower, sixteen, middle, (decaysAt + key) * keyDim + column,
                        row - (lane >> 2) - key, lane, keyDim, tileK);
            } else {
                MatrixAttention.scores(score, query, tiles + keys + keyLane, keyPitch, keyDim, tileK, rowTiles);
                decay(score, decay, decays, decaysAt + key + column, row - key - column, tileK, rowTiles);
            }
            CopyAsync.await(0);
            context.localBarrier();
            MatrixAttention.copy(tiles, keys, k, state / ofKeys * length, length, TornadoMath.min(key + tileK, length - 1), item, keyDim, 0, tileK, warps);
            CopyAsync.commit();
            MatrixAttention.add(sum, score, tiles + valueLane, tileBytes - keys, valuePitch, valueDim, tileK, rowTiles);
        }
        CopyAsync.await(0);
        for (@Unroll int r = 0; r < rowTiles * 2; r++) {
            if (row + 8 * r < length) {
                int to = (output * length + row + 8 * r) * valueDim + column;
                for (@Unroll int c = 0; c < valueDim; c += 8) {
                    int from = ((r >> 1) * valueDim + c) / 2 + 2 * (r & 1);
                    StoreGlobal.two(out, to, c, sum[from] * scale, sum[from + 1] * scale);
                }
            }
        }
    }

    /** Queries as factors; those beyond the last token repeat it. */
    @Inline
    private static void load(int[] query, HalfFloatArray q, int base, int row, int column, int length, int keyDim, int rowTiles) {
        for (@Unroll int t = 0; t < rowTiles; t++) {
            int upper = (base + TornadoMath.min(row + 16 * t, length - 1)) * keyDim + column;
            int lower = (base + TornadoMath.min(row + 16 * t + 8, length - 1)) * keyDim + column;
            for (@Unroll int c = 0; c < keyDim; c += 16) {
                query[(t * keyDim + c) / 4] = LoadGlobal.pair(q, upper, c);
                query[(t * keyDim + c) / 4 + 1] = LoadGlobal.pair(q, lower, c);
                query[(t * keyDim + c) / 4 + 2] = LoadGlobal.pair(q, upper, c + 8);
                query[(t * keyDim + c) / 4 + 3] = LoadGlobal.pair(q, lower, c + 8);
            }
        }
    }

    /** {@code O = O + Q S} over the {@code count} channels from {@code first} on, whose rows of S are the tile. */
    @Inline
    private static void readState(float[] sum, int[] query, int tile, int pitch, int first, int count, int keyDim, int valueDim, int rowTiles) {
        @Registers int[] pair = new int[4];
        for (@Unroll int c = 0; c < count; c += 16) {
            for (@Unroll int n = 0; n < valueDim; n += 16) {
                LoadMatrix.fourTransposed(pair, 0, tile, c * pitch + 2 * n);
                for (@Unroll int t = 0; t < rowTiles; t++) {
                    MultiplyHalf.accumulate(sum, (t * valueDim + n) / 2, query, (t * keyDim + first + c) / 4, pair, 0);
                    MultiplyHalf.accumulate(sum, (t * valueDim + n) / 2 + 4, query, (t * keyDim + first + c) / 4, pair, 2);
                }
            }
        }
    }

    /** {@code A = Q Kᵀ D} in place of the scores; columns up to the lane's first row are {@code ahead} tokens from its first column. */
    @Inline
    static void decay(float[] score, float[] decay, FloatArray decays, int at, int ahead, int tileK, int rowTiles) {
        @Registers float[] far = new float[2];
        for (@Unroll int n = 0; n < tileK; n += 8) {
            LoadGlobal.two(far, 0, decays, at, n);
            for (@Unroll int r = 0; r < rowTiles * 2; r++) {
                for (@Unroll int e = 0; e < 2; e++) {
                    int s = ((r >> 1) * tileK + n) / 2 + 2 * (r & 1) + e;
                    score[s] = Select.between(score[s] * Exp2.of(decay[r] - far[e]), 0.0f, 0, n + e, ahead + 8 * r);
                }
            }
        }
    }
}
