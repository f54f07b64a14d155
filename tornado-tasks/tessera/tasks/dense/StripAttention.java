package tessera.tasks.dense;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Softmax attention over the sinks and a window of keys for CPUs: a tile of queries goes along its strip of keys, a tile of them at a
 * time, with an online softmax (arXiv:2205.14135). Scores lie transposed, the queries side by side, so that all loops go over neighbours
 * and no sum or maximum over a vector is needed.
 */
public final class StripAttention {
    private StripAttention() {
    }

    /**
     * One tile of queries for each row, of each head and batch.
     *
     * @param q [batch, heads, queries, headDim]
     * @param k [batch, kvHeads, keys, headDim]
     * @param v [batch, kvHeads, keys, valueDim]
     * @param out [batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [batch, heads, queries], natural logarithm; -1e30 where no key is visible
     * @param group heads / kvHeads
     * @param sink keys [0, sink) are visible to every query, up to the diagonal
     * @param first the window of query i starts at key i + first
     * @param last the window of query i ends at key i + last, inclusive; at most the diagonal
     * @param diagonal no key beyond i + diagonal is visible
     * @param tileQ queries in a tile, a multiple of 16
     * @param tileK keys in a tile
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse, int group, int queries, int keys,
            int headDim, int valueDim, float scale, int sink, int first, int last, int diagonal, int tileQ, int tileK, int rowOffset,
            int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int tiles = (queries + tileQ - 1) / tileQ;
            int width = (valueDim + 15) / 16 * 16;
            int head = (rowOffset + r) / tiles;
            int start = (rowOffset + r - head * tiles) * tileQ;
            int count = TornadoMath.min(tileQ, queries - start);
            int kvHead = head / group;
            float[] query = new float[headDim * tileQ];
            float[] key = new float[tileK * headDim];
            float[] value = new float[tileK * width];
            float[] score = new float[tileK * tileQ];
            float[] sum = new float[tileQ * width];
            float[] max = new float[tileQ];
            float[] weights = new float[tileQ];
            float[] shrink = new float[tileQ];
            for (int i = 0; i < tileQ; i++) {
                int row = (head * queries + TornadoMath.min(start + i, queries - 1)) * headDim;
                for (int c = 0; c < headDim; c++) {
                    query[c * tileQ + i] = q.get(row + c) * scale;
                }
                for (int c = 0; c < width; c++) {
                    sum[i * width + c] = 0.0f;
                }
                max[i] = -1.0e20f;
                weights[i] = 0.0f;
            }
            int sinkEnd = TornadoMath.max(0, TornadoMath.min(sink, start + count + diagonal));
            int end = TornadoMath.max(sinkEnd, TornadoMath.min(keys, start + count + last));
            for (int from = 0; from < end; from += tileK) {
                int size = TornadoMath.min(tileK, end - from);
                if (from < sinkEnd || from + size > start + first) {
                    for (int n = 0; n < size * tileQ; n++) {
                        score[n] = 0.0f;
                    }
                    Tile.load(k, (kvHead * keys + from) * headDim, key, size, headDim, headDim);
                    Tile.multiply(key, headDim, 1, query, score, size, headDim, tileQ);
                    if (from < start + count - 1 + first || from + size - 1 > start + last) {
                        for (int j = 0; j < size; j++) {
                            int lowest = from + j - last - start;
                            int highest = from + j - first - start;
                            if (from + j < sink) {
                                lowest = from + j - diagonal - start;
                                highest = tileQ;
                            }
                            for (int i = 0; i < TornadoMath.min(lowest, tileQ); i++) {
                                score[j * tileQ + i] = -1.0e30f;
                            }
                            for (int i = TornadoMath.max(0, highest + 1); i < tileQ; i++) {
                                score[j * tileQ + i] = -1.0e30f;
                            }
                        }
                    }
                    Tile.weigh(score, max, weights, shrink, size, tileQ);
                    Tile.scale(sum, shrink, tileQ, width);
                    Tile.load(v, (kvHead * keys + from) * valueDim, value, size, valueDim, width);
                    Tile.multiply(score, 1, tileQ, value, sum, tileQ, size, width);
                }
            }
            for (int i = 0; i < count; i++) {
                int row = head * queries + start + i;
                float inverse = 0.0f;
                float rowLse = -1.0e30f;
                if (weights[i] > 0.0f) {
                    inverse = 1.0f / weights[i];
                    rowLse = max[i] + TornadoMath.log(weights[i]);
                }
                for (int c = 0; c < valueDim; c++) {
                    out.set(row * valueDim + c, sum[i * width + c] * inverse);
                }
                lse.set(row, rowLse);
            }
        }
    }
}
