package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Combines partial attention results. Over disjoint sets of keys, by what they sum: {@code out = sum_c exp(lse_c - lse) out_c} with
 * {@code lse = log sum_c exp(lse_c)} (FlashDecoding); a part with lse = minus infinity counts for nothing. Or by given weights, such
 * as gates: {@code out = sum_c w_c out_c} (native sparse attention, arXiv:2502.11089); a part of weight 0 counts for nothing.
 *
 * <p>Inputs {@code parts [parts, batch, heads, queries, valueDim]} and {@code lses [parts, batch, heads, queries]} or, in a shape
 * that broadcasts to that, {@code weights}; outputs {@code out [batch, heads, queries, valueDim]} and, with lses, {@code lse [batch,
 * heads, queries]}.
 *
 * @param weights shape of the weights, of four dimensions; null to merge by the log-sum-exp
 */
public record MergeSpec(int parts, int batch, int heads, int queries, int valueDim, Shape weights, DType dtype) implements Spec {

    /** @throws IllegalArgumentException naming the argument that does not fit */
    public MergeSpec {
        Require.positive("parts", parts, "batch", batch, "heads", heads, "queries", queries, "valueDim", valueDim);
        Require.storage(dtype);
        Shape.of(parts, batch, heads, queries, valueDim);
        Shape all = Shape.of(parts, batch, heads, queries);
        for (int axis = 0; weights != null && axis < 4; axis++) {
            if (weights.rank() != 4 || weights.dim(axis) != 1 && weights.dim(axis) != all.dim(axis)) {
                throw new IllegalArgumentException("weights must broadcast to [parts, batch, heads, queries] = " + all + ", got " + weights);
            }
        }
    }

    /** By the log-sum-exp of float32 parts. */
    public static MergeSpec of(int parts, int batch, int heads, int queries, int valueDim) {
        return new MergeSpec(parts, batch, heads, queries, valueDim, null, DType.F32);
    }

    /** By weights of that shape, 1 along an axis where they are the same. */
    public MergeSpec withWeights(int ofParts, int ofBatch, int ofHeads, int ofQueries) {
        return new MergeSpec(parts, batch, heads, queries, valueDim, Shape.of(ofParts, ofBatch, ofHeads, ofQueries), dtype);
    }

    public MergeSpec withDType(DType type) {
        return new MergeSpec(parts, batch, heads, queries, valueDim, weights, type);
    }

    @Override
    public String operator() {
        return "MERGE";
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("parts", Shape.of(parts, batch, heads, queries, valueDim));
        if (weights == null) {
            inputs.put("lses", Shape.of(parts, batch, heads, queries));
        } else {
            inputs.put("weights", weights);
        }
        return inputs;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, heads, queries, valueDim));
        if (weights == null) {
            outputs.put("lse", Shape.of(batch, heads, queries));
        }
        return outputs;
    }

    @Override
    public MergeSpec miniature() {
        int few = Math.min(heads, 2);
        int rows = Math.min(queries, 19);
        Shape small = weights == null ? null : Shape.of(weights.dim(0), 1, Math.min(weights.dim(2), few), Math.min(weights.dim(3), rows));
        return new MergeSpec(parts, 1, few, rows, valueDim, small, dtype);
    }
}
