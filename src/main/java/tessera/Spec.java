package tessera;

import java.util.Map;

/**
 * What to compute: an operator with its shapes and options, and nothing about how. Specs are values: two equal specs
 * always get the same plan on the same device.
 */
public sealed interface Spec permits AttentionSpec, CodedAttentionSpec, ConvolutionSpec, EpilogueSpec, FastWeightSpec, FeatureSpec, MergeSpec, PermuteSpec, PoolSpec,
        ProjectionSpec, QuantSpec, QuantisedAttentionSpec, RecurrenceSpec, RotarySpec, SelectSpec {

    /** The operator's name: ATTN, MERGE, GLR, FWM, ROPE, FMAP, CONV, PROJ, EPI, PERM, POOL, QUANT or SELECT. */
    String operator();

    /** Input names and shapes, in the order in which {@link Prepared#run} takes them. */
    Map<String, Shape> inputs();

    /** Output names and shapes, in the order in which {@link Prepared#run} takes them, after the inputs. */
    Map<String, Shape> outputs();

    /** Storage type of inputs and outputs; arithmetic is float32. */
    DType dtype();

    /** Storage type of one input, where it is not that of the others. */
    default DType type(String input) {
        return dtype();
    }

    /** Type of one output where the caller does not give it: that of the spec for {@code out}, F32 for what goes with it. */
    default DType outputType(String output) {
        return output.equals("out") ? dtype() : DType.F32;
    }

    /** Type of one output as kernels write it: F32 for every type of real numbers. */
    default DType computedType(String output) {
        return outputType(output).isFloat() ? DType.F32 : outputType(output);
    }

    /** A small problem of the same kind, on which a plan's first use is checked. */
    Spec miniature();
}
