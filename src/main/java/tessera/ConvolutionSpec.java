package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Depthwise convolution along the sequence (CONV): every channel has {@code width} weights of its own,
 * {@code out[b, c, t] = f(bias_c + sum_j weight[c, j] x[b, c, t - before + j])}, as before Mamba's recurrence (arXiv:2312.00752)
 * or beside linear attention (SLAB, arXiv:2405.11582). What lies outside the sequence is 0 unless {@code past} holds it.
 *
 * <p>Inputs {@code x [batch, channels, length]}, {@code weight [channels, width]}, with a bias {@code bias [channels]}, with a past
 * {@code past [batch, channels, width - 1]}: the tokens in front of x. Outputs {@code out} in the shape of x and, with a present,
 * {@code present [batch, channels, width - 1]}: the last tokens of past and x, which is the past of what follows.
 *
 * @param padding where the weights lie around a token
 * @param silu whether {@code f(x) = x / (1 + exp(-x))}; else {@code f(x) = x}
 */
public record ConvolutionSpec(int batch, int channels, int length, int width, Padding padding, boolean bias, boolean silu, boolean past,
        boolean present, DType dtype) implements Spec {

    /** Where the weights lie around a token. */
    public enum Padding {
        /** The last weight is the token's own: {@code before = width - 1}. */
        CAUSAL,
        /** The token's own weight is number {@code before = (width - 1) / 2}, rounded down: an even width reaches one token farther forward. */
        SAME
    }

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public ConvolutionSpec {
        Require.positive("batch", batch, "channels", channels, "length", length, "width", width);
        Require.given("padding", padding);
        Require.storage(dtype);
        if ((past || present) && padding != Padding.CAUSAL) {
            throw new IllegalArgumentException("past and present go with padding CAUSAL, got " + padding);
        }
        if ((past || present) && width == 1) {
            throw new IllegalArgumentException("past and present need a width of at least 2, got width = 1, which looks at no other token; leave them out");
        }
        Shape.of(batch, channels, length);
        Shape.of(batch, channels, width);
    }

    /** Over float32 tokens up to each one, without bias, activation, past or present. */
    public static ConvolutionSpec causal(int batch, int channels, int length, int width) {
        return new ConvolutionSpec(batch, channels, length, width, Padding.CAUSAL, false, false, false, false, DType.F32);
    }

    /** Over float32 tokens around each one, without bias or activation. */
    public static ConvolutionSpec same(int batch, int channels, int length, int width) {
        return new ConvolutionSpec(batch, channels, length, width, Padding.SAME, false, false, false, false, DType.F32);
    }

    public ConvolutionSpec withBias() {
        return new ConvolutionSpec(batch, channels, length, width, padding, true, silu, past, present, dtype);
    }

    public ConvolutionSpec withSilu() {
        return new ConvolutionSpec(batch, channels, length, width, padding, bias, true, past, present, dtype);
    }

    public ConvolutionSpec withPast() {
        return new ConvolutionSpec(batch, channels, length, width, padding, bias, silu, true, present, dtype);
    }

    public ConvolutionSpec withPresent() {
        return new ConvolutionSpec(batch, channels, length, width, padding, bias, silu, past, true, dtype);
    }

    public ConvolutionSpec withDType(DType type) {
        return new ConvolutionSpec(batch, channels, length, width, padding, bias, silu, past, present, type);
    }

    @Override
    public String operator() {
        return "CONV";
    }

    /** Weights before the token's own. */
    public int before() {
        return padding == Padding.CAUSAL ? width - 1 : (width - 1) / 2;
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("x", Shape.of(batch, channels, length));
        inputs.put("weight", Shape.of(channels, width));
        if (bias) {
            inputs.put("bias", Shape.of(channels));
        }
        if (past) {
            inputs.put("past", Shape.of(batch, channels, width - 1));
        }
        return inputs;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, channels, length));
        if (present) {
            outputs.put("present", Shape.of(batch, channels, width - 1));
        }
        return outputs;
    }

    /** {@inheritDoc} The present holds inputs, so it is of their type. */
    @Override
    public DType outputType(String output) {
        return dtype;
    }

    @Override
    public ConvolutionSpec miniature() {
        return new ConvolutionSpec(Math.min(batch, 2), Math.min(channels, 3), Math.min(length, 19), width, padding, bias, silu, past, present,
                dtype);
    }
}
