package tessera.tasks.compact;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** {@code out[b, h, n, f] = bias_hf + sum_c x[b, h, n, c] weight[h, c, f]}: a linear layer of each token. */
public final class ProjectChannels {
    private ProjectChannels() {
    }

    /**
     * Four neighbouring features of one token; behind the last feature, that one again.
     *
     * @param x [batch, xHeads, length, dim]
     * @param weight [weightHeads, dim, features]
     * @param bias [weightHeads, features]
     * @param out [batch, heads, length, features]
     * @param xHeads heads or 1
     * @param weightHeads heads or 1
     */
    public static void rows(FloatArray x, FloatArray weight, FloatArray bias, FloatArray out, int heads, int xHeads, int weightHeads, int length,
            int dim, int features, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int fours = (features + 3) / 4;
            int token = row / fours;
            int head = token / length;
            int batch = head / heads;
            int xHead = batch * xHeads + (head - batch * heads) % xHeads;
            int weightHead = (head - batch * heads) % weightHeads;
            int xBase = (xHead * length + token % length) * dim;
            int f0 = (row - token * fours) * 4;
            int f1 = TornadoMath.min(f0 + 1, features - 1);
            int f2 = TornadoMath.min(f0 + 2, features - 1);
            int f3 = TornadoMath.min(f0 + 3, features - 1);
            float s0 = bias.get(weightHead * features + f0);
            float s1 = bias.get(weightHead * features + f1);
            float s2 = bias.get(weightHead * features + f2);
            float s3 = bias.get(weightHead * features + f3);
            for (int c = 0; c < dim; c++) {
                float value = x.get(xBase + c);
                int base = (weightHead * dim + c) * features;
                s0 = s0 + value * weight.get(base + f0);
                s1 = s1 + value * weight.get(base + f1);
                s2 = s2 + value * weight.get(base + f2);
                s3 = s3 + value * weight.get(base + f3);
            }
            out.set(token * features + f0, s0);
            out.set(token * features + f1, s1);
            out.set(token * features + f2, s2);
            out.set(token * features + f3, s3);
        }
    }
}
