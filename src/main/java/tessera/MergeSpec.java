package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Combines partial attention results over disjoint sets of keys: {@code out = sum_c exp(lse_c - lse) out_c} with
 * {@code lse = log sum_c exp(lse_c)} (FlashDecoding). A part with lse = minus infinity counts for nothing.
 *
 * <p>Inputs {@code parts [parts, batch, heads, queries, valueDim]}, {@code lses [parts, batch, heads, queries]}; outputs
 * {@code out [batch, heads, queries, valueDim]}, {@code lse [batch, heads, queries]}.
 */
public record MergeSpec(int parts, int batch, int heads, int queries, int valueDim, DType dtype) implements Spec {

    /** @throws IllegalArgumentException naming the argument that does not fit */
    public MergeSpec {
        Require.positive("parts", parts, "batch", batch, "heads", heads, "queries", queries, "valueDim", valueDim);
        Require.storage(dtype);
        Shape.of(parts, batch, heads, queries, valueDim);
    }

    public static MergeSpec of(int parts, int batch, int heads, int queries, int valueDim) {
        return new MergeSpec(parts, batch, heads, queries, valueDim, DType.F32);
    }

    @Override
    public String operator() {
        return "MERGE";
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("parts", Shape.of(parts, batch, heads, queries, valueDim));
        inputs.put("lses", Shape.of(parts, batch, heads, queries));
        return inputs;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, heads, queries, valueDim));
        outputs.put("lse", Shape.of(batch, heads, queries));
        return outputs;
    }

    @Override
    public MergeSpec miniature() {
        return new MergeSpec(parts, 1, Math.min(heads, 2), Math.min(queries, 19), valueDim, dtype);
    }
}
