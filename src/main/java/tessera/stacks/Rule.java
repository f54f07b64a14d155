package tessera.stacks;

import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;

/** How the recurrences of stacks change their state. */
public enum Rule {
    /** One constant decay for each head: Lightning Attention (arXiv:2401.04658), RetNet. */
    LIGHTNING(Gate.HEAD_CONST),
    /** One decay for each token and head: gated retention (arXiv:2405.05254). */
    RETENTION(Gate.HEAD_TOKEN),
    /** One decay for each token and key channel: GLA (arXiv:2312.06635). */
    GLA(Gate.KEY_TOKEN),
    /** The gated delta rule (arXiv:2412.06464). */
    DELTA(Gate.HEAD_TOKEN),
    /** RWKV-5, Eagle (arXiv:2404.05892). */
    RWKV5(Gate.KEY_CONST),
    /** RWKV-6, Finch (arXiv:2404.05892). */
    RWKV6(Gate.KEY_TOKEN),
    /** RWKV-7, Goose (arXiv:2503.14456). */
    RWKV7(Gate.KEY_TOKEN),
    /** Mamba (arXiv:2312.00752): twice as many channels as the heads have; all share one key and query. */
    MAMBA(Gate.SSM),
    /** Mamba-2 (arXiv:2405.21060): twice as many value heads; the key/value heads' number of keys and queries. */
    MAMBA2(Gate.HEAD_TOKEN);

    /** Channels of a state space layer over those of the model. */
    static final int EXPANSION = 2;

    private final Gate gate;

    Rule(Gate gate) {
        this.gate = gate;
    }

    /** Whether it is a state space model, whose state has a size of its own. */
    public boolean isStateSpace() {
        return this == MAMBA || this == MAMBA2;
    }

    RecurrenceBuilder spec(StackShape shape, int length, int state) {
        int heads = shape.heads();
        RecurrenceBuilder builder = switch (this) {
            case MAMBA -> RecurrenceSpec.of(shape.batch(), 1, length, state).keyHeads(1, EXPANSION * heads).valueDim(shape.headDim());
            case MAMBA2 -> RecurrenceSpec.of(shape.batch(), shape.kvHeads(), length, state).keyHeads(shape.kvHeads(), EXPANSION * heads)
                    .valueDim(shape.headDim());
            default -> RecurrenceSpec.of(shape.batch(), heads, length, shape.headDim());
        };
        builder.gate(gate).dtype(shape.dtype());
        return switch (this) {
            case DELTA -> builder.delta();
            case RWKV5, RWKV6 -> builder.readsPrevious().bonus();
            case RWKV7 -> builder.correction(Correction.RANK_ONE).bonus();
            default -> builder;
        };
    }
}
