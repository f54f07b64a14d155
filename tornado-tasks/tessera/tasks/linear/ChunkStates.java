package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * What each chunk adds to the state: {@code sum_j exp(cs_C - cs_j) k_j^T v_j} with cs the cumulated log gates and C the
 * chunk's last token. Walking back from there, {@code cs_C - cs_j} is a sum of log gates and never a difference, so that
 * nothing overflows and nothing cancels (arXiv:2312.06635, arXiv:2405.21060).
 */
public final class ChunkStates {
    private ChunkStates() {
    }

    /**
     * One row for each key channel of each chunk, head and batch; value channel valueDim is a column of ones, which makes
     * the normaliser part of the state. The gate of token t and channel c of head h lies at
     * {@code (h mod gateHeads) * gateSpan + t * gateStep + c * gateChannel}.
     *
     * @param k [batch, heads, length, keyDim], features
     * @param v [batch, heads, length, valueDim]
     * @param gate natural logarithms of the gates
     * @param states [batch, heads, chunks, keyDim, valueDim + 1]
     * @param chunkDecay [batch, heads, chunks, keyDim], product of all gates of the chunk, as {@link Decay} writes it
     * @param chunk tokens in a chunk; the last one may be shorter
     * @param chunks ceil(length / chunk)
     */
    public static void rows(FloatArray k, FloatArray v, FloatArray gate, FloatArray states, FloatArray chunkDecay, int length, int keyDim,
            int valueDim, int chunk, int chunks, int gateHeads, int gateSpan, int gateStep, int gateChannel, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int c = row % keyDim;
            int headChunk = row / keyDim;
            int head = headChunk / chunks;
            int start = (headChunk - head * chunks) * chunk;
            int count = TornadoMath.min(chunk, length - start);
            int gateBase = (head % gateHeads) * gateSpan + c * gateChannel;
            float[] sum = new float[valueDim];
            for (int e = 0; e < valueDim; e++) {
                sum[e] = 0.0f;
            }
            float ones = 0.0f;
            float logDecay = 0.0f;
            for (int n = 1; n <= count; n++) {
                int t = start + count - n;
                int token = head * length + t;
                float weight = TornadoMath.exp(logDecay) * k.get(token * keyDim + c);
                for (int e = 0; e < valueDim; e++) {
                    sum[e] = sum[e] + weight * v.get(token * valueDim + e);
                }
                ones = ones + weight;
                logDecay = TornadoMath.max(logDecay + gate.get(gateBase + t * gateStep), -1.0e30f);
            }
            int base = row * (valueDim + 1);
            for (int e = 0; e < valueDim; e++) {
                states.set(base + e, sum[e]);
            }
            states.set(base + valueDim, ones);
            chunkDecay.set(row, Decay.of(logDecay));
        }
    }
}
