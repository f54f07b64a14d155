package tessera.tasks.dense;

import tessera.instructions.Exp2;
import tessera.instructions.Fmax;
import tessera.instructions.Select;
import tessera.instructions.ShuffleXor;
import tessera.instructions.StoreGlobal;
import tessera.instructions.Vote;
import tessera.specialise.Inline;
import tessera.specialise.Registers;
import tessera.specialise.Unroll;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Softmax over scores that lie in the accumulators of matrix units: of every tile of 16 rows and 8 columns a lane holds two neighbouring
 * columns of the rows {@code lane / 4} and {@code lane / 4 + 8}.
 */
public final class OnlineSoftmax {
    /** A maximum before any score: above that of a hidden key, so that its weight is 0; below any real one. */
    public static final float NONE = -1.0e20f;

    public static final float LOG2_E = 1.4426950408889634f;

    private static final float HIDDEN = -1.0e30f;

    /** How far scores may grow beyond the maximum, as a power of two, before sums are scaled to a new one: weights stay below 2^8 in float16. */
    private static final float SLACK = 8.0f;

    private OnlineSoftmax() {
    }

    /** Where a row of a key/value head's queries lies among all queries. */
    @Inline
    public static int place(int head, int row, int group, int queries) {
        return (head * group + row % group) * queries + row / group;
    }

    /**
     * Hides the keys that a row does not see, where there are such in the tile.
     *
     * @param row the lane's first row, group of them having one position
     * @param key the tile's first key
     * @param column the lane's first column
     */
    @Inline
    public static void hide(float[] score, int row, int key, int column, int first, int last, int keys, int group, int columns, int rowTiles) {
        int from = key + column;
        int farthest = TornadoMath.min(keys - 1, row / group + last);
        int nearest = (row + 16 * rowTiles - 1) / group + first;
        if (Vote.any(TornadoMath.max(0, TornadoMath.max(key + columns - 1 - farthest, nearest - key))) != 0) {
            for (@Unroll int r = 0; r < rowTiles * 2; r++) {
                int i = (row + 8 * r) / group;
                int lowest = i + first - from;
                int highest = TornadoMath.min(i + last, keys - 1) - from;
                for (@Unroll int n = 0; n < columns; n += 8) {
                    for (@Unroll int e = 0; e < 2; e++) {
                        int at = ((r >> 1) * columns + n) / 2 + 2 * (r & 1) + e;
                        score[at] = Select.between(score[at], HIDDEN, lowest, n + e, highest);
                    }
                }
            }
        }
    }

    /**
     * Hides the keys of a listed tile that a row does not see.
     *
     * @param bits where the bits of the tile begin in list, -1 if all rows see all of it: a bit for each key, 32 to a number, for each
     *        position from that of the row tileStart on
     */
    @Inline
    public static void hideUnlisted(float[] score, IntArray list, int bits, int row, int tileStart, int column, int group, int columns, int rowTiles) {
        if (bits >= 0) {
            for (@Unroll int r = 0; r < rowTiles * 2; r++) {
                int words = bits + ((row + 8 * r) / group - tileStart / group) * ((columns + 31) / 32);
                int word = 0;
                for (@Unroll int n = 0; n < columns; n += 8) {
                    if (n % 32 == 0) {
                        word = list.get(words + n / 32) >> column;
                    }
                    for (@Unroll int e = 0; e < 2; e++) {
                        int at = ((r >> 1) * columns + n) / 2 + 2 * (r & 1) + e;
                        score[at] = Select.between(score[at], HIDDEN, 1, (word >> (n % 32 + e)) & 1, 1);
                    }
                }
            }
        }
    }

    /** {@code P = 2^(exponent (S - m))} in place of S, for a maximum that may lag behind; sums and weights are scaled when it moves. */
    @Inline
    public static void weigh(float[] score, float[] sum, float[] max, float[] weights,
            float exponent, int columns, int valueDim, int rowTiles) {
        @Registers float[] rowMax = new float[rowTiles * 2];
        float excess = NONE;
        for (@Unroll int r = 0; r < rowTiles * 2; r++) {
            int from = (r >> 1) * columns / 2 + 2 * (r & 1);
            rowMax[r] = Fmax.of(score[from], score[from + 1]);
            for (@Unroll int n = 4; n < columns / 2; n += 4) {
                rowMax[r] = Fmax.of(rowMax[r], Fmax.of(score[from + n], score[from + n + 1]));
            }
            excess = Fmax.of(excess, rowMax[r] - max[r]);
        }
        if (Vote.any(Select.greater(excess * exponent, SLACK)) != 0) {
            for (@Unroll int r = 0; r < rowTiles * 2; r++) {
                float shared = Fmax.of(rowMax[r], ShuffleXor.of(rowMax[r], 1));
                float newMax = Fmax.of(max[r], Fmax.of(shared, ShuffleXor.of(shared, 2)));
                float shrink = Exp2.of((max[r] - newMax) * exponent);
                max[r] = newMax;
                weights[r] = weights[r] * shrink;
                for (@Unroll int c = 0; c < valueDim / 2; c += 4) {
                    sum[(r >> 1) * valueDim / 2 + 2 * (r & 1) + c] = sum[(r >> 1) * valueDim / 2 + 2 * (r & 1) + c] * shrink;
                    sum[(r >> 1) * valueDim / 2 + 2 * (r & 1) + c + 1] = sum[(r >> 1) * valueDim / 2 + 2 * (r & 1) + c + 1] * shrink;
                }
            }
        }
        for (@Unroll int r = 0; r < rowTiles * 2; r++) {
            int from = (r >> 1) * columns / 2 + 2 * (r & 1);
            float shift = 0.0f - max[r] * exponent;
            for (@Unroll int n = 0; n < columns / 2; n += 4) {
                score[from + n] = Exp2.of(score[from + n] * exponent + shift);
                score[from + n + 1] = Exp2.of(score[from + n + 1] * exponent + shift);
                weights[r] = weights[r] + (score[from + n] + score[from + n + 1]);
            }
        }
    }

    /** {@code out = O / sum of P}, and its logarithm. */
    @Inline
    public static void finish(float[] sum, float[] max, float[] weights, float scale, FloatArray out,
            FloatArray lse, int head, int group, int queries, int row, int column, int valueDim, int rowTiles) {
        for (@Unroll int r = 0; r < rowTiles * 2; r++) {
            float half = weights[r] + ShuffleXor.of(weights[r], 1);
            float total = half + ShuffleXor.of(half, 2);
            float inverse = 0.0f;
            float rowLse = HIDDEN;
            if (total > 0.0f) {
                inverse = 1.0f / total;
                rowLse = max[r] * scale + TornadoMath.log(total);
            }
            if (row + 8 * r < queries * group) {
                int i = place(head, row + 8 * r, group, queries);
                for (@Unroll int c = 0; c < valueDim; c += 8) {
                    int from = ((r >> 1) * valueDim + c) / 2 + 2 * (r & 1);
                    StoreGlobal.two(out, i * valueDim + column, c, sum[from] * inverse, sum[from + 1] * inverse);
                }
                if (column == 0) {
                    lse.set(i, rowLse);
                }
            }
        }
    }
}
