package tessera.tasks.linear;

import tessera.instructions.Exp2;
import tessera.instructions.HalfPair;
import tessera.instructions.LoadGlobal;
import tessera.instructions.LoadMatrix;
import tessera.instructions.MultiplyHalf;
import tessera.instructions.MultiplyTf32;
import tessera.instructions.PackHalf;
import tessera.instructions.Select;
import tessera.instructions.Tf32;
import tessera.specialise.Inline;
import tessera.specialise.Registers;
import tessera.specialise.Unroll;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Scores {@code A_ij = sum over channels of q_i k_j 2^(c_i - c_j)} for {@code j <= i} where every key channel has decays of its own, by a
 * warp with 16 tokens (GLA, arXiv:2312.06635, secondary chunks). Against earlier tokens {@code c_i - r} and {@code r - c_j} are at
 * most 0 for the decays r before the sixteen, and float16 holds the factors; among the sixteen r lies in their middle, and tf32
 * does, as long as no gate is below {@link #LEAST}.
 */
public final class ChannelScores {

    /** Least logarithm of a gate, in powers of two; the 2^-14 that it keeps is less than float16 tells apart. */
    public static final float LEAST = -14.0f;

    private ChannelScores() {
    }

    /** {@code q_i = q_i 2^c_i}, in float16. */
    @Inline
    static void decay(int[] query, FloatArray decays, int upper, int lower, int keyDim) {
        @Registers float[] c = new float[2];
        for (@Unroll int n = 0; n < keyDim / 4; n++) {
            LoadGlobal.two(c, 0, decays, (n & 1) == 0 ? upper : lower, n / 4 * 16 + (n >> 1 & 1) * 8);
            query[n] = HalfPair.multiply(query[n], PackHalf.pack(Exp2.of(c[0]), Exp2.of(c[1])));
        }
    }

    /**
     * Scores against a tile of keys with those tokens of it hidden that are not before the lane's sixteen, and among the sixteen.
     *
     * @param upper where the decays of the lane's first token begin, at its first channel
     * @param lower the same of its second token
     * @param sixteen the same of the first of the sixteen
     * @param middle the same of a token in their middle
     * @param keys the same of the tile's first token
     * @param first where the sixteen begin in the tile, which may be beyond it or before it
     */
    @Inline
    static void of(float[] score, int[] query, int tile, int keyLane, int pitch, FloatArray decays, int upper, int lower, int sixteen, int middle,
            int keys, int first, int lane, int keyDim, int tileK) {
        @Registers float[] block = new float[8];
        int column = (lane & 3) * 2;
        if (first > 0) {
            earlier(score, query, tile + keyLane, pitch, decays, upper, lower, sixteen - keyDim, keys + (lane >> 2) * keyDim, keyDim, tileK);
        }
        if ((first & -tileK) == 0) {
            among(block, query, tile + first * pitch + keyLane, decays, upper, lower, middle, sixteen + (lane >> 2) * keyDim, keyDim);
        }
        for (@Unroll int n = 0; n < tileK; n += 16) {
            for (@Unroll int s = 0; s < 8; s++) {
                int at = (s >> 2) * 8 + (s & 1);
                float among = Select.between(block[s], 0.0f, at, (lane >> 2) + (s >> 1 & 1) * 8 - column, 15);
                float earlier = Select.between(score[n / 2 + s], 0.0f, 0, n + at, first - 1 - column);
                score[n / 2 + s] = earlier + Select.between(among, 0.0f, n, first, n);
            }
        }
    }

    @Inline
    private static void earlier(float[] score, int[] query, int tile, int pitch, FloatArray decays, int upper, int lower, int before, int keys, int keyDim,
            int tileK) {
        @Registers float[] r = new float[4];
        @Registers float[] x = new float[2];
        @Registers int[] near = new int[4];
        @Registers int[] pair = new int[4];
        for (@Unroll int c = 0; c < keyDim; c += 16) {
            LoadGlobal.two(r, 0, decays, before, c);
            LoadGlobal.two(r, 2, decays, before, c + 8);
            for (@Unroll int i = 0; i < 4; i++) {
                LoadGlobal.two(x, 0, decays, (i & 1) == 0 ? upper : lower, c + 8 * (i >> 1));
                near[i] = HalfPair.multiply(query[c / 4 + i], PackHalf.pack(Exp2.of(x[0] - r[2 * (i >> 1)]), Exp2.of(x[1] - r[2 * (i >> 1) + 1])));
            }
            for (@Unroll int n = 0; n < tileK; n += 16) {
                LoadMatrix.four(pair, 0, tile, n * pitch + 2 * c);
                for (@Unroll int i = 0; i < 4; i++) {
                    LoadGlobal.two(x, 0, decays, keys, (n + 8 * (i >> 1)) * keyDim + c + 8 * (i & 1));
                    pair[i] = HalfPair.multiply(pair[i], PackHalf.pack(Exp2.of(r[2 * (i & 1)] - x[0]), Exp2.of(r[2 * (i & 1) + 1] - x[1])));
                }
                MultiplyHalf.accumulate(score, n / 2, near, 0, pair, 0);
                MultiplyHalf.accumulate(score, n / 2 + 4, near, 0, pair, 2);
            }
        }
    }

    /** A unit's eight channels are those that four lanes hold two of, in their order. */
    @Inline
    private static void among(float[] block, int[] query, int tile, FloatArray decays, int upper, int lower, int middle, int keys, int keyDim) {
        @Registers float[] r = new float[2];
        @Registers float[] x = new float[2];
        @Registers int[] near = new int[4];
        @Registers int[] far = new int[2];
        @Registers int[] pair = new int[4];
        for (@Unroll int c = 0; c < keyDim; c += 8) {
            if (c % 16 == 0) {
                LoadMatrix.four(pair, 0, tile, 2 * c);
            }
            int e = c / 8 & 1;
            LoadGlobal.two(r, 0, decays, middle, c);
            for (@Unroll int u = 0; u < 2; u++) {
                int q = query[c / 16 * 4 + 2 * e + u];
                LoadGlobal.two(x, 0, decays, u == 0 ? upper : lower, c);
                near[u] = Tf32.round(HalfPair.low(q) * Exp2.of(x[0] - r[0]));
                near[2 + u] = Tf32.round(HalfPair.high(q) * Exp2.of(x[1] - r[1]));
            }
            for (@Unroll int h = 0; h < 2; h++) {
                LoadGlobal.two(x, 0, decays, keys, 8 * h * keyDim + c);
                far[0] = Tf32.round(HalfPair.low(pair[2 * h + e]) * Exp2.of(r[0] - x[0]));
                far[1] = Tf32.round(HalfPair.high(pair[2 * h + e]) * Exp2.of(r[1] - x[1]));
                MultiplyTf32.accumulate(block, 4 * h, near, 0, far, 0);
            }
        }
    }
}
