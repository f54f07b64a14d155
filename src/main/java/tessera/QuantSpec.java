package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Tokens in fewer bits (QUANT): groups of {@code groupTokens} tokens and {@code groupChannels} channels share a scale. A block of tokens
 * has all channels; {@code groupTokens = 1} is a scale for some channels of each token, {@code groupChannels = 1} one for each channel of
 * some tokens (KIVI, arXiv:2402.02750). The last groups may be smaller. Of two codes that are equally near the upper one is taken, of two
 * floating-point numbers the one further from 0; which it is, is decided in integers, alike on every device, for magnitudes below 2^30.
 *
 * <p>QUANTISE: input {@code x [batch, heads, length, dim]}, outputs {@code codes [batch, heads, length, ceil(dim bits / 8)]} of type I8,
 * lower channels in lower bits, and {@code scales [batch, heads, tokenGroups, channelGroups, parts]}: the scale, and the least value
 * where levels are asymmetric. DEQUANTISE: those two in, {@code out} in the shape of x; with outliers also {@code outlierChannels [batch,
 * heads, length, outliers]} (I32, -1 for none) and {@code outliers} of that shape, which are added. ROUND: x in, out as if quantised and
 * dequantised; the one for {@link NumberFormat.Floats}. A codebook comes as the input {@code codebook [2^bits]}.
 *
 * @param run tokens of which the mean is taken off before, 0 for none: the output {@code mean [batch, heads, ceil(length / run), dim]}
 *        has it, and no direction adds it again (K smoothing, arXiv:2410.02367)
 * @param outliers channels of each token to which DEQUANTISE adds
 * @param dtype storage of x, scales and out; float16 scales are rounded after the codes were chosen
 */
public record QuantSpec(int batch, int heads, int length, int dim, NumberFormat format, int groupTokens, int groupChannels, Direction direction,
        int run, int outliers, DType dtype) implements Spec {

    /** Which way. */
    public enum Direction { QUANTISE, DEQUANTISE, ROUND }

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public QuantSpec {
        Require.positive("batch", batch, "heads", heads, "length", length, "dim", dim, "groupTokens", groupTokens, "groupChannels", groupChannels);
        Require.given("format", format, "direction", direction);
        Require.storage(dtype);
        if (run < 0 || run > 0 && direction == Direction.DEQUANTISE) {
            throw new IllegalArgumentException("run must be 0 for none or at least 1, and 0 for DEQUANTISE, got " + run);
        }
        if (outliers < 0 || outliers > 0 && direction != Direction.DEQUANTISE) {
            throw new IllegalArgumentException("outliers must be at least 0 for DEQUANTISE, else 0, got " + outliers);
        }
        if (format instanceof NumberFormat.Floats && direction != Direction.ROUND) {
            throw new IllegalArgumentException("floating-point formats are rounded to and not packed; use round(), got " + direction);
        }
        Shape.of(batch, heads, length, Math.max(dim, outliers));
    }

    /** QUANTISE float32 tokens, or ROUND them to a floating-point format, with one scale for each head; see {@link #groups}. */
    public static QuantSpec of(int batch, int heads, int length, int dim, NumberFormat format) {
        Direction direction = format instanceof NumberFormat.Floats ? Direction.ROUND : Direction.QUANTISE;
        return new QuantSpec(batch, heads, length, dim, format, length, dim, direction, 0, 0, DType.F32);
    }

    /** With groups of so many tokens and channels. */
    public QuantSpec groups(int tokens, int channels) {
        return new QuantSpec(batch, heads, length, dim, format, tokens, channels, direction, run, outliers, dtype);
    }

    /** With the mean of every {@code tokens} tokens taken off before. */
    public QuantSpec smooth(int tokens) {
        return new QuantSpec(batch, heads, length, dim, format, groupTokens, groupChannels, direction, tokens, outliers, dtype);
    }

    /** The way back: from codes to tokens less their mean. */
    public QuantSpec dequantise() {
        return new QuantSpec(batch, heads, length, dim, format, groupTokens, groupChannels, Direction.DEQUANTISE, 0, outliers, dtype);
    }

    /** There and back. */
    public QuantSpec round() {
        return new QuantSpec(batch, heads, length, dim, format, groupTokens, groupChannels, Direction.ROUND, run, 0, dtype);
    }

    /** DEQUANTISE that adds to so many channels of each token. */
    public QuantSpec withOutliers(int channels) {
        return new QuantSpec(batch, heads, length, dim, format, groupTokens, groupChannels, Direction.DEQUANTISE, 0, channels, dtype);
    }

    public QuantSpec withDType(DType type) {
        return new QuantSpec(batch, heads, length, dim, format, groupTokens, groupChannels, direction, run, outliers, type);
    }

    @Override
    public String operator() {
        return "QUANT";
    }

    public Shape codes() {
        return Shape.of(batch, heads, length, Math.ceilDiv(dim, 8 / format.bits()));
    }

    public Shape scales() {
        return Shape.of(batch, heads, Math.ceilDiv(length, groupTokens), Math.ceilDiv(dim, groupChannels), format.parts());
    }

    /** Bytes of codes, scales and outliers; a number of FP8 for each scale where the format is microscaled. A codebook is not counted. */
    public long bytes() {
        int scale = format instanceof NumberFormat.Floats floats && floats.microscaled() ? 1 : dtype.bytes();
        long added = (long) batch * heads * length * outliers * (DType.I32.bytes() + dtype.bytes());
        return codes().elements() + (long) scales().elements() * scale + added;
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        if (direction == Direction.DEQUANTISE) {
            inputs.put("codes", codes());
            inputs.put("scales", scales());
        } else {
            inputs.put("x", Shape.of(batch, heads, length, dim));
        }
        if (format instanceof NumberFormat.Codebook) {
            inputs.put("codebook", Shape.of(1 << format.bits()));
        }
        if (outliers > 0) {
            inputs.put("outlierChannels", Shape.of(batch, heads, length, outliers));
            inputs.put("outliers", Shape.of(batch, heads, length, outliers));
        }
        return inputs;
    }

    /** {@inheritDoc} Codes are I8, channels of outliers I32. */
    @Override
    public DType type(String input) {
        return switch (input) {
            case "codes" -> DType.I8;
            case "outlierChannels" -> DType.I32;
            default -> dtype;
        };
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        if (direction == Direction.QUANTISE) {
            outputs.put("codes", codes());
            outputs.put("scales", scales());
        } else {
            outputs.put("out", Shape.of(batch, heads, length, dim));
        }
        if (run > 0) {
            outputs.put("mean", Shape.of(batch, heads, Math.ceilDiv(length, run), dim));
        }
        return outputs;
    }

    /** {@inheritDoc} Codes are I8, means F32. */
    @Override
    public DType outputType(String output) {
        return switch (output) {
            case "codes" -> DType.I8;
            case "mean" -> DType.F32;
            default -> dtype;
        };
    }

    @Override
    public QuantSpec miniature() {
        return new QuantSpec(Math.min(batch, 2), Math.min(heads, 2), Math.min(length, 37), Math.min(dim, 150), format, Math.min(groupTokens, 16),
                Math.min(groupChannels, 150), direction, Math.min(run, 16), Math.min(outliers, 3), dtype);
    }
}
