package tessera.operators;

import tessera.AttentionSpec;
import tessera.FastWeightSpec;
import tessera.MergeSpec;
import tessera.RecurrenceSpec;
import tessera.RotarySpec;
import tessera.Spec;

/** The operator of a spec. */
public final class Operators {
    private static final AttentionOperator ATTENTION = new AttentionOperator();
    private static final FastWeightOperator FAST_WEIGHT = new FastWeightOperator();
    private static final MergeOperator MERGE = new MergeOperator();
    private static final RecurrenceOperator RECURRENCE = new RecurrenceOperator();
    private static final RotaryOperator ROTARY = new RotaryOperator();

    private Operators() {
    }

    @SuppressWarnings("unchecked")
    public static <S extends Spec> Operator<S> of(S spec) {
        return (Operator<S>) switch ((Spec) spec) {
            case AttentionSpec _ -> ATTENTION;
            case FastWeightSpec _ -> FAST_WEIGHT;
            case MergeSpec _ -> MERGE;
            case RecurrenceSpec _ -> RECURRENCE;
            case RotarySpec _ -> ROTARY;
        };
    }
}
