package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Tokens in another order (PERM): sorted, grouped, left out, repeated or put back. {@code out[b, h, n] = x[b, h, index[b, h, n]]}
 * to gather, {@code out[b, h, index[b, h, n]] = x[b, h, n]} to scatter; one undoes the other.
 *
 * <p>Inputs {@code x [batch, heads, length, dim]} and {@code index} of type I32, {@code [indexBatch, indexHeads, outLength]} to
 * gather, {@code [indexBatch, indexHeads, length]} to scatter. An index of -1 is padding: it gathers a token of zeros, and scatters
 * to nowhere. Scattering goes at most once to each place, and leaves zeros in the others. Output {@code out [batch, heads,
 * outLength, dim]}. A run with any other index fails with an {@link IllegalArgumentException} that names it.
 *
 * @param outLength tokens of the result
 * @param indexBatch batch, or 1 where all share an order
 * @param indexHeads heads, or 1 where all share an order
 */
public record PermuteSpec(int batch, int heads, int length, int dim, Direction direction, int outLength, int indexBatch, int indexHeads,
        DType dtype) implements Spec {

    /** Which side of the assignment the index is on. */
    public enum Direction { GATHER, SCATTER }

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public PermuteSpec {
        Require.positive("batch", batch, "heads", heads, "length", length, "dim", dim, "outLength", outLength);
        Require.given("direction", direction);
        Require.storage(dtype);
        if (indexBatch != 1 && indexBatch != batch) {
            throw new IllegalArgumentException("indexBatch must be 1 or batch = " + batch + ", got " + indexBatch);
        }
        if (indexHeads != 1 && indexHeads != heads) {
            throw new IllegalArgumentException("indexHeads must be 1 or heads = " + heads + ", got " + indexHeads);
        }
        Shape.of(batch, heads, length, dim);
        Shape.of(batch, heads, outLength, dim);
    }

    /** Of float32 tokens, in an order of their own for every batch and head. */
    public static PermuteSpec gather(int batch, int heads, int length, int dim, int outLength) {
        return new PermuteSpec(batch, heads, length, dim, Direction.GATHER, outLength, batch, heads, DType.F32);
    }

    /** Of float32 tokens, to places of their own for every batch and head. */
    public static PermuteSpec scatter(int batch, int heads, int length, int dim, int outLength) {
        return new PermuteSpec(batch, heads, length, dim, Direction.SCATTER, outLength, batch, heads, DType.F32);
    }

    /** With an index of that shape. */
    public PermuteSpec withIndex(int batches, int headCount) {
        return new PermuteSpec(batch, heads, length, dim, direction, outLength, batches, headCount, dtype);
    }

    public PermuteSpec withDType(DType type) {
        return new PermuteSpec(batch, heads, length, dim, direction, outLength, indexBatch, indexHeads, type);
    }

    @Override
    public String operator() {
        return "PERM";
    }

    /** Indices in a row of the index. */
    public int indices() {
        return direction == Direction.GATHER ? outLength : length;
    }

    /** What an index is less than. */
    public int limit() {
        return direction == Direction.GATHER ? length : outLength;
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("x", Shape.of(batch, heads, length, dim));
        inputs.put("index", Shape.of(indexBatch, indexHeads, indices()));
        return inputs;
    }

    /** {@inheritDoc} Indices are I32. */
    @Override
    public DType type(String input) {
        return input.equals("index") ? DType.I32 : dtype;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, heads, outLength, dim));
        return outputs;
    }

    @Override
    public PermuteSpec miniature() {
        int few = Math.min(batch, 2);
        int fewHeads = Math.min(heads, 2);
        return new PermuteSpec(few, fewHeads, Math.min(length, 19), Math.min(dim, 150), direction, Math.min(outLength, 23),
                Math.min(indexBatch, few), Math.min(indexHeads, fewHeads), dtype);
    }
}
