package tessera.tasks.dense;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Softmax attention over the sinks and a window of keys, a tile of queries and a tile of keys at a time:
 * {@code m' = max(m, rowmax S)}, {@code P = exp(S - m')}, {@code O = exp(m - m') O + P V}, one division at the end
 * (FlashAttention-2, arXiv:2307.08691).
 */
public final class TiledAttention {
    private TiledAttention() {
    }

    /**
     * One work-group of {@code tileQ * lanes} items for each tile of queries (x) and each head of each batch (y); the lanes
     * of a row share its keys while scoring and its value channels while summing.
     *
     * @param q [batch, heads, queries, headDim]
     * @param k [batch, kvHeads, keys, headDim]
     * @param v [batch, kvHeads, keys, valueDim]
     * @param out [batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [batch, heads, queries], natural logarithm; -1e30 where no key is visible
     * @param sink keys [0, sink) are visible to every query, up to the diagonal
     * @param first the window of query i starts at key i + first
     * @param last the window of query i ends at key i + last, inclusive
     * @param diagonal no key beyond i + diagonal is visible
     */
    public static void tiles(KernelContext context, FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse, int heads,
            int kvHeads, int queries, int keys, int headDim, int valueDim, float scale, int sink, int first, int last, int diagonal,
            int tileQ, int tileK, int lanes) {
        int channels = (valueDim + lanes - 1) / lanes;
        int width = TornadoMath.max(headDim, channels * lanes) + 1;
        float[] queryTile = context.allocateFloatLocalArray(tileQ * (headDim + 1));
        float[] keyTile = context.allocateFloatLocalArray(tileK * width);
        float[] weightTile = context.allocateFloatLocalArray(tileQ * (tileK + 1));
        float[] sum = new float[channels];
        int items = tileQ * lanes;
        int item = context.localIdx;
        int row = item / lanes;
        int lane = item - row * lanes;
        int head = context.groupIdy;
        int kvHead = (head / heads) * kvHeads + (head % heads) / (heads / kvHeads);
        int tileStart = context.groupIdx * tileQ;
        int i = tileStart + row;
        for (int c = 0; c < channels; c++) {
            sum[c] = 0.0f;
        }
        for (int t = item; t < tileQ * headDim; t += items) {
            int r = t / headDim;
            int c = t - r * headDim;
            int source = TornadoMath.min(tileStart + r, queries - 1);
            queryTile[r * (headDim + 1) + c] = q.get((head * queries + source) * headDim + c) * scale;
        }
        float max = -1.0e30f;
        float weights = 0.0f;
        int sinkEnd = TornadoMath.max(0, TornadoMath.min(sink, tileStart + tileQ + diagonal));
        int sinkTiles = (sinkEnd + tileK - 1) / tileK;
        int start = TornadoMath.max(sink, tileStart + first);
        int end = TornadoMath.min(keys, tileStart + tileQ + last);
        int tiles = sinkTiles + (TornadoMath.max(0, end - start) + tileK - 1) / tileK;
        for (int tile = 0; tile < tiles; tile++) {
            int k0 = start + (tile - sinkTiles) * tileK;
            int lowest = i + first;
            int highest = TornadoMath.min(keys - 1, i + last);
            if (tile < sinkTiles) {
                k0 = tile * tileK;
                lowest = 0;
                highest = TornadoMath.min(sink - 1, i + diagonal);
            }
            context.localBarrier();
            for (int t = item; t < tileK * headDim; t += items) {
                int r = t / headDim;
                int c = t - r * headDim;
                int source = TornadoMath.min(k0 + r, keys - 1);
                keyTile[r * width + c] = k.get((kvHead * keys + source) * headDim + c);
            }
            context.localBarrier();
            for (int j = lane; j < tileK; j += lanes) {
                float score = 0.0f;
                for (int c = 0; c < headDim; c++) {
                    score += queryTile[row * (headDim + 1) + c] * keyTile[j * width + c];
                }
                int key = k0 + j;
                if (key < lowest || key > highest) {
                    score = -1.0e30f;
                }
                weightTile[row * (tileK + 1) + j] = score;
            }
            context.localBarrier();
            float newMax = max;
            for (int j = 0; j < tileK; j++) {
                newMax = TornadoMath.max(newMax, weightTile[row * (tileK + 1) + j]);
            }
            context.localBarrier();
            for (int j = lane; j < tileK; j += lanes) {
                float score = weightTile[row * (tileK + 1) + j];
                float weight = 0.0f;
                if (score > -1.0e29f) {
                    weight = TornadoMath.exp(score - newMax);
                }
                weightTile[row * (tileK + 1) + j] = weight;
            }
            for (int t = item; t < tileK * valueDim; t += items) {
                int r = t / valueDim;
                int c = t - r * valueDim;
                int source = TornadoMath.min(k0 + r, keys - 1);
                keyTile[r * width + c] = v.get((kvHead * keys + source) * valueDim + c);
            }
            context.localBarrier();
            float shrink = TornadoMath.exp(max - newMax);
            weights = weights * shrink;
            for (int c = 0; c < channels; c++) {
                sum[c] = sum[c] * shrink;
            }
            for (int j = 0; j < tileK; j++) {
                float weight = weightTile[row * (tileK + 1) + j];
                weights += weight;
                for (int c = 0; c < channels; c++) {
                    sum[c] += weight * keyTile[j * width + lane + c * lanes];
                }
            }
            max = newMax;
        }
        float inverse = 0.0f;
        float rowLse = -1.0e30f;
        if (weights > 0.0f) {
            inverse = 1.0f / weights;
            rowLse = max + TornadoMath.log(weights);
        }
        if (i < queries) {
            for (int c = 0; c < channels; c++) {
                int channel = lane + c * lanes;
                if (channel < valueDim) {
                    out.set((head * queries + i) * valueDim + channel, sum[c] * inverse);
                }
            }
            if (lane == 0) {
                lse.set(head * queries + i, rowLse);
            }
        }
    }
}
