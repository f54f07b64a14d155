package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * The end of an inner model: from its last product {@code z} to the value {@code f = z}, {@code LN(z)}, with a residual or not, and
 * from a loss back to z (arXiv:2407.04620). Options say which.
 */
public final class InnerLoss {
    /** {@code f = LN(z)}; the model has biases then. */
    public static final int NORM = 1;
    /** {@code f = … + x}. */
    public static final int RESIDUAL = 2;
    /** The loss is {@code -f·v}, else {@code |f - v|^2 / 2}. */
    public static final int DOT = 4;
    /** Queries read {@code z + LN(z)}. */
    public static final int POST_NORM = 8;
    /** Weights move by a momentum, which lies behind them. */
    public static final int MOMENTUM = 16;
    /** Steps are multiplied by a factor of the token that reads them. */
    public static final int QUERY_STEP = 32;
    /** Weights move at the end of a chunk only, by an orthogonal step. */
    public static final int MUON = 64;
    /** Memories from before each chunk and slopes of tokens are kept, and nothing is read. */
    public static final int KEEPS = 128;

    private InnerLoss() {
    }

    /**
     * The gradient of the loss by z. Leaves the centred and divided z in its place where there is a norm.
     *
     * @param z [size]
     * @param slope [size], the gradient
     * @param norm weights and biases of layer norms, [states, 2, size]
     */
    public static float slope(float[] z, float[] slope, FloatArray k, int kBase, FloatArray v, int vBase, FloatArray norm, int normBase, int size,
            float epsilon, int options) {
        float deviation = 1.0f;
        if ((options & NORM) != 0) {
            deviation = standardise(z, size, epsilon);
        }
        float sum = 0.0f;
        float along = 0.0f;
        for (int e = 0; e < size; e++) {
            float f = z[e];
            float weight = 1.0f;
            if ((options & NORM) != 0) {
                weight = norm.get(normBase + e);
                f = f * weight + norm.get(normBase + size + e);
            }
            if ((options & RESIDUAL) != 0) {
                f = f + k.get(kBase + e);
            }
            if ((options & DOT) != 0) {
                f = 0.0f;
            }
            slope[e] = (f - v.get(vBase + e)) * weight;
            sum = sum + slope[e];
            along = along + slope[e] * z[e];
        }
        if ((options & NORM) != 0) {
            for (int e = 0; e < size; e++) {
                slope[e] = (slope[e] - sum / size - z[e] * along / size) / deviation;
            }
        }
        return deviation;
    }

    /** What a query reads: f of it, or {@code z + LN(z)}. Changes z. */
    public static float read(float[] z, FloatArray q, int qBase, FloatArray norm, int normBase, FloatArray out, int outBase, int size, float epsilon,
            int options) {
        float mean = 0.0f;
        float deviation = 1.0f;
        if ((options & NORM) != 0) {
            mean = mean(z, size);
            deviation = standardise(z, size, epsilon);
        }
        for (int e = 0; e < size; e++) {
            float f = z[e];
            if ((options & NORM) != 0) {
                f = f * norm.get(normBase + e) + norm.get(normBase + size + e);
            }
            if ((options & POST_NORM) != 0) {
                f = f + z[e] * deviation + mean;
            }
            if ((options & (RESIDUAL | POST_NORM)) == RESIDUAL) {
                f = f + q.get(qBase + e);
            }
            out.set(outBase + e, f);
        }
        return deviation;
    }

    static float mean(float[] z, int size) {
        float sum = 0.0f;
        for (int e = 0; e < size; e++) {
            sum = sum + z[e];
        }
        return sum / size;
    }

    /** {@code z = (z - mean) / deviation}; the deviation. */
    static float standardise(float[] z, int size, float epsilon) {
        float mean = mean(z, size);
        float squares = 0.0f;
        for (int e = 0; e < size; e++) {
            z[e] = z[e] - mean;
            squares = squares + z[e] * z[e];
        }
        float deviation = TornadoMath.sqrt(squares / size + epsilon);
        for (int e = 0; e < size; e++) {
            z[e] = z[e] / deviation;
        }
        return deviation;
    }
}
