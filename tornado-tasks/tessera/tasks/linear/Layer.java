package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** A weight matrix of an inner model, at {@code base} of an array, its rows {@code stride} apart: {@code y = x W}, and a step. */
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
}
