package tessera.tasks.linear;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * What each token reads: {@code out_i = scale (sum_j exp(cs_i - cs_j) q_i·k_j v_j + (exp(cs_i) q_i) S)}, j over the tokens of
 * its chunk up to i, cs the cumulated log gates from the chunk's start and S the state before the chunk. Walking back from
 * i, the decays are running products of gates, so that nothing overflows (arXiv:2312.06635, arXiv:2405.21060).
 */
public final class ChunkOutputs {
    private ChunkOutputs() {
    }

    /**
     * One row for each token of each head and batch. The gate of token t and channel c of head h lies at
     * {@code (h mod gateHeads) * gateSpan + t * gateStep + c * gateChannel}.
     *
     * @param q [batch, heads, length, keyDim], features
     * @param k [batch, heads, length, keyDim], features
     * @param v [batch, heads, length, valueDim]
     * @param decay gates, as {@link Decay} writes them
     * @param states [batch, heads, chunks, keyDim, valueDim + 1], the state before each chunk; the last column is z
     * @param out [batch, heads, length, valueDim]; 0 where normalised and q·z is 0
     * @param normalised 0 or 1
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray decay, FloatArray states, FloatArray out, int length,
            int keyDim, int valueDim, float scale, int normalised, int chunk, int chunks, int gateHeads, int gateSpan, int gateStep,
            int gateChannel, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int head = row / length;
            int i = row - head * length;
            int start = (i / chunk) * chunk;
            int gateBase = (head % gateHeads) * gateSpan;
            float[] query = new float[keyDim];
            float[] sum = new float[valueDim];
            for (int c = 0; c < keyDim; c++) {
                query[c] = q.get(row * keyDim + c);
            }
            for (int e = 0; e < valueDim; e++) {
                sum[e] = 0.0f;
            }
            float weights = 0.0f;
            float shrink = 1.0f;
            for (int n = 0; n <= i - start; n++) {
                int t = i - n;
                int token = head * length + t;
                float weight = shrink * Dot.dot(query, k, token * keyDim, keyDim);
                weights = weights + weight;
                for (int e = 0; e < valueDim; e++) {
                    sum[e] = sum[e] + weight * v.get(token * valueDim + e);
                }
                if (gateChannel == 1) {
                    for (int c = 0; c < keyDim; c++) {
                        query[c] = Decay.times(decay.get(gateBase + t * gateStep + c), query[c]);
                    }
                } else {
                    shrink = Decay.times(decay.get(gateBase + t * gateStep), shrink);
                }
            }
            for (int c = 0; c < keyDim; c++) {
                int base = ((head * chunks + i / chunk) * keyDim + c) * (valueDim + 1);
                float weight = shrink * query[c];
                for (int e = 0; e < valueDim; e++) {
                    sum[e] = sum[e] + weight * states.get(base + e);
                }
                weights = weights + weight * states.get(base + valueDim);
            }
            for (int e = 0; e < valueDim; e++) {
                float result = sum[e] * scale;
                if (normalised == 1) {
                    result = 0.0f;
                    if (weights != 0.0f) {
                        result = sum[e] / weights;
                    }
                }
                out.set(row * valueDim + e, result);
            }
        }
    }
}
