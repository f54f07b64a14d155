package tessera;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.UpdateRule.Norm;

/**
 * Gated linear recurrence (GLR): every token changes a state of fixed size by an {@link UpdateRule} and reads it,
 * {@code out_t = scale * f(q_t) S_t}. Covers linear attention (arXiv:2006.16236), RetNet (arXiv:2307.08621), Mamba
 * (arXiv:2312.00752, arXiv:2405.21060), GLA (arXiv:2312.06635), the delta rules (arXiv:2406.06484, arXiv:2412.06464), RWKV
 * (arXiv:2404.05892, arXiv:2503.14456) and xLSTM (arXiv:2405.04517).
 *
 * <p>Inputs {@code q [batch, heads, length, keyDim]}, {@code k [batch, keyHeads, length, keyDim]},
 * {@code v [batch, valueHeads, length, valueDim]}; there are as many states as the larger of keyHeads and valueHeads, and as many
 * outputs as the largest of the three; fewer heads are shared by consecutive ones. Then what the rule asks for; gates are natural
 * logarithms of decays, at most 0 in practice; minus infinity forgets everything. With {@code initialState},
 * {@code s0 [batch, stateHeads, keyDim, valueDim]} and, with a norm, {@code z0 [batch, stateHeads, keyDim]} and, with an input gate,
 * {@code m0 [batch, stateHeads]}. Outputs {@code out [batch, outHeads, length, valueDim]} and, with {@code finalState}, {@code s},
 * {@code z}, {@code m} in the same shapes, which must not share memory with an initial state.
 *
 * @param heads heads of the queries
 * @param scale factor on the query after the feature map; 1 unless set. It cancels when divided by a sum
 * @param featureMap applied to queries and keys, element by element; others are FMAP's
 * @param causal whether a token reads only what came before; else every token reads the last state (no gate, no correction)
 * @param weighted whether there is an input {@code weights [batch, outHeads, length, length]}, a factor on what token i reads of
 *        token j (log-linear attention, arXiv:2506.04761)
 * @param sequences number of sequences of a ragged batch, 0 for none: batch is 1, {@code cuSeqlens [sequences + 1]} (I32) says where
 *        each begins and ends, and states are those of sequences
 */
public record RecurrenceSpec(int batch, int heads, int keyHeads, int valueHeads, int length, int keyDim, int valueDim, float scale,
        UpdateRule rule, FeatureMap featureMap, boolean causal, boolean weighted, int sequences, boolean initialState, boolean finalState,
        DType dtype) implements Spec {

    /** Elementwise map applied to queries and keys. */
    public enum FeatureMap {
        IDENTITY,
        /** {@code elu(x) + 1} (arXiv:2006.16236). */
        ELU_PLUS_ONE,
        RELU
    }

    /** @throws IllegalArgumentException naming the argument that does not fit */
    public RecurrenceSpec {
        Require.positive("batch", batch, "heads", heads, "keyHeads", keyHeads, "valueHeads", valueHeads, "length", length, "keyDim", keyDim,
                "valueDim", valueDim);
        Require.finite("scale", scale);
        Require.given("rule", rule, "featureMap", featureMap);
        Require.storage(dtype);
        int most = Math.max(heads, Math.max(keyHeads, valueHeads));
        int states = Math.max(keyHeads, valueHeads);
        if (most % heads != 0 || most % keyHeads != 0 || most % valueHeads != 0 || states % keyHeads != 0 || states % valueHeads != 0) {
            throw new IllegalArgumentException("each number of heads must divide the larger ones, got heads = " + heads + ", keyHeads = " + keyHeads
                    + ", valueHeads = " + valueHeads);
        }
        if (sequences < 0 || sequences > 0 && batch != 1) {
            throw new IllegalArgumentException("a ragged batch must have batch = 1, its sequences one after the other, got batch = " + batch
                    + ", sequences = " + sequences);
        }
        boolean timeless = rule.gate() == Gate.NONE && rule.correction() == Correction.NONE && !rule.readsPrevious() && !rule.bonus() && !rule.inputGate();
        if (!causal && !(timeless && sequences == 0 && !weighted)) {
            throw new IllegalArgumentException("without causality there is no gate, correction, bonus, weight or ragged batch, got " + rule);
        }
        if (weighted && (!rule.gate().isOfKeys() || rule.correction() != Correction.NONE || rule.inputGate() || initialState || finalState || sequences > 0)) {
            throw new IllegalArgumentException("weights between tokens go with a gate of keys, and with no correction, state, input gate or ragged batch, got "
                    + rule);
        }
        Shape.of(batch, most, length, Math.max(keyDim, valueDim));
        Shape.of(Math.max(batch, sequences), states, keyDim, valueDim);
    }

    public static RecurrenceBuilder of(int batch, int heads, int length, int headDim) {
        return new RecurrenceBuilder(batch, heads, length, headDim);
    }

    @Override
    public String operator() {
        return "GLR";
    }

    public Gate gate() {
        return rule.gate();
    }

    /** Whether the result is divided by something, so that there is a normaliser z. */
    public boolean normalised() {
        return rule.norm() != Norm.NONE;
    }

    /** States of one batch or sequence. */
    public int stateHeads() {
        return Math.max(keyHeads, valueHeads);
    }

    public int outHeads() {
        return Math.max(heads, stateHeads());
    }

    /** States in all. */
    public int states() {
        return Math.max(batch, sequences) * stateHeads();
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        int all = stateHeads();
        inputs.put("q", Shape.of(batch, heads, length, keyDim));
        inputs.put("k", Shape.of(batch, keyHeads, length, keyDim));
        inputs.put("v", Shape.of(batch, valueHeads, length, valueDim));
        Shape ofKeys = Shape.of(batch, all, length, keyDim);
        Shape ofValues = Shape.of(batch, all, length, valueDim);
        Shape ofTokens = Shape.of(batch, all, length);
        switch (rule.gate()) {
            case NONE -> { }
            case HEAD_CONST -> inputs.put("gate", Shape.of(all));
            case KEY_CONST -> inputs.put("gate", Shape.of(all, keyDim));
            case HEAD_TOKEN -> inputs.put("gate", ofTokens);
            case KEY_TOKEN -> inputs.put("gate", ofKeys);
            case VALUE_TOKEN -> inputs.put("valueGate", ofValues);
            case KEY_VALUE -> {
                inputs.put("gate", ofKeys);
                inputs.put("valueGate", ofValues);
            }
            case SSM -> {
                inputs.put("delta", ofValues);
                inputs.put("rate", Shape.of(all, valueDim, keyDim));
            }
            case IMPLICIT -> inputs.put("epsilon", ofValues);
        }
        switch (rule.correction()) {
            case NONE -> { }
            case DELTA -> inputs.put("beta", ofTokens);
            case RANK_ONE, RANK_ONE_BY_VALUE -> {
                inputs.put("a", ofKeys);
                inputs.put("b", ofKeys);
            }
        }
        put(inputs, rule.correction() == Correction.RANK_ONE_BY_VALUE, "c", ofValues);
        put(inputs, rule.bonus(), "u", Shape.of(all, keyDim));
        put(inputs, rule.inputGate(), "logInput", ofTokens);
        put(inputs, weighted, "weights", weighted ? Shape.of(batch, outHeads(), length, length) : null);
        put(inputs, sequences > 0, "cuSeqlens", Shape.of(sequences + 1));
        if (initialState) {
            putState(inputs, "0");
        }
        return inputs;
    }

    private static void put(Map<String, Shape> shapes, boolean wanted, String name, Shape shape) {
        if (wanted) {
            shapes.put(name, shape);
        }
    }

    /** {@inheritDoc} Starts of sequences are I32, states, normalisers and constants of a head F32, all others of the spec's type. */
    @Override
    public DType type(String input) {
        return input.equals("cuSeqlens") ? DType.I32 : Set.of("s0", "z0", "m0", "rate", "u").contains(input) ? DType.F32 : dtype;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, outHeads(), length, valueDim));
        if (finalState) {
            putState(outputs, "");
        }
        return outputs;
    }

    private void putState(Map<String, Shape> shapes, String suffix) {
        int count = Math.max(batch, sequences);
        shapes.put("s" + suffix, Shape.of(count, stateHeads(), keyDim, valueDim));
        put(shapes, normalised(), "z" + suffix, Shape.of(count, stateHeads(), keyDim));
        put(shapes, rule.inputGate(), "m" + suffix, Shape.of(count, stateHeads()));
    }

    /** {@inheritDoc} One group of heads where they are shared alike, all of them else. */
    @Override
    public RecurrenceSpec miniature() {
        boolean same = heads == keyHeads && keyHeads == valueHeads;
        int few = same ? Math.min(heads, 2) : heads;
        return new RecurrenceSpec(1, few, same ? few : keyHeads, same ? few : valueHeads, Math.min(length, 150), keyDim, valueDim, scale, rule,
                featureMap, causal, weighted, Math.min(sequences, 3), initialState, finalState, dtype);
    }
}
