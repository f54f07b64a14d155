package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * An inner model with a hidden layer that learns, token by token: {@code z = gelu(x W + b) V + c}, normed; the gradients of a chunk are
 * those at the weights from before it, and each token reads the weights after its own step (TTT-MLP, arXiv:2407.04620).
 */
public final class MlpDescent {
    private MlpDescent() {
    }

    /**
     * One state, which walks over its tokens alone. Arguments without a word here are those of {@link Descent#rows}.
     *
     * @param memory [states, layers, weights], weights being W and b as [keyDim + 1, hiddenDim], then V and c as [hiddenDim + 1, valueDim]
     * @param frozen as memory
     */
    public static void rows(FloatArray q, FloatArray k, FloatArray v, FloatArray rates, FloatArray norm, FloatArray memory, FloatArray frozen,
            FloatArray out, int length, int keyDim, int hiddenDim, int valueDim, int chunk, float epsilon, int options, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int state = rowOffset + r;
            int up = (keyDim + 1) * hiddenDim;
            int size = up + (hiddenDim + 1) * valueDim;
            int base = state * (1 + (options & InnerLoss.MOMENTUM) / InnerLoss.MOMENTUM) * size;
            float[] x = new float[keyDim + 1];
            float[] before = new float[hiddenDim];
            float[] hidden = new float[hiddenDim + 1];
            float[] back = new float[hiddenDim];
            float[] z = new float[valueDim];
            float[] slope = new float[valueDim];
            x[keyDim] = 1.0f;
            hidden[hiddenDim] = 1.0f;
            for (int start = 0; start < length; start += chunk) {
                int end = TornadoMath.min(length, start + chunk);
                float lastShare = rates.get((state * length + end - 1) * 4 + 1);
                Layer.keep(memory, base, frozen, base, size, 1, size);
                for (int t = start; t < end; t++) {
                    int token = state * length + t;
                    float step = rates.get(token * 4);
                    float share = rates.get(token * 4 + 1);
                    float momentum = rates.get(token * 4 + 2);
                    float keep = rates.get(token * 4 + 3);
                    for (int c = 0; c < keyDim; c++) {
                        x[c] = k.get(token * keyDim + c);
                    }
                    Layer.apply(frozen, base, hiddenDim, x, keyDim + 1, before, hiddenDim);
                    for (int h = 0; h < hiddenDim; h++) {
                        hidden[h] = Activation.gelu(before[h]);
                    }
                    Layer.apply(frozen, base + up, valueDim, hidden, hiddenDim + 1, z, valueDim);
                    InnerLoss.slope(z, slope, k, token * keyDim, v, token * valueDim, norm, state * 2 * valueDim, valueDim, epsilon, options);
                    Layer.back(frozen, base + up, valueDim, back, hiddenDim, slope, valueDim);
                    for (int h = 0; h < hiddenDim; h++) {
                        back[h] = back[h] * Activation.geluSlope(before[h]);
                    }
                    Layer.step(memory, base, base + size, hiddenDim, x, keyDim + 1, back, hiddenDim, step, momentum, keep, options);
                    Layer.step(memory, base + up, base + size + up, valueDim, hidden, hiddenDim + 1, slope, valueDim, step, momentum, keep, options);
                    for (int c = 0; c < keyDim; c++) {
                        x[c] = q.get(token * keyDim + c);
                    }
                    Layer.read(memory, base, frozen, base, hiddenDim, x, keyDim + 1, before, hiddenDim, share, options);
                    for (int h = 0; h < hiddenDim; h++) {
                        hidden[h] = Activation.gelu(before[h]);
                    }
                    Layer.read(memory, base + up, frozen, base + up, valueDim, hidden, hiddenDim + 1, z, valueDim, share, options);
                    InnerLoss.read(z, q, token * keyDim, norm, state * 2 * valueDim, out, token * valueDim, valueDim, epsilon, options);
                }
                if ((options & InnerLoss.QUERY_STEP) != 0) {
                    Layer.settle(memory, base, frozen, base, size, 1, size, lastShare);
                }
            }
        }
    }
}
