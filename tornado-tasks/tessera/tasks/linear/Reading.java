package tessera.tasks.linear;

import tessera.tasks.Dot;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** What a token reads of a state, and the options of the kernels of linear recurrences; every compiler inlines it into them. */
public final class Reading {
    /** A token reads the state before itself. */
    public static final int PREVIOUS = 1;
    /** Divided by the sum of the weights. */
    public static final int SUM = 2;
    /** Divided by the sum's magnitude, or by a least divisor where that is larger. */
    public static final int MAXABS = 4;
    /** The current token counts once more. */
    public static final int BONUS = 8;
    /** Gates of value channels. */
    public static final int OF_VALUES = 16;
    /** Gates {@code e^(delta rate)} of elements. */
    public static final int SSM = 32;
    /** Gates {@code 1 - epsilon k^2} of elements. */
    public static final int IMPLICIT = 64;
    /** Starts from the state in {@code from}, not from nothing. */
    public static final int CONTINUES = 128;
    /** Writes the state at the end. */
    public static final int KEEPS = 256;
    /** Writes what tokens read. */
    public static final int READS = 512;
    /** Adds nothing to the state, so that it only decays. */
    public static final int ONLY_DECAYS = 1024;
    /** A factor on what a token reads of another. */
    public static final int WEIGHTED = 2048;
    /** Second keys and values are read beside the first. */
    public static final int CORRECTED = 4096;

    private Reading() {
    }

    /** {@code (q u)·k}: the weight that the current token has once more; 0 without a bonus. */
    public static float own(FloatArray q, int qBase, FloatArray u, int uBase, FloatArray k, int kBase, int size, int options) {
        float own = 0.0f;
        if ((options & BONUS) != 0) {
            for (int c = 0; c < size; c++) {
                own += q.get(qBase + c) * u.get(uBase + c) * k.get(kBase + c);
            }
        }
        return own;
    }

    /** The sum over a state's column, and over its normaliser, as the norm makes a result of them. */
    public static float result(float sum, float weights, float scale, float least, int options) {
        float result = sum * scale;
        if ((options & SUM) != 0) {
            result = 0.0f;
            if (weights != 0.0f) {
                result = sum / weights;
            }
        }
        if ((options & MAXABS) != 0) {
            result = sum * scale / TornadoMath.max(TornadoMath.abs(weights * scale), least);
        }
        return result;
    }

    /** What a query reads of a column of the state, with the current token's own value. */
    public static float of(float[] state, float[] normaliser, FloatArray q, int qBase, int size, float own, float value, float scale, float least,
            int options) {
        float sum = Dot.dot(state, q, qBase, size) + own * value;
        float weights = own;
        if ((options & (SUM | MAXABS)) != 0) {
            weights = own + Dot.dot(normaliser, q, qBase, size);
        }
        return result(sum, weights, scale, least, options);
    }
}
