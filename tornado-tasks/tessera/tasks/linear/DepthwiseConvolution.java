package tessera.tasks.linear;

import tessera.tasks.Sigmoid;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * {@code out[b, c, t] = f(bias_c + sum_j weight[c, j] x[b, c, t - before + j])}: a short convolution of each channel
 * (Mamba, arXiv:2312.00752).
 */
public final class DepthwiseConvolution {
    private DepthwiseConvolution() {
    }

    /**
     * One token of one channel.
     *
     * @param x [batch, channels, length]; 0 behind its end
     * @param weight [channels, width]
     * @param bias [channels]
     * @param past [batch, channels, width - 1], the tokens in front of x
     * @param out [batch, channels, length]
     * @param before weights before the token's own, less than width
     * @param silu 1 for {@code f(x) = x / (1 + exp(-x))}, 0 for {@code f(x) = x}
     */
    public static void rows(FloatArray x, FloatArray weight, FloatArray bias, FloatArray past, FloatArray out, int channels, int length,
            int width, int before, int silu, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int line = row / length;
            int channel = line % channels;
            int first = row - line * length - before;
            float sum = bias.get(channel);
            for (int j = 0; j < width; j++) {
                int t = first + j;
                float value = 0.0f;
                if (t < 0) {
                    value = past.get((line + 1) * (width - 1) + t);
                } else if (t < length) {
                    value = x.get(line * length + t);
                }
                sum = sum + weight.get(channel * width + j) * value;
            }
            if (silu == 1) {
                sum = sum * Sigmoid.of(sum);
            }
            out.set(row, sum);
        }
    }
}
