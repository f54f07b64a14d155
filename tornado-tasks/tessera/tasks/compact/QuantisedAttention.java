package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Softmax attention over codes of keys and values, restored one by one as they are read, and over the last keys as they are:
 * {@code out_i = sum_j exp(s_ij - m_i) v_j / sum_j exp(s_ij - m_i)}, {@code s_ij = scale q_i·k_j} (KIVI, arXiv:2402.02750).
 */
public final class QuantisedAttention {
    private QuantisedAttention() {
    }

    /**
     * One row of the result for each query, head and batch.
     *
     * @param q [batch, heads, queries, headDim]
     * @param keyCodes, valueCodes [batch, kvHeads, packed, ceil(dim bits / 8)], see {@link PackCodes}
     * @param keyScales, valueScales [batch, kvHeads, tokenGroups, channelGroups, parts]
     * @param books [2^bits of the keys, 2^bits of the values]: what codes stand for, in steps
     * @param lastKeys, lastValues [batch, kvHeads, last, dim]
     * @param out [batch, heads, queries, valueDim]; 0 where no key is visible
     * @param lse [batch, heads, queries], natural logarithm; -1e30 where no key is visible
     * @param geometry packed and last keys; sinks, first and last key of the window and the diagonal relative to the query, as in
     *        {@link tessera.tasks.dense.RangeAttention}; then of keys, and once more of values: bits, logarithm of the codes in a byte,
     *        parts, groups along tokens, tokens of a group, groups along channels, channels of a group
     */
    public static void rows(FloatArray q, ByteArray keyCodes, FloatArray keyScales, ByteArray valueCodes, FloatArray valueScales, FloatArray books,
            FloatArray lastKeys, FloatArray lastValues, FloatArray out, FloatArray lse, IntArray geometry, int heads, int kvHeads, int queries,
            int headDim, int valueDim, float scale, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int i = row % queries;
            int head = row / queries;
            int kvHead = head / heads * kvHeads + head % heads / (heads / kvHeads);
            int packed = geometry.get(0);
            int rest = geometry.get(1);
            int keyBits = geometry.get(6);
            int keyShift = geometry.get(7);
            int valueBits = geometry.get(13);
            int valueShift = geometry.get(14);
            int keyBytes = (headDim + (1 << keyShift) - 1) >> keyShift;
            int valueBytes = (valueDim + (1 << valueShift) - 1) >> valueShift;
            int sinkEnd = TornadoMath.max(0, TornadoMath.min(geometry.get(2), i + geometry.get(5) + 1));
            int windowStart = TornadoMath.max(sinkEnd, i + geometry.get(3));
            int windowEnd = TornadoMath.min(packed + rest, i + geometry.get(4) + 1);
            int count = sinkEnd + TornadoMath.max(0, windowEnd - windowStart);
            float[] sum = new float[valueDim];
            for (int c = 0; c < valueDim; c++) {
                sum[c] = 0.0f;
            }
            float max = -1.0e30f;
            float weights = 0.0f;
            for (int n = 0; n < count; n++) {
                int j = n;
                if (n >= sinkEnd) {
                    j = windowStart + n - sinkEnd;
                }
                int coded = TornadoMath.min(j, packed - 1);
                int last = kvHead * rest + TornadoMath.max(0, j - packed);
                int keyToken = (kvHead * packed + coded) * keyBytes;
                int keyGroup = (kvHead * geometry.get(9) + coded / geometry.get(10)) * geometry.get(11);
                float score = 0.0f;
                for (int g = 0; g < geometry.get(11); g++) {
                    float step = keyScales.get((keyGroup + g) * geometry.get(8));
                    float least = keyScales.get((keyGroup + g) * geometry.get(8) + geometry.get(8) - 1) * (geometry.get(8) - 1);
                    int end = TornadoMath.min(headDim, (g + 1) * geometry.get(12));
                    for (int c = g * geometry.get(12); c < end; c++) {
                        float key = least + step * StoredNumber.level(keyCodes, books, keyToken, 0, c, keyBits, keyShift);
                        if (j >= packed) {
                            key = lastKeys.get(last * headDim + c);
                        }
                        score = score + q.get(row * headDim + c) * key;
                    }
                }
                score = score * scale;
                float shrink = 1.0f;
                if (score > max) {
                    shrink = TornadoMath.exp(max - score);
                    max = score;
                }
                float weight = TornadoMath.exp(score - max);
                weights = weights * shrink + weight;
                int valueToken = (kvHead * packed + coded) * valueBytes;
                int valueGroup = (kvHead * geometry.get(16) + coded / geometry.get(17)) * geometry.get(18);
                for (int g = 0; g < geometry.get(18); g++) {
                    float step = valueScales.get((valueGroup + g) * geometry.get(15));
                    float least = valueScales.get((valueGroup + g) * geometry.get(15) + geometry.get(15) - 1) * (geometry.get(15) - 1);
                    int end = TornadoMath.min(valueDim, (g + 1) * geometry.get(19));
                    for (int c = g * geometry.get(19); c < end; c++) {
                        float value = least + step * StoredNumber.level(valueCodes, books, valueToken, 1 << keyBits, c, valueBits, valueShift);
                        if (j >= packed) {
                            value = lastValues.get(last * valueDim + c);
                        }
                        sum[c] = sum[c] * shrink + weight * value;
                    }
                }
            }
            float inverse = 0.0f;
            float rowLse = -1.0e30f;
            if (weights > 0.0f) {
                inverse = 1.0f / weights;
                rowLse = max + TornadoMath.log(weights);
            }
            for (int c = 0; c < valueDim; c++) {
                out.set(row * valueDim + c, sum[c] * inverse);
            }
            lse.set(row, rowLse);
        }
    }
}
