package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Gated linear recurrence, causal (GLR): with {@code S_t = G_t S_{t-1} + f(k_t)^T v_t} and
 * {@code z_t = G_t z_{t-1} + f(k_t)}, every token reads {@code out_t = scale * f(q_t) S_t}, divided by
 * {@code f(q_t) · z_t} when normalised (0 where that is exactly 0; features should be positive, else it comes arbitrarily
 * close). Covers linear attention (arXiv:2006.16236), RetNet (arXiv:2307.08621), Mamba-2's scalar gate (arXiv:2405.21060)
 * and GLA (arXiv:2312.06635).
 *
 * <p>Inputs {@code q, k [batch, heads, length, keyDim]}, {@code v [batch, heads, length, valueDim]}; {@code gate}, unless
 * the gate is NONE, as natural logarithms of the decay (at most 0 in practice; minus infinity forgets everything) in the shape that {@link Gate} gives;
 * with {@code initialState}, {@code s0 [batch, heads, keyDim, valueDim]} and, when normalised,
 * {@code z0 [batch, heads, keyDim]}. Outputs {@code out [batch, heads, length, valueDim]} and, with {@code finalState},
 * {@code s} and, when normalised, {@code z} in the same shapes, which must not share memory with an initial state.
 *
 * @param scale factor on the query after the feature map; 1 unless set. It cancels when normalised
 */
public record RecurrenceSpec(int batch, int heads, int length, int keyDim, int valueDim, float scale, Gate gate,
        FeatureMap featureMap, boolean normalised, boolean initialState, boolean finalState, DType dtype) implements Spec {

    /** What the decay of the state depends on, and so the shape of the {@code gate} input. */
    public enum Gate {
        /** No decay. */
        NONE,
        /** One constant for each head: {@code [heads]}. */
        HEAD_CONST,
        /** One value for each token and head: {@code [batch, heads, length]}. */
        HEAD_TOKEN,
        /** One value for each token and key channel: {@code [batch, heads, length, keyDim]}. */
        KEY_TOKEN
    }

    /** Elementwise map applied to queries and keys. */
    public enum FeatureMap {
        IDENTITY,
        /** {@code elu(x) + 1} (arXiv:2006.16236). */
        ELU_PLUS_ONE,
        RELU
    }

    /** @throws IllegalArgumentException naming the argument that does not fit */
    public RecurrenceSpec {
        Require.positive("batch", batch, "heads", heads, "length", length, "keyDim", keyDim, "valueDim", valueDim);
        Require.finite("scale", scale);
        Require.given("gate", gate, "featureMap", featureMap);
        Require.storage(dtype);
        Shape.of(batch, heads, length, Math.max(keyDim, valueDim));
        Shape.of(batch, heads, keyDim, valueDim);
    }

    public static Builder of(int batch, int heads, int length, int headDim) {
        return new Builder(batch, heads, length, headDim);
    }

    @Override
    public String operator() {
        return "GLR";
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("q", Shape.of(batch, heads, length, keyDim));
        inputs.put("k", Shape.of(batch, heads, length, keyDim));
        inputs.put("v", Shape.of(batch, heads, length, valueDim));
        switch (gate) {
            case NONE -> { }
            case HEAD_CONST -> inputs.put("gate", Shape.of(heads));
            case HEAD_TOKEN -> inputs.put("gate", Shape.of(batch, heads, length));
            case KEY_TOKEN -> inputs.put("gate", Shape.of(batch, heads, length, keyDim));
        }
        if (initialState) {
            putState(inputs, "s0", "z0");
        }
        return inputs;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, heads, length, valueDim));
        if (finalState) {
            putState(outputs, "s", "z");
        }
        return outputs;
    }

    private void putState(Map<String, Shape> shapes, String s, String z) {
        shapes.put(s, Shape.of(batch, heads, keyDim, valueDim));
        if (normalised) {
            shapes.put(z, Shape.of(batch, heads, keyDim));
        }
    }

    @Override
    public RecurrenceSpec miniature() {
        return new RecurrenceSpec(1, Math.min(heads, 2), Math.min(length, 150), keyDim, valueDim, scale, gate, featureMap, normalised,
                initialState, finalState, dtype);
    }

    /** Collects the options of a {@link RecurrenceSpec}. */
    public static final class Builder {
        private final int batch;
        private final int heads;
        private final int length;
        private final int keyDim;
        private int valueDim;
        private float scale = 1;
        private Gate gate = Gate.NONE;
        private FeatureMap featureMap = FeatureMap.IDENTITY;
        private boolean normalised;
        private boolean initialState;
        private boolean finalState;
        private DType dtype = DType.F32;

        private Builder(int batch, int heads, int length, int headDim) {
            this.batch = batch;
            this.heads = heads;
            this.length = length;
            this.keyDim = headDim;
            this.valueDim = headDim;
        }

        public Builder valueDim(int dim) {
            valueDim = dim;
            return this;
        }

        public Builder scale(float factor) {
            scale = factor;
            return this;
        }

        public Builder gate(Gate kind) {
            gate = kind;
            return this;
        }

        public Builder featureMap(FeatureMap map) {
            featureMap = map;
            return this;
        }

        /** Divide by the sum of the weights (norm SUM). */
        public Builder normalised() {
            normalised = true;
            return this;
        }

        public Builder initialState() {
            initialState = true;
            return this;
        }

        public Builder finalState() {
            finalState = true;
            return this;
        }

        public Builder dtype(DType type) {
            dtype = type;
            return this;
        }

        /** @throws IllegalArgumentException naming the argument that does not fit */
        public RecurrenceSpec build() {
            return new RecurrenceSpec(batch, heads, length, keyDim, valueDim, scale, gate, featureMap, normalised, initialState,
                    finalState, dtype);
        }
    }
}
