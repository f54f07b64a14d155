package tessera.tasks.dense;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Softmax attention of one query for each sequence: {@code m' = max(m, max s)}, {@code p = exp(s - m')},
 * {@code o = exp(m - m') o + p V}, one division at the end. The keys are cut into parts (FlashDecoding, Stanford blog 2023), each
 * read once for the query heads that share it (grouped queries, arXiv:2305.13245).
 */
public final class DecodeAttention {
    private DecodeAttention() {
    }

    /**
     * One work-group for each {@code tileH} query heads of a key/value head of a batch (x) and each part of the keys (y). Lanes share
     * the channels of a key while scoring; then each work-item sums one channel of the values over its split of the keys.
     *
     * @param q [batch, heads, 1, headDim]
     * @param k [batch, kvHeads, keys, headDim]
     * @param v [batch, kvHeads, keys, valueDim]
     * @param out [parts, batch, heads, 1, valueDim]; 0 where no key is visible
     * @param lse [parts, batch, heads, 1], natural logarithm; -1e30 where no key is visible
     * @param group query heads of a key/value head
     * @param rows batch * heads
     * @param visible number of keys that the query sees: [0, sinks), the others {@code skip} keys further on
     * @param partKeys visible keys in a part
     * @param tileH query heads, at most 8
     * @param tileK keys, a multiple of 8 and of 2 * items / lanes
     * @param lanes a power of 2, at least 4
     * @param items work-items in a group, a multiple of 32, at least valueDim
     */
    public static void tiles(KernelContext context, FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse, int group,
            int rows, int keys, int headDim, int valueDim, float scale, int visible, int sinks, int skip, int partKeys, int tileH, int tileK,
            int lanes, int items) {
        int steps = (headDim + lanes - 1) / lanes;
        int lines = items / lanes;
        int across = TornadoMath.min(2, 8 / tileH);
        int slots = TornadoMath.min(32, items / 8);
        int splits = TornadoMath.min(items / valueDim, tileK / 8);
        int rounds = (tileK + 8 * splits - 1) / (8 * splits);
        float[] queryTile = context.allocateFloatLocalArray(steps * lanes * tileH);
        float[] partials = context.allocateFloatLocalArray(tileH * TornadoMath.max(tileK * (lanes + 1), items));
        float[] weightTile = context.allocateFloatLocalArray(rounds * 8 * splits * tileH);
        float[] slotTile = context.allocateFloatLocalArray(tileH * slots);
        float[] shrinks = context.allocateFloatLocalArray(8);
        float[] dots = new float[tileH * across];
        float[] sums = new float[tileH];
        int item = context.localIdx;
        int line = item / lanes;
        int lane = item & (lanes - 1);
        int slot = item % slots;
        int head = TornadoMath.min(item / slots, tileH - 1);
        int scored = 0;
        if (item < tileH * slots) {
            scored = tileK;
        }
        int split = item / valueDim;
        int channel = item - split * valueDim;
        int summed = 0;
        if (split < splits) {
            summed = rounds;
        }
        int blocks = (group + tileH - 1) / tileH;
        int kvHead = context.groupIdx / blocks;
        int block = context.groupIdx - kvHead * blocks;
        int heads = TornadoMath.min(tileH, group - block * tileH);
        int firstHead = kvHead * group + block * tileH;
        for (int t = item; t < steps * lanes * tileH; t += items) {
            int c = t / tileH;
            float x = 0.0f;
            if (c < headDim) {
                x = q.get((firstHead + TornadoMath.min(t - c * tileH, heads - 1)) * headDim + c) * scale;
            }
            queryTile[t] = x;
        }
        for (int t = item; t < rounds * 8 * splits * tileH; t += items) {
            weightTile[t] = 0.0f;
        }
        for (int h = 0; h < tileH; h++) {
            sums[h] = 0.0f;
        }
        float max = -1.0e30f;
        float weights = 0.0f;
        int start = context.groupIdy * partKeys;
        int end = TornadoMath.min(visible, start + partKeys);
        for (int tile = start; tile < end; tile += tileK) {
            context.localBarrier();
            for (int j = line; j < tileK; j += lines * across) {
                for (int t = 0; t < tileH * across; t++) {
                    dots[t] = 0.0f;
                }
                for (int step = 0; step < steps; step++) {
                    int c = step * lanes + lane;
                    for (int a = 0; a < across; a++) {
                        int key = TornadoMath.min(tile + j + a * lines, end - 1);
                        if (key >= sinks) {
                            key = key + skip;
                        }
                        float x = k.get((kvHead * keys + key) * headDim + TornadoMath.min(c, headDim - 1));
                        for (int h = 0; h < tileH; h++) {
                            dots[a * tileH + h] += queryTile[c * tileH + h] * x;
                        }
                    }
                }
                for (int a = 0; a < across; a++) {
                    for (int h = 0; h < tileH; h++) {
                        partials[(h * tileK + j + a * lines) * (lanes + 1) + lane] = dots[a * tileH + h];
                    }
                }
            }
            context.localBarrier();
            float newMax = max;
            for (int j = slot; j < scored; j += slots) {
                int first = (head * tileK + j) * (lanes + 1);
                float score = 0.0f;
                for (int n = 0; n < lanes; n++) {
                    score += partials[first + n];
                }
                if (tile + j >= end) {
                    score = -1.0e30f;
                }
                partials[first] = score;
                newMax = TornadoMath.max(newMax, score);
            }
            if (item < tileH * slots) {
                slotTile[item] = newMax;
            }
            context.localBarrier();
            for (int n = 0; n < slots; n++) {
                newMax = TornadoMath.max(newMax, slotTile[head * slots + n]);
            }
            float shrink = TornadoMath.exp(max - newMax);
            weights = weights * shrink;
            max = newMax;
            for (int j = slot; j < scored; j += slots) {
                float weight = 0.0f;
                if (tile + j < end) {
                    weight = TornadoMath.exp(partials[(head * tileK + j) * (lanes + 1)] - newMax);
                }
                weightTile[j * tileH + head] = weight;
                weights += weight;
            }
            if (slot == 0) {
                shrinks[head] = shrink;
            }
            context.localBarrier();
            for (int h = 0; h < tileH; h++) {
                sums[h] = sums[h] * shrinks[h];
            }
            for (int round = 0; round < summed; round++) {
                for (int n = 0; n < 8; n++) {
                    int j = (round * 8 + n) * splits + split;
                    int key = TornadoMath.min(tile + j, end - 1);
                    if (key >= sinks) {
                        key = key + skip;
                    }
                    float x = v.get((kvHead * keys + key) * valueDim + channel);
                    for (int h = 0; h < tileH; h++) {
                        sums[h] += weightTile[j * tileH + h] * x;
                    }
                }
            }
        }
        if (item < tileH * slots) {
            slotTile[item] = weights;
        }
        if (split < splits) {
            for (int h = 0; h < tileH; h++) {
                partials[(h * splits + split) * valueDim + channel] = sums[h];
            }
        }
        context.localBarrier();
        float total = 0.0f;
        for (int n = 0; n < slots; n++) {
            total += slotTile[head * slots + n];
        }
        float inverse = 0.0f;
        float headLse = -1.0e30f;
        if (total > 0.0f) {
            inverse = 1.0f / total;
            headLse = max + TornadoMath.log(total);
        }
        int firstRow = context.groupIdy * rows + firstHead;
        if (slot == 0) {
            shrinks[head] = inverse;
            if (item < heads * slots) {
                lse.set(firstRow + head, headLse);
            }
        }
        context.localBarrier();
        for (int t = item; t < heads * valueDim; t += items) {
            int h = t / valueDim;
            float sum = 0.0f;
            for (int n = 0; n < splits; n++) {
                sum += partials[(h * splits + n) * valueDim + t - h * valueDim];
            }
            out.set(firstRow * valueDim + t, sum * shrinks[h]);
        }
    }
}
