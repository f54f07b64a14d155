package tessera.experiments;

import java.util.LinkedHashMap;
import java.util.Map;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.methods.Catalogue;
import tessera.methods.Methods;
import tessera.methods.Row;

/** The linear attention whose growth is measured, with gates as published methods have them. */
public enum GrowthRule {
    /** No decay. */
    NONE("T01", "T01", Gate.NONE),
    /** One decay for each token and head. */
    HEAD_TOKEN("G10", "G10", Gate.HEAD_TOKEN),
    /** One decay for each token and key channel. */
    KEY_TOKEN("G06", "G06", Gate.KEY_TOKEN),
    /** The gated delta rule, with keys of length 1. */
    DELTA("T04", "G10", Gate.HEAD_TOKEN);

    private final String row;
    private final String gates;
    private final Gate gate;

    GrowthRule(String row, String gates, Gate gate) {
        this.row = row;
        this.gates = gates;
        this.gate = gate;
    }

    /** Its row in the catalogue. */
    public Row row() {
        return Catalogue.row(row);
    }

    RecurrenceBuilder spec(int batch, int heads, int length, int headDim) {
        RecurrenceBuilder builder = RecurrenceSpec.of(batch, heads, length, headDim).gate(gate);
        return this == DELTA ? builder.delta() : builder;
    }

    /** Inputs of a spec of this rule; gates, and what else a model would compute, are drawn. */
    Map<String, Tensor> inputs(RecurrenceSpec spec, Workload workload, long seed) {
        Map<String, Tensor> inputs = new LinkedHashMap<>(Methods.of(gates).on(workload.q(), workload.k(), workload.v(), seed).inputs());
        if (this == DELTA) {
            inputs.put("k", ofLengthOne(workload.k()));
            inputs.put("beta", betweenNoneAndAll(Tensor.random(spec.inputs().get("beta"), seed + 3)));
        }
        if (spec.initialState()) {
            inputs.put("s0", Tensor.random(spec.inputs().get("s0"), seed + 4));
        }
        inputs.keySet().retainAll(spec.inputs().keySet());
        return inputs;
    }

    private static Tensor ofLengthOne(Tensor keys) {
        Shape shape = keys.shape();
        int size = shape.dim(3);
        Tensor unit = Tensor.zeros(keys.dtype(), shape);
        for (int start = 0; start < shape.elements(); start += size) {
            double squares = 0;
            for (int c = start; c < start + size; c++) {
                squares += keys.get(c) * keys.get(c);
            }
            for (int c = start; c < start + size; c++) {
                unit.set(c, (float) (keys.get(c) / Math.sqrt(squares)));
            }
        }
        return unit;
    }

    /** Logistic function of every element. */
    private static Tensor betweenNoneAndAll(Tensor drawn) {
        for (int i = 0; i < drawn.shape().elements(); i++) {
            drawn.set(i, (float) (1 / (1 + Math.exp(-drawn.get(i)))));
        }
        return drawn;
    }
}
