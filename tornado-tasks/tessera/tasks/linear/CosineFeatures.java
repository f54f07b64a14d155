package tessera.tasks.linear;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code φ(x_i) = [relu(x_i) cos(πi / 2M), relu(x_i) sin(πi / 2M)]} for the token at position i (cosFormer, arXiv:2202.08791). */
public final class CosineFeatures {
    private CosineFeatures() {
    }

    /**
     * One channel a row.
     *
     * @param x [batch * heads, length, dim]
     * @param out [batch * heads, length, 2 * dim]
     * @param cos [length], of the position's angle πi / 2M, from a table: TornadoVM 5.2.0 cannot compile the cosine of a constant, as
     *        which it sees the only position of a single token
     * @param sin [length]
     */
    public static void rows(FloatArray x, FloatArray cos, FloatArray sin, FloatArray out, int length, int dim, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int token = row / dim;
            float value = TornadoMath.max(x.get(row), 0.0f);
            int at = row + token * dim;
            out.set(at, value * cos.get(token % length));
            out.set(at + dim, value * sin.get(token % length));
        }
    }
}
