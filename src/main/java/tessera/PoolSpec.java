package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Segments of tokens, each reduced to one (POOL): {@code out[b, h, s, c] = reduce over the tokens n of segment s of x[b, h, n, c]}.
 * Segments have {@code size} tokens and start every {@code stride} ones, as many as reach every token, the last one maybe shorter;
 * or they are given by the input {@code starts}. A mean is that of the tokens there are; an empty segment gives 0.
 *
 * <p>Inputs {@code x [batch, heads, length, dim]}; with given segments {@code starts [batch, heads, segments + 1]} of type I32:
 * segment s has the tokens from {@code starts[s]} to before {@code starts[s + 1]}. Output {@code out [batch, heads, count, dim]}, see
 * {@link #count}. A run whose starts decrease or leave the sequence fails with an {@link IllegalArgumentException} that names them.
 *
 * @param size tokens of a segment, 0 where segments are given
 * @param stride from the start of a segment to that of the next, less than {@code size} where they overlap
 * @param segments number of given segments, 0 where they have a size
 */
public record PoolSpec(int batch, int heads, int length, int dim, Reduction reduction, int size, int stride, int segments, DType dtype)
        implements Spec {

    /** What becomes of the tokens of a segment, channel by channel. */
    public enum Reduction { MEAN, SUM, MIN, MAX }

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public PoolSpec {
        Require.positive("batch", batch, "heads", heads, "length", length, "dim", dim);
        Require.given("reduction", reduction);
        Require.storage(dtype);
        if (segments == 0) {
            Require.positive("size", size, "stride", stride);
            if (stride > size) {
                throw new IllegalArgumentException("stride must be at most size = " + size + ", so that no token is left out, got " + stride);
            }
        } else if (segments < 0 || size != 0 || stride != 0) {
            throw new IllegalArgumentException("segments must be at least 1, with size and stride 0, got " + segments + ", " + size + ", " + stride);
        }
        Shape.of(batch, heads, length, dim);
    }

    /** Of float32 tokens, {@code size} by {@code size}. */
    public static PoolSpec of(int batch, int heads, int length, int dim, int size, Reduction reduction) {
        return new PoolSpec(batch, heads, length, dim, reduction, size, size, 0, DType.F32);
    }

    /** Of float32 tokens, with so many given segments. */
    public static PoolSpec given(int batch, int heads, int length, int dim, int segments, Reduction reduction) {
        Require.positive("segments", segments);
        return new PoolSpec(batch, heads, length, dim, reduction, 0, 0, segments, DType.F32);
    }

    public PoolSpec withStride(int tokens) {
        return new PoolSpec(batch, heads, length, dim, reduction, size, tokens, segments, dtype);
    }

    public PoolSpec withDType(DType type) {
        return new PoolSpec(batch, heads, length, dim, reduction, size, stride, segments, type);
    }

    @Override
    public String operator() {
        return "POOL";
    }

    /** Number of segments. */
    public int count() {
        return segments > 0 ? segments : 1 + Math.ceilDiv(Math.max(0, length - size), stride);
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("x", Shape.of(batch, heads, length, dim));
        if (segments > 0) {
            inputs.put("starts", Shape.of(batch, heads, segments + 1));
        }
        return inputs;
    }

    /** {@inheritDoc} Starts are I32. */
    @Override
    public DType type(String input) {
        return input.equals("starts") ? DType.I32 : dtype;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, heads, count(), dim));
        return outputs;
    }

    @Override
    public PoolSpec miniature() {
        return new PoolSpec(Math.min(batch, 2), Math.min(heads, 2), Math.min(length, 41), Math.min(dim, 150), reduction, Math.min(size, 8),
                Math.min(stride, size > 8 ? Math.max(1, 8 * stride / size) : 8), Math.min(segments, 7), dtype);
    }
}
