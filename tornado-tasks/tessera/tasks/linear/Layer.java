package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * A weight matrix of an inner model, at {@code base} of an array, its rows {@code stride} apart: {@code y = x W}, back, and a step; and
 * the same matrix as it was, at {@code before} of another array.
 */
public final class Layer {
    private Layer() {
    }

    /** {@code y_e = sum_c x_c W_ce}; y_0. */
    public static float apply(FloatArray w, int base, int stride, float[] x, int inputs, float[] y, int outputs) {
        for (int e = 0; e < outputs; e++) {
            y[e] = 0.0f;
        }
        for (int c = 0; c < inputs; c++) {
            int at = base + c * stride;
            for (int e = 0; e < outputs; e++) {
                y[e] = y[e] + x[c] * w.get(at + e);
            }
        }
        return y[0];
    }

    /** As {@link #apply}; with QUERY_STEP of weights {@code F + share (W - F)} with F those from before. */
    public static float read(FloatArray w, int base, FloatArray frozen, int before, int stride, float[] x, int inputs, float[] y, int outputs,
            float share, int options) {
        for (int e = 0; e < outputs; e++) {
            y[e] = 0.0f;
        }
        for (int c = 0; c < inputs; c++) {
            for (int e = 0; e < outputs; e++) {
                float weight = w.get(base + c * stride + e);
                if ((options & InnerLoss.QUERY_STEP) != 0) {
                    float old = frozen.get(before + c * stride + e);
                    weight = old + share * (weight - old);
                }
                y[e] = y[e] + x[c] * weight;
            }
        }
        return y[0];
    }

    /** {@code x_c = sum_e W_ce y_e}; x_0. */
    public static float back(FloatArray w, int base, int stride, float[] x, int inputs, float[] y, int outputs) {
        for (int c = 0; c < inputs; c++) {
            int at = base + c * stride;
            float sum = 0.0f;
            for (int e = 0; e < outputs; e++) {
                sum = sum + w.get(at + e) * y[e];
            }
            x[c] = sum;
        }
        return x[0];
    }

    /**
     * {@code W = W - rate x^T slope}; with MOMENTUM {@code P = momentum P - rate x^T slope} and {@code W = keep W + P}; with MUON only
     * {@code P = P - rate x^T slope}. The rate.
     *
     * @param momenta where P begins
     */
    public static float step(FloatArray w, int base, int momenta, int stride, float[] x, int inputs, float[] slope, int outputs, float rate,
            float momentum, float keep, int options) {
        for (int c = 0; c < inputs; c++) {
            float factor = -rate * x[c];
            for (int e = 0; e < outputs; e++) {
                int at = c * stride + e;
                float change = factor * slope[e];
                if ((options & InnerLoss.MOMENTUM) != 0) {
                    change = momentum * w.get(momenta + at) + change;
                    w.set(momenta + at, change);
                }
                if ((options & InnerLoss.MUON) != 0) {
                    w.set(momenta + at, w.get(momenta + at) + change);
                }
                if ((options & InnerLoss.MUON) == 0) {
                    w.set(base + at, keep * w.get(base + at) + change);
                }
            }
        }
        return rate;
    }

    /** {@code F = W}, at the start of a chunk; their number. */
    public static int keep(FloatArray w, int base, FloatArray frozen, int before, int stride, int inputs, int outputs) {
        for (int c = 0; c < inputs; c++) {
            for (int e = 0; e < outputs; e++) {
                frozen.set(before + c * stride + e, w.get(base + c * stride + e));
            }
        }
        return inputs * outputs;
    }

    /** {@code W = F + share (W - F)}, at the end of a chunk; the share. */
    public static float settle(FloatArray w, int base, FloatArray frozen, int before, int stride, int inputs, int outputs, float share) {
        for (int c = 0; c < inputs; c++) {
            for (int e = 0; e < outputs; e++) {
                float old = frozen.get(before + c * stride + e);
                w.set(base + c * stride + e, old + share * (w.get(base + c * stride + e) - old));
            }
        }
        return share;
    }
}
