package tessera.tasks.dense;

import tessera.specialise.Constant;
import tessera.specialise.Inline;
import tessera.specialise.Registers;
import tessera.specialise.Unroll;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Softmax attention over a window of keys, as {@link TiledAttention}, with scores and sums in registers: {@code S = Q Kᵀ},
 * {@code P = exp(S - m)}, {@code O = exp(m - m') O + P V} (FlashAttention-2, arXiv:2307.08691).
 */
public final class RegisterAttention {
    private static final float HIDDEN = -1.0e30f;

    /** A maximum before any score: the weight of a hidden key is 0 beside it. */
    private static final float NONE = -1.0e20f;

    private RegisterAttention() {
    }

    /**
     * One work-group of {@code tileQ / rows * lanes} items for each tile of rows (x, from the last on) and each key/value head of each
     * batch (y); the rows are the queries of the heads that share its keys, those of one position side by side. An item has {@code rows}
     * of them, and of their keys and value channels every {@code lanes}-th. The keys are those of a window, or the tiles that a list names.
     *
     * @param q [batch, heads, queries, headDim]
     * @param k [batch, kvHeads, keys, headDim]
     * @param v [batch, kvHeads, keys, valueDim]
     * @param out [batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [batch, heads, queries], natural logarithm; -1e30 where no key is visible
     * @param list for each y, for each x: its tile of rows, its head of k and v, and where the tiles of its keys begin and end in list;
     *        each is its first key, and where its bits begin or -1 if all rows see all of it: a bit for each key, 32 to a number, for
     *        each position of the tile of rows
     * @param group heads of one y: heads / kvHeads, or 1 where a list is each head's own
     * @param valueDim a multiple of lanes
     * @param first the window of query i starts at key i + first
     * @param last the window of query i ends at key i + last, inclusive
     * @param tileK keys at a time, a multiple of lanes and of 4
     * @param walk 0 for a window, 2 for a list, and 1 more where keys and values have a tile each, not one that values take over
     */
    public static void tiles(KernelContext context, FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse,
            IntArray list, @Constant int group, int queries, int keys, @Constant int headDim, @Constant int valueDim, float scale, int first, int last,
            @Constant int tileQ, @Constant int tileK, @Constant int rows, @Constant int lanes, @Constant int walk) {
        int tiles = 1 + (walk & 1);
        int items = tileQ / rows * lanes;
        int width = TornadoMath.max(headDim, valueDim) + 1;
        float[] queryTile = context.allocateFloatLocalArray(tileQ * (headDim + 1));
        float[] keyTile = context.allocateFloatLocalArray(tiles * tileK * width);
        float[] weightTile = context.allocateFloatLocalArray(tileQ * (tileK + 1));
        float[] maxTile = context.allocateFloatLocalArray(tileQ * lanes);
        int valueTile = (tiles - 1) * tileK * width;
        int turn = 1;
        if (headDim % 4 == 0) {
            turn = 4;
        }
        int item = context.localIdx;
        int lane = item % lanes;
        int row = item / lanes * rows;
        int head = context.groupIdy;
        int tilesOfHead = (queries * group + tileQ - 1) / tileQ;
        int kvHead = head;
        int tileStart = (tilesOfHead - 1 - context.groupIdx) * tileQ;
        int entry = 4 * (head * tilesOfHead + context.groupIdx);
        if (walk >= 2) {
            tileStart = list.get(entry) * tileQ;
            kvHead = list.get(entry + 1);
        }
        @Registers float[] sum = new float[rows * valueDim / lanes];
        @Registers float[] max = new float[rows];
        @Registers float[] weights = new float[rows];
        for (@Unroll int r = 0; r < rows; r++) {
            max[r] = NONE;
            weights[r] = 0.0f;
            for (@Unroll int c = 0; c < valueDim / lanes; c++) {
                sum[r * valueDim / lanes + c] = 0.0f;
            }
        }
        for (int t = item; t < tileQ * headDim; t += items) {
            int r = t / headDim;
            int c = t - r * headDim;
            int source = OnlineSoftmax.place(head, TornadoMath.min(tileStart + r, queries * group - 1), group, queries);
            queryTile[r * (headDim + 1) + c] = q.get(source * headDim + c) * scale;
        }
        int start = TornadoMath.max(0, tileStart / group + first);
        int end = TornadoMath.min(keys, (tileStart + tileQ - 1) / group + 1 + last);
        int step = tileK;
        if (walk >= 2) {
            start = list.get(entry + 2);
            end = list.get(entry + 3);
            step = 2;
        }
        for (int at = start; at < end; at += step) {
            int key = at;
            int bits = -1;
            if (walk >= 2) {
                key = list.get(at);
                bits = list.get(at + 1);
            }
            context.localBarrier();
            for (int t = item; t < tileK * headDim; t += items) {
                int j = t / headDim;
                int c = t - j * headDim;
                keyTile[j * width + c] = k.get((kvHead * keys + TornadoMath.min(key + j, keys - 1)) * headDim + c);
            }
            if (tiles == 2) {
                for (int t = item; t < tileK * valueDim; t += items) {
                    int j = t / valueDim;
                    int c = t - j * valueDim;
                    keyTile[valueTile + j * width + c] = v.get((kvHead * keys + TornadoMath.min(key + j, keys - 1)) * valueDim + c);
                }
            }
            context.localBarrier();
            @Registers float[] score = new float[rows * tileK / lanes];
            for (@Unroll int s = 0; s < rows * tileK / lanes; s++) {
                score[s] = 0.0f;
            }
            int queryAt = row * (headDim + 1);
            int keyAt = lane * width;
            for (int c = 0; c < headDim; c += turn) {
                for (@Unroll int u = 0; u < turn; u++) {
                    @Registers float[] query = new float[rows];
                    for (@Unroll int r = 0; r < rows; r++) {
                        query[r] = queryTile[queryAt + r * (headDim + 1) + u];
                    }
                    for (@Unroll int j = 0; j < tileK / lanes; j++) {
                        float x = keyTile[keyAt + j * lanes * width + u];
                        for (@Unroll int r = 0; r < rows; r++) {
                            score[r * tileK / lanes + j] += query[r] * x;
                        }
                    }
                }
                queryAt += turn;
                keyAt += turn;
            }
            for (@Unroll int r = 0; r < rows; r++) {
                int i = (tileStart + row + r) / group;
                int lowest = i + first;
                int highest = TornadoMath.min(keys - 1, i + last);
                int words = bits + (i - tileStart / group) * ((tileK + 31) / 32);
                if (walk >= 2) {
                    lowest = 0;
                    highest = keys;
                }
                float most = HIDDEN;
                for (@Unroll int j = 0; j < tileK / lanes; j++) {
                    int column = lane + j * lanes;
                    if (key + column < lowest || key + column > highest) {
                        score[r * tileK / lanes + j] = HIDDEN;
                    }
                    if (bits >= 0) {
                        if (((list.get(words + (column >> 5)) >> (column & 31)) & 1) == 0) {
                            score[r * tileK / lanes + j] = HIDDEN;
                        }
                    }
                    most = TornadoMath.max(most, score[r * tileK / lanes + j]);
                }
                maxTile[(row + r) * lanes + lane] = most;
            }
            context.localBarrier();
            for (@Unroll int r = 0; r < rows; r++) {
                float newMax = max[r];
                for (@Unroll int n = 0; n < lanes; n++) {
                    newMax = TornadoMath.max(newMax, maxTile[(row + r) * lanes + n]);
                }
                float shrink = TornadoMath.exp(max[r] - newMax);
                max[r] = newMax;
                weights[r] = weights[r] * shrink;
                for (@Unroll int c = 0; c < valueDim / lanes; c++) {
                    sum[r * valueDim / lanes + c] = sum[r * valueDim / lanes + c] * shrink;
                }
                for (@Unroll int j = 0; j < tileK / lanes; j++) {
                    float weight = TornadoMath.exp(score[r * tileK / lanes + j] - newMax);
                    weights[r] += weight;
                    weightTile[(row + r) * (tileK + 1) + lane + j * lanes] = weight;
                }
            }
            if (tiles == 1) {
                for (int t = item; t < tileK * valueDim; t += items) {
                    int j = t / valueDim;
                    int c = t - j * valueDim;
                    keyTile[j * width + c] = v.get((kvHead * keys + TornadoMath.min(key + j, keys - 1)) * valueDim + c);
                }
            }
            context.localBarrier();
            int weightAt = row * (tileK + 1);
            int valueAt = valueTile + lane;
            for (int j = 0; j < tileK; j += 4) {
                for (@Unroll int u = 0; u < 4; u++) {
                    @Registers float[] weight = new float[rows];
                    for (@Unroll int r = 0; r < rows; r++) {
                        weight[r] = weightTile[weightAt + r * (tileK + 1) + u];
                    }
                    for (@Unroll int c = 0; c < valueDim / lanes; c++) {
                        float x = keyTile[valueAt + u * width + c * lanes];
                        for (@Unroll int r = 0; r < rows; r++) {
                            sum[r * valueDim / lanes + c] += weight[r] * x;
                        }
                    }
                }
                weightAt += 4;
                valueAt += 4 * width;
            }
        }
        context.localBarrier();
        for (@Unroll int r = 0; r < rows; r++) {
            maxTile[(row + r) * lanes + lane] = weights[r];
        }
        context.localBarrier();
        for (@Unroll int r = 0; r < rows; r++) {
            float total = 0.0f;
            for (@Unroll int n = 0; n < lanes; n++) {
                total += maxTile[(row + r) * lanes + n];
            }
            float inverse = 0.0f;
            float rowLse = HIDDEN;
            if (total > 0.0f) {
                inverse = 1.0f / total;
                rowLse = max[r] + TornadoMath.log(total);
            }
            if (tileStart + row + r < queries * group) {
                int i = OnlineSoftmax.place(head, tileStart + row + r, group, queries);
                for (@Unroll int c = 0; c < valueDim / lanes; c++) {
                    out.set(i * valueDim + lane + c * lanes, sum[r * valueDim / lanes + c] * inverse);
                }
                if (lane == 0) {
                    lse.set(i, rowLse);
                }
            }
        }
    }
}
