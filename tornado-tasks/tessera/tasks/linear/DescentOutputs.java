package tessera.tasks.linear;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * What each token reads of a linear inner model, in the dual form: {@code z_i = A_i (q_i W + b) + B_i (q_i P + p) -
 * sum_j C_ij s_j (q_i·k_j + 1) G_j}, j over the tokens of its chunk up to i, with W, b and P, p from before the chunk and G the slopes;
 * {@code A_i = prod (1 - a_j)}, {@code C_ij = sum_n m_{j+1} … m_n (1 - a_{n+1}) … (1 - a_i)}, all 1 by plain descent
 * (arXiv:2407.04620, arXiv:2501.00663). Without a bias the 1 falls away.
 */
public final class DescentOutputs {
    private DescentOutputs() {
    }

    /** One token of one state. Arguments are those of {@link Descent#rows} with KEEPS. */
    public static void rows(FloatArray q, FloatArray k, FloatArray rates, FloatArray norm, FloatArray frozen, FloatArray slopes, FloatArray out,
            int length, int keyDim, int valueDim, int chunk, float epsilon, int options, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int state = row / length;
            int i = row - state * length;
            int bias = options & InnerLoss.NORM;
            int size = (keyDim + bias) * valueDim;
            int layers = 1 + (options & InnerLoss.MOMENTUM) / InnerLoss.MOMENTUM;
            int base = (state * ((length + chunk - 1) / chunk) + i / chunk) * layers * size;
            int start = (i / chunk) * chunk;
            float share = rates.get(row * 4 + 1);
            float[] z = new float[valueDim];
            for (int e = 0; e < valueDim; e++) {
                z[e] = 0.0f;
            }
            float moved = 1.0f;
            float passed = 0.0f;
            float kept = 1.0f;
            for (int n = 0; n <= i - start; n++) {
                int token = row - n;
                float weight = moved * share * rates.get(token * 4) * (Dot.dot(q, row * keyDim, k, token * keyDim, keyDim) + bias);
                for (int e = 0; e < valueDim; e++) {
                    z[e] = z[e] + -weight * slopes.get(token * valueDim + e);
                }
                kept = kept * rates.get(token * 4 + 3);
                passed = moved * rates.get(token * 4 + 2);
                moved = kept + passed;
            }
            for (int c = 0; c < keyDim + bias; c++) {
                float query = 1.0f;
                if (c < keyDim) {
                    query = q.get(row * keyDim + c);
                }
                for (int e = 0; e < valueDim; e++) {
                    float remembered = kept * frozen.get(base + c * valueDim + e);
                    if ((options & InnerLoss.MOMENTUM) != 0) {
                        remembered = remembered + passed * frozen.get(base + size + c * valueDim + e);
                    }
                    z[e] = z[e] + query * remembered;
                }
            }
            InnerLoss.read(z, q, row * keyDim, norm, state * 2 * valueDim, out, row * valueDim, valueDim, epsilon, options);
        }
    }
}
