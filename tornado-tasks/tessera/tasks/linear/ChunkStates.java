package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What each chunk adds to the state: {@code sum_j exp(cs_C - cs_j) k_j^T v_j} with cs the cumulated log gates and C the
 * chunk's last token. Walking back from there, {@code cs_C - cs_j} is a sum of log gates and never a difference, so that
 * nothing overflows and nothing cancels (arXiv:2312.06635, arXiv:2405.21060).
 */
public final class ChunkStates {
    private ChunkStates() {
    }

    /**
     * One row for each key channel of each chunk of each state; value channel valueDim is a column of ones, which makes the
     * normaliser part of the state. Arguments without a word here are those of {@link GatedRecurrence#rows}.
     *
     * @param gate natural logarithms of the gates
     * @param states [states, chunks, keyDim, valueDim + 1]
     * @param chunkDecay [states, chunks, keyDim], product of all gates of the chunk, as {@link Decay} writes it
     */
    public static void rows(FloatArray k, FloatArray v, FloatArray gate, FloatArray states, FloatArray chunkDecay, IntArray maps, int keyDim,
            int valueDim, int chunk, int gateStep, int gateChannel, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int c = row % keyDim;
            int stateChunk = row / keyDim;
            int chunks = maps.get(0);
            int state = stateChunk / chunks;
            int of = maps.get(2) + 8 * state;
            int length = maps.get(3);
            int kRow = maps.get(of) * length;
            int vRow = maps.get(of + 1) * length;
            int start = (stateChunk - state * chunks) * chunk;
            int count = TornadoMath.min(chunk, length - start);
            int gateBase = maps.get(of + 2) + c * gateChannel;
            float[] sum = new float[valueDim];
            for (int e = 0; e < valueDim; e++) {
                sum[e] = 0.0f;
            }
            float ones = 0.0f;
            float logDecay = 0.0f;
            for (int n = 1; n <= count; n++) {
                int t = start + count - n;
                float weight = TornadoMath.exp(logDecay) * k.get((kRow + t) * keyDim + c);
                for (int e = 0; e < valueDim; e++) {
                    sum[e] = sum[e] + weight * v.get((vRow + t) * valueDim + e);
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
