package tessera.tasks.dense;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Softmax attention over the sinks and a window of keys for CPUs: a tile of queries goes along its strip of keys, a tile of them at a
 * time, with an online softmax: {@code out_i = sum_j exp(s_ij - m_i) v_j / sum_j exp(s_ij - m_i)} (arXiv:2205.14135). Everything lies
 * transposed in panels of 16 queries side by side, so that no sum or maximum over a vector is needed.
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
     * @param tileK keys in a tile, a multiple of 6
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray out, FloatArray lse, int group, int queries, int keys,
            int headDim, int valueDim, float scale, int sink, int first, int last, int diagonal, int tileQ, int tileK, int rowOffset,
            int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int tiles = (queries + tileQ - 1) / tileQ;
            int lines = (valueDim + 5) / 6 * 6;
            int head = (rowOffset + r) / tiles;
            int start = (rowOffset + r - head * tiles) * tileQ;
            int count = TornadoMath.min(tileQ, queries - start);
            int kvBase = head / group * keys;
            float[] query = new float[headDim * tileQ];
            float[] key = new float[tileK * headDim];
            float[] raw = new float[tileK * valueDim];
            float[] value = new float[lines * tileK];
            float[] score = new float[tileK * 16];
            float[] sum = new float[lines * tileQ];
            float[] max = new float[tileQ];
            float[] weights = new float[tileQ];
            for (int i = 0; i < tileQ; i++) {
                int row = (head * queries + TornadoMath.min(start + i, queries - 1)) * headDim;
                int panel = i & ~15;
                int lane = i & 15;
                for (int c = 0; c < headDim; c++) {
                    query[panel * headDim + c * 16 + lane] = q.get(row + c) * scale;
                }
                for (int c = 0; c < lines; c++) {
                    sum[panel * lines + c * 16 + lane] = 0.0f;
                }
                max[i] = -1.0e20f;
                weights[i] = 0.0f;
            }
            int sinkEnd = TornadoMath.max(0, TornadoMath.min(sink, start + count + diagonal));
            int end = TornadoMath.max(sinkEnd, TornadoMath.min(keys, start + count + last));
            for (int from = 0; from < end; from += tileK) {
                int size = TornadoMath.min(tileK, end - from);
                if (TornadoMath.max(sinkEnd - from, from + size - start - first) > 0) {
                    Tile.load(k, (kvBase + from) * headDim, key, size * headDim);
                    Tile.load(v, (kvBase + from) * valueDim, raw, size * valueDim);
                    Tile.transpose(raw, value, size, valueDim, tileK);
                    for (int p = 0; p < count; p += 16) {
                        int i = start + p;
                        int sinks = TornadoMath.min(sink, i + 16 + diagonal) - from;
                        int seen = TornadoMath.min(size, TornadoMath.max(sinks, i + 16 + last - from));
                        if (TornadoMath.min(seen, TornadoMath.max(sinks, from + seen - i - first)) > 0) {
                            for (int n = 0; n < tileK * 16; n++) {
                                score[n] = 0.0f;
                            }
                            Tile.multiply(key, headDim, query, p * headDim, score, 0, seen, headDim);
                            if (TornadoMath.max(i + 15 + first - from, from + seen - 1 - last - i) > 0) {
                                for (int j = 0; j < seen; j++) {
                                    int lowest = from + j - last - i;
                                    int highest = from + j - first - i;
                                    if (from + j < sink) {
                                        lowest = from + j - diagonal - i;
                                        highest = 15;
                                    }
                                    for (int x = 0; x < TornadoMath.min(lowest, 16); x++) {
                                        score[j * 16 + x] = -1.0e30f;
                                    }
                                    for (int x = TornadoMath.max(0, highest + 1); x < 16; x++) {
                                        score[j * 16 + x] = -1.0e30f;
                                    }
                                }
                            }
                            Tile.weigh(score, seen, max, weights, p, sum, p * lines, lines);
                            Tile.multiply(value, tileK, score, 0, sum, p * lines, lines, seen);
                        }
                    }
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
                    out.set(row * valueDim + c, sum[(i & ~15) * lines + c * 16 + (i & 15)] * inverse);
                }
                lse.set(row, rowLse);
            }
        }
    }
}
