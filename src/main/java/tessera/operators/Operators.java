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

/** The operator of a spec. */
public final class Operators {
    private static final AttentionOperator ATTENTION = new AttentionOperator();
    private static final CodedAttentionOperator CODED_ATTENTION = new CodedAttentionOperator();
    private static final ConvolutionOperator CONVOLUTION = new ConvolutionOperator();
    private static final EpilogueOperator EPILOGUE = new EpilogueOperator();
    private static final FeatureOperator FEATURES = new FeatureOperator();
    private static final FastWeightOperator FAST_WEIGHT = new FastWeightOperator();
    private static final MergeOperator MERGE = new MergeOperator();
    private static final PermuteOperator PERMUTATION = new PermuteOperator();
    private static final PoolOperator POOLING = new PoolOperator();
    private static final ProjectionOperator PROJECTION = new ProjectionOperator();
    private static final QuantOperator QUANTISATION = new QuantOperator();
    private static final QuantisedAttentionOperator QUANTISED_ATTENTION = new QuantisedAttentionOperator();
    private static final RecurrenceOperator RECURRENCE = new RecurrenceOperator();
    private static final RotaryOperator ROTARY = new RotaryOperator();
    private static final SelectOperator SELECT = new SelectOperator();

    private Operators() {
    }

    @SuppressWarnings("unchecked")
    public static <S extends Spec> Operator<S> of(S spec) {
        return (Operator<S>) switch ((Spec) spec) {
            case AttentionSpec _ -> ATTENTION;
            case CodedAttentionSpec _ -> CODED_ATTENTION;
            case ConvolutionSpec _ -> CONVOLUTION;
            case EpilogueSpec _ -> EPILOGUE;
            case FeatureSpec _ -> FEATURES;
            case FastWeightSpec _ -> FAST_WEIGHT;
            case MergeSpec _ -> MERGE;
            case PermuteSpec _ -> PERMUTATION;
            case PoolSpec _ -> POOLING;
            case ProjectionSpec _ -> PROJECTION;
            case QuantSpec _ -> QUANTISATION;
            case QuantisedAttentionSpec _ -> QUANTISED_ATTENTION;
            case RecurrenceSpec _ -> RECURRENCE;
            case RotarySpec _ -> ROTARY;
            case SelectSpec _ -> SELECT;
        };
    }
}
