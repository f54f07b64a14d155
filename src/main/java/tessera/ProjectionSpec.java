package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A learned projection (PROJ), along the channels of each token,
 * {@code out[b, h, n, f] = bias_hf + sum_c x[b, h, n, c] weight[h, c, f]}, or along the sequence,
 * {@code out[b, h, r, c] = sum_n weight[h, r, n] x[b, h, n, c]} (Linformer, arXiv:2006.04768).
 *
 * <p>Inputs {@code x [batch, heads, length, dim]}; {@code weight [weightHeads, dim, features]} along the channels,
 * {@code [weightHeads, features, length]} along the sequence; with a bias {@code bias [weightHeads, features]}. Output {@code out
 * [batch, outHeads, length, features]} or {@code [batch, outHeads, features, dim]}. If x has one head, every head of the weight
 * projects it; if the weight has one, it projects every head of x.
 *
 * @param features channels, or tokens, of the result
 */
public record ProjectionSpec(int batch, int heads, int length, int dim, Axis axis, int features, int weightHeads, boolean bias, DType dtype)
        implements Spec {

    /** What is projected. */
    public enum Axis { CHANNELS, SEQUENCE }

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public ProjectionSpec {
        Require.positive("batch", batch, "heads", heads, "length", length, "dim", dim, "features", features, "weightHeads", weightHeads);
        Require.given("axis", axis);
        Require.storage(dtype);
        if (heads != 1 && weightHeads != 1 && heads != weightHeads) {
            throw new IllegalArgumentException("weightHeads must be 1 or heads = " + heads + ", got " + weightHeads);
        }
        if (bias && axis == Axis.SEQUENCE) {
            throw new IllegalArgumentException("bias goes with axis CHANNELS, got SEQUENCE; leave it out");
        }
        Shape.of(batch, heads, length, dim);
        Shape.of(weightHeads, axis == Axis.CHANNELS ? dim : length, features);
        Shape.of(batch, Math.max(heads, weightHeads), axis == Axis.CHANNELS ? length : dim, features);
    }

    /** Of the channels of float32 tokens, by one weight for all heads, without bias. */
    public static ProjectionSpec channels(int batch, int heads, int length, int dim, int features) {
        return new ProjectionSpec(batch, heads, length, dim, Axis.CHANNELS, features, 1, false, DType.F32);
    }

    /** Of a sequence of float32 tokens to {@code features} ones, by one weight for all heads. */
    public static ProjectionSpec sequence(int batch, int heads, int length, int dim, int features) {
        return new ProjectionSpec(batch, heads, length, dim, Axis.SEQUENCE, features, 1, false, DType.F32);
    }

    public ProjectionSpec withWeightHeads(int count) {
        return new ProjectionSpec(batch, heads, length, dim, axis, features, count, bias, dtype);
    }

    public ProjectionSpec withBias() {
        return new ProjectionSpec(batch, heads, length, dim, axis, features, weightHeads, true, dtype);
    }

    public ProjectionSpec withDType(DType type) {
        return new ProjectionSpec(batch, heads, length, dim, axis, features, weightHeads, bias, type);
    }

    @Override
    public String operator() {
        return "PROJ";
    }

    public int outHeads() {
        return Math.max(heads, weightHeads);
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("x", Shape.of(batch, heads, length, dim));
        inputs.put("weight", axis == Axis.CHANNELS ? Shape.of(weightHeads, dim, features) : Shape.of(weightHeads, features, length));
        if (bias) {
            inputs.put("bias", Shape.of(weightHeads, features));
        }
        return inputs;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", axis == Axis.CHANNELS ? Shape.of(batch, outHeads(), length, features) : Shape.of(batch, outHeads(), features, dim));
        return outputs;
    }

    @Override
    public ProjectionSpec miniature() {
        int few = Math.min(outHeads(), 2);
        return new ProjectionSpec(Math.min(batch, 2), Math.min(heads, few), Math.min(length, 19), Math.min(dim, 150), axis, Math.min(features, 19),
                Math.min(weightHeads, few), bias, dtype);
    }
}
