package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What each token reads of one state that holds all tokens: {@code out_i = scale q_i S}, or {@code q_i S / q_i·z} (arXiv:2006.16236). */
public final class ReadState {
    private ReadState() {
    }

    /**
     * One row for each token of each output. Arguments without a word here are those of {@link GatedRecurrence#rows}.
     *
     * @param s [states, keyDim, valueDim]
     * @param z [states, keyDim]
     */
    public static void rows(FloatArray q, FloatArray s, FloatArray z, FloatArray out, IntArray maps, int keyDim, int valueDim, float scale,
            int options, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int length = maps.get(3);
            int output = row / length;
            int state = maps.get(5 + 2 * output);
            int qBase = (maps.get(4 + 2 * output) * length + row - output * length) * keyDim;
            float[] sum = new float[valueDim];
            for (int e = 0; e < valueDim; e++) {
                sum[e] = 0.0f;
            }
            float total = 0.0f;
            for (int c = 0; c < keyDim; c++) {
                float weight = q.get(qBase + c);
                total = total + weight * z.get(state * keyDim + c);
                for (int e = 0; e < valueDim; e++) {
                    sum[e] = sum[e] + weight * s.get((state * keyDim + c) * valueDim + e);
                }
            }
            for (int e = 0; e < valueDim; e++) {
                out.set(row * valueDim + e, Reading.result(sum[e], total, scale, 1.0f, options));
            }
        }
    }
}
