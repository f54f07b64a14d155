package tessera.operators;

import tessera.AttentionSpec;
import tessera.CodedAttentionSpec;
import tessera.ConvolutionSpec;
import tessera.EpilogueSpec;
import tessera.FastWeightSpec;
import tessera.FeatureSpec;
import tessera.MergeSpec;
import tessera.PermuteSpec;
import tessera.PoolSpec;
import tessera.ProjectionSpec;
import tessera.QuantSpec;
import tessera.QuantisedAttentionSpec;
import tessera.RecurrenceSpec;
import tessera.RotarySpec;
import tessera.SelectSpec;
import tessera.Spec;

/** The operator of a spec; one that nobody asks for is not loaded, with its kernels. */
public final class Operators {
    private Operators() {
    }

    @SuppressWarnings("unchecked")
    public static <S extends Spec> Operator<S> of(S spec) {
        return (Operator<S>) switch ((Spec) spec) {
            case AttentionSpec _ -> new AttentionOperator();
            case CodedAttentionSpec _ -> new CodedAttentionOperator();
            case ConvolutionSpec _ -> new ConvolutionOperator();
            case EpilogueSpec _ -> new EpilogueOperator();
            case FeatureSpec _ -> new FeatureOperator();
            case FastWeightSpec _ -> new FastWeightOperator();
            case MergeSpec _ -> new MergeOperator();
            case PermuteSpec _ -> new PermuteOperator();
            case PoolSpec _ -> new PoolOperator();
            case ProjectionSpec _ -> new ProjectionOperator();
            case QuantSpec _ -> new QuantOperator();
            case QuantisedAttentionSpec _ -> new QuantisedAttentionOperator();
            case RecurrenceSpec _ -> new RecurrenceOperator();
            case RotarySpec _ -> new RotaryOperator();
            case SelectSpec _ -> new SelectOperator();
        };
    }
}
