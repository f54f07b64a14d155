package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out[b, h, r, c] = sum_n weight[h, r, n] x[b, h, n, c]}: fewer tokens made of all (Linformer, arXiv:2006.04768). */
public final class ProjectSequence {
    private ProjectSequence() {
    }

    /**
     * Four neighbouring channels of one token of the result; behind the last channel, that one again.
     *
     * @param x [batch, xHeads, length, dim]
     * @param weight [weightHeads, features, length]
     * @param out [batch, heads, features, dim]
     * @param xHeads heads or 1
     * @param weightHeads heads or 1
     */
    public static void rows(FloatArray x, FloatArray weight, FloatArray out, int heads, int xHeads, int weightHeads, int length, int dim,
            int features, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int fours = (dim + 3) / 4;
            int token = row / fours;
            int head = token / features;
            int batch = head / heads;
            int xHead = batch * xHeads + (head - batch * heads) % xHeads;
            int weightHead = (head - batch * heads) % weightHeads;
            int weightBase = (weightHead * features + token % features) * length;
            int c0 = (row - token * fours) * 4;
            int c1 = TornadoMath.min(c0 + 1, dim - 1);
            int c2 = TornadoMath.min(c0 + 2, dim - 1);
            int c3 = TornadoMath.min(c0 + 3, dim - 1);
            float s0 = 0.0f;
            float s1 = 0.0f;
            float s2 = 0.0f;
            float s3 = 0.0f;
            for (int n = 0; n < length; n++) {
                float factor = weight.get(weightBase + n);
                int base = (xHead * length + n) * dim;
                s0 = s0 + factor * x.get(base + c0);
                s1 = s1 + factor * x.get(base + c1);
                s2 = s2 + factor * x.get(base + c2);
                s3 = s3 + factor * x.get(base + c3);
            }
            out.set(token * dim + c0, s0);
            out.set(token * dim + c1, s1);
            out.set(token * dim + c2, s2);
            out.set(token * dim + c3, s3);
        }
    }
}
