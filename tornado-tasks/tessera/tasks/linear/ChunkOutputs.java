package tessera.tasks.linear;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What each token reads: {@code out_i = scale (sum_j exp(cs_i - cs_j) q_i·k_j v_j + (exp(cs_i) q_i) S)}, j over the tokens of
 * its chunk up to i, cs the cumulated log gates from the chunk's start and S the state before the chunk. Walking back from
 * i, the decays are running products of gates, so that nothing overflows (arXiv:2312.06635, arXiv:2405.21060).
 */
public final class ChunkOutputs {
    private ChunkOutputs() {
    }

    /**
     * One row for each token of each output. Arguments without a word here are those of {@link GatedRecurrence#rows}.
     *
     * @param states [states, chunks, keyDim, valueDim + 1], the state before each chunk
     * @param weights [outputs, length, length], a factor on what token i reads of token j, where options say WEIGHTED; else one element
     * @param b [state rows, length, keyDim], second keys, where options say CORRECTED; else one element
     * @param corrections [states, length, valueDim], second values; else one element
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray decay, FloatArray states, FloatArray u, FloatArray weights,
            FloatArray b, FloatArray corrections, FloatArray out, IntArray maps, int keyDim, int valueDim, float scale, int options, int chunk,
            int gateStep, int gateChannel, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int length = maps.get(3);
            int output = row / length;
            int i = row - output * length;
            int state = maps.get(5 + 2 * output);
            int of = maps.get(2) + 8 * state;
            int kRow = maps.get(of) * length;
            int vRow = maps.get(of + 1) * length;
            int bRow = maps.get(of + 3) * length;
            int start = (i / chunk) * chunk;
            int gateBase = maps.get(of + 2);
            int qBase = (maps.get(4 + 2 * output) * length + i) * keyDim;
            float[] query = new float[keyDim];
            float[] sum = new float[valueDim];
            for (int c = 0; c < keyDim; c++) {
                query[c] = q.get(qBase + c);
            }
            float total = Reading.own(q, qBase, u, maps.get(of + 7) * keyDim, k, (kRow + i) * keyDim, keyDim, options);
            for (int e = 0; e < valueDim; e++) {
                sum[e] = total * v.get((vRow + i) * valueDim + e);
            }
            float shrink = 1.0f;
            int skipped = options & Reading.PREVIOUS;
            for (int n = skipped; n <= i - start; n++) {
                int t = i - n;
                float weight = shrink * Dot.dot(query, k, (kRow + t) * keyDim, keyDim);
                if ((options & Reading.WEIGHTED) != 0) {
                    weight = weight * weights.get(row * length + t);
                }
                total = total + weight;
                for (int e = 0; e < valueDim; e++) {
                    sum[e] = sum[e] + weight * v.get((vRow + t) * valueDim + e);
                }
                if ((options & Reading.CORRECTED) != 0) {
                    float second = shrink * Dot.dot(query, b, (bRow + t) * keyDim, keyDim);
                    for (int e = 0; e < valueDim; e++) {
                        sum[e] = sum[e] + second * corrections.get((state * length + t) * valueDim + e);
                    }
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
                int base = ((state * maps.get(0) + i / chunk) * keyDim + c) * (valueDim + 1);
                float weight = shrink * query[c];
                for (int e = 0; e < valueDim; e++) {
                    sum[e] = sum[e] + weight * states.get(base + e);
                }
                total = total + weight * states.get(base + valueDim);
            }
            for (int e = 0; e < valueDim; e++) {
                out.set(row * valueDim + e, Reading.result(sum[e], total, scale, 1.0f, options));
            }
        }
    }
}
