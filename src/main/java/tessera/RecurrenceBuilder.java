package tessera;

import tessera.RecurrenceSpec.FeatureMap;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.UpdateRule.Norm;

/** Collects the options of a {@link RecurrenceSpec}; made by {@link RecurrenceSpec#of}. */
public final class RecurrenceBuilder {
    private final int batch;
    private final int heads;
    private final int length;
    private final int keyDim;
    private int keyHeads;
    private int valueHeads;
    private int valueDim;
    private float scale = 1;
    private UpdateRule rule = UpdateRule.LINEAR;
    private FeatureMap featureMap = FeatureMap.IDENTITY;
    private boolean causal = true;
    private boolean weighted;
    private int sequences;
    private boolean initialState;
    private boolean finalState;
    private DType dtype = DType.F32;

    RecurrenceBuilder(int batch, int heads, int length, int headDim) {
        this.batch = batch;
        this.heads = heads;
        this.length = length;
        this.keyDim = headDim;
        this.keyHeads = heads;
        this.valueHeads = heads;
        this.valueDim = headDim;
    }

    /** Heads of keys and values, where they are fewer or more than those of queries. */
    public RecurrenceBuilder keyHeads(int keys, int values) {
        keyHeads = keys;
        valueHeads = values;
        return this;
    }

    public RecurrenceBuilder valueDim(int dim) {
        valueDim = dim;
        return this;
    }

    public RecurrenceBuilder scale(float factor) {
        scale = factor;
        return this;
    }

    public RecurrenceBuilder rule(UpdateRule change) {
        rule = change;
        return this;
    }

    public RecurrenceBuilder gate(Gate kind) {
        rule = new UpdateRule(kind, rule.correction(), rule.norm(), rule.readsPrevious(), rule.bonus(), rule.inputGate());
        return this;
    }

    public RecurrenceBuilder correction(Correction kind) {
        rule = new UpdateRule(rule.gate(), kind, rule.norm(), rule.readsPrevious(), rule.bonus(), rule.inputGate());
        return this;
    }

    /** The delta rule, with an input {@code beta}. */
    public RecurrenceBuilder delta() {
        return correction(Correction.DELTA);
    }

    public RecurrenceBuilder norm(Norm kind) {
        rule = new UpdateRule(rule.gate(), rule.correction(), kind, rule.readsPrevious(), rule.bonus(), rule.inputGate());
        return this;
    }

    /** Divide by the sum of the weights. */
    public RecurrenceBuilder normalised() {
        return norm(Norm.SUM);
    }

    /** A token reads the state before itself. */
    public RecurrenceBuilder readsPrevious() {
        rule = new UpdateRule(rule.gate(), rule.correction(), rule.norm(), true, rule.bonus(), rule.inputGate());
        return this;
    }

    /** The current token counts once more, weighted by an input {@code u}. */
    public RecurrenceBuilder bonus() {
        rule = new UpdateRule(rule.gate(), rule.correction(), rule.norm(), rule.readsPrevious(), true, rule.inputGate());
        return this;
    }

    /** Keys are scaled by the exponential of an input {@code logInput}. */
    public RecurrenceBuilder inputGate() {
        rule = new UpdateRule(rule.gate(), rule.correction(), rule.norm(), rule.readsPrevious(), rule.bonus(), true);
        return this;
    }

    public RecurrenceBuilder featureMap(FeatureMap map) {
        featureMap = map;
        return this;
    }

    /** Every token reads all tokens. */
    public RecurrenceBuilder bidirectional() {
        causal = false;
        return this;
    }

    /** What a token reads of another is weighted by an input {@code weights}. */
    public RecurrenceBuilder weighted() {
        weighted = true;
        return this;
    }

    /** Batch 1 holds so many sequences, one after the other; the input {@code cuSeqlens} says where they begin. */
    public RecurrenceBuilder ragged(int count) {
        sequences = count;
        return this;
    }

    public RecurrenceBuilder initialState() {
        initialState = true;
        return this;
    }

    public RecurrenceBuilder finalState() {
        finalState = true;
        return this;
    }

    public RecurrenceBuilder dtype(DType type) {
        dtype = type;
        return this;
    }

    /** @throws IllegalArgumentException naming the argument that does not fit */
    public RecurrenceSpec build() {
        return new RecurrenceSpec(batch, heads, keyHeads, valueHeads, length, keyDim, valueDim, scale, rule, featureMap, causal, weighted,
                sequences, initialState, finalState, dtype);
    }
}
