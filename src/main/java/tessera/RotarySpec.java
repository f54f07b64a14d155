package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Rotary position embedding (RoPE, arXiv:2104.09864): every pair of channels {@code (a, b)} of a token turns by its angle,
 * {@code (a cos - b sin, a sin + b cos)}. Channels from {@code rotaryDim} on stay as they are.
 *
 * <p>Inputs {@code x [batch, heads, length, headDim]} and the angles of each pair as {@code cos, sin}: a cache
 * {@code [positions, rotaryDim / 2]} with {@code positions [batch, length]} of type I32 that name a row of it (others are
 * taken for the nearest row); or, where {@code positions} is 0, {@code [batch, length, rotaryDim / 2]}. Output
 * {@code out} in the shape of x.
 *
 * @param rotaryDim leading channels that turn, an even number
 * @param positions rows of the cache; 0 if every token has angles of its own
 * @param interleaved whether pairs are neighbours (2i, 2i + 1), not halves (i, i + rotaryDim / 2)
 */
public record RotarySpec(int batch, int heads, int length, int headDim, int rotaryDim, int positions, boolean interleaved,
        DType dtype) implements Spec {

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public RotarySpec {
        Require.positive("batch", batch, "heads", heads, "length", length, "headDim", headDim, "rotaryDim", rotaryDim);
        Require.storage(dtype);
        if (rotaryDim % 2 != 0 || rotaryDim > headDim) {
            throw new IllegalArgumentException("rotaryDim must be even and at most headDim = " + headDim + ", got " + rotaryDim);
        }
        if (positions < 0) {
            throw new IllegalArgumentException("positions must be at least 1, or 0 for angles of each token, got " + positions);
        }
        Shape.of(batch, heads, length, headDim);
        Shape.of(Math.max(positions, 1), rotaryDim / 2);
    }

    /** All channels of float32 tokens, with angles for each token. */
    public static RotarySpec of(int batch, int heads, int length, int headDim) {
        return new RotarySpec(batch, heads, length, headDim, headDim, 0, false, DType.F32);
    }

    @Override
    public String operator() {
        return "ROPE";
    }

    @Override
    public Map<String, Shape> inputs() {
        Shape angles = positions > 0 ? Shape.of(positions, rotaryDim / 2) : Shape.of(batch, length, rotaryDim / 2);
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("x", Shape.of(batch, heads, length, headDim));
        inputs.put("cos", angles);
        inputs.put("sin", angles);
        if (positions > 0) {
            inputs.put("positions", Shape.of(batch, length));
        }
        return inputs;
    }

    /** {@inheritDoc} Positions are I32. */
    @Override
    public DType type(String input) {
        return input.equals("positions") ? DType.I32 : dtype;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, heads, length, headDim));
        return outputs;
    }

    @Override
    public RotarySpec miniature() {
        return new RotarySpec(Math.min(batch, 2), Math.min(heads, 2), Math.min(length, 19), headDim, rotaryDim, Math.min(positions, 37),
                interleaved, dtype);
    }
}
