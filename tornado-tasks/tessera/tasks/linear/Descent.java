package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * A linear inner model that learns, token by token: {@code P_t = m_t P_{t-1} - s_t grad_t}, {@code W_t = (1 - a_t) W_{t-1} + P_t} with
 * {@code grad_t} the gradient of the loss of {@code k_t W + b} at the weights from before the token's chunk, and
 * {@code out_t = q_t W_t + b_t}, normed or not (arXiv:2407.04620, arXiv:2501.00663).
 */
public final class Descent {
    private Descent() {
    }

    /**
     * One row for {@code width} value channels of each state. A bias is one more row of the weights, behind those of the keys.
     *
     * @param q [states, length, keyDim]
     * @param k [states, length, keyDim]
     * @param v [states, length, valueDim]
     * @param rates [states, length, 4]: step, factor of the token on steps it reads, momentum, what is kept of the weights
     * @param norm [states, 2, valueDim], weights and biases of the layer norm; else one element
     * @param memory [states, layers, inputs, valueDim]: weights and, with MOMENTUM as a second layer, momenta; in: at the start, out: at the end
     * @param frozen with KEEPS [states, chunks, layers, inputs, valueDim], the memory before each chunk; else [states, layers, inputs,
     *        valueDim], that before the current one
     * @param slopes with KEEPS [states, length, valueDim], gradients by {@code k W + b}; else one element
     * @param out [states, length, valueDim]
     * @param width value channels of a row, a divisor of valueDim; all of them where there is a norm
     * @param options of {@link InnerLoss}
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray rates, FloatArray norm, FloatArray memory, FloatArray frozen,
            FloatArray slopes, FloatArray out, int length, int keyDim, int valueDim, int width, int chunk, float epsilon, int options,
            int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int groups = valueDim / width;
            int state = row / groups;
            int first = (row - state * groups) * width;
            int inputs = keyDim + (options & InnerLoss.NORM);
            int size = inputs * valueDim;
            int layers = 1 + (options & InnerLoss.MOMENTUM) / InnerLoss.MOMENTUM;
            int base = state * layers * size + first;
            int before = base;
            float[] x = new float[keyDim + 1];
            float[] z = new float[width];
            float[] slope = new float[width];
            x[keyDim] = 1.0f;
            for (int start = 0; start < length; start += chunk) {
                int end = TornadoMath.min(length, start + chunk);
                float share = rates.get((state * length + end - 1) * 4 + 1);
                if ((options & InnerLoss.KEEPS) != 0) {
                    before = (state * ((length + chunk - 1) / chunk) + start / chunk) * layers * size + first;
                }
                Layer.keep(memory, base, frozen, before, valueDim, layers * inputs, width);
                for (int t = start; t < end; t++) {
                    int token = state * length + t;
                    for (int c = 0; c < keyDim; c++) {
                        x[c] = k.get(token * keyDim + c);
                    }
                    Layer.apply(frozen, before, valueDim, x, inputs, z, width);
                    InnerLoss.slope(z, slope, k, token * keyDim + first, v, token * valueDim + first, norm, state * 2 * valueDim, width, epsilon, options);
                    Layer.step(memory, base, base + size, valueDim, x, inputs, slope, width, rates.get(token * 4), rates.get(token * 4 + 2),
                            rates.get(token * 4 + 3), options);
                    if ((options & InnerLoss.KEEPS) != 0) {
                        for (int e = 0; e < width; e++) {
                            slopes.set(token * valueDim + first + e, slope[e]);
                        }
                    }
                    if ((options & InnerLoss.KEEPS) == 0) {
                        for (int c = 0; c < keyDim; c++) {
                            x[c] = q.get(token * keyDim + c);
                        }
                        Layer.read(memory, base, frozen, before, valueDim, x, inputs, z, width, rates.get(token * 4 + 1), options);
                        InnerLoss.read(z, q, token * keyDim + first, norm, state * 2 * valueDim, out, token * valueDim + first, width, epsilon, options);
                    }
                }
                if ((options & InnerLoss.QUERY_STEP) != 0) {
                    Layer.settle(memory, base, frozen, before, valueDim, inputs, width, share);
                }
            }
        }
    }
}
