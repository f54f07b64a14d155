package tessera.io.onnx;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tessera.ConvolutionSpec;
import tessera.ConvolutionSpec.Padding;
import tessera.Tensor;
import tessera.io.onnx.OnnxModel.Node;

/** CausalConvWithState as CONV. */
final class ConvolutionMapping implements Mapping {
    private static final int X = 0;
    private static final int WEIGHT = 1;
    private static final int BIAS = 2;
    private static final int PAST = 3;
    private static final int OUT = 0;
    private static final int PRESENT = 1;

    private final boolean silu;

    private ConvolutionMapping(boolean silu) {
        this.silu = silu;
    }

    static Mapping of(Node node) throws Unsupported {
        Mapping.requireOnly(node, Set.of("activation"));
        Mapping.requireAtMost(node, PAST + 1);
        String activation = node.text("activation", "none");
        if (!Set.of("none", "silu", "swish").contains(activation)) {
            throw new Unsupported("activation = " + activation + " is not implemented; none, silu and swish are");
        }
        return new ConvolutionMapping(!activation.equals("none"));
    }

    @Override
    public OnnxProblem.Known map(Arguments arguments) throws Unsupported {
        OnnxTensor x = arguments.input(X);
        OnnxTensor weight = arguments.input(WEIGHT);
        if (x.rank() != 3 || weight.rank() != 3 || weight.dim(1) != 1) {
            throw new Unsupported("an input of shape " + x.dims() + " with a weight of shape " + weight.dims()
                    + " is not [batch, channels, length] with [channels, 1, width]");
        }
        int width = weight.dim(2);
        boolean state = width > 1;
        Tensor tokens = Arguments.real(x);
        ConvolutionSpec spec = new ConvolutionSpec(x.dim(0), x.dim(1), x.dim(2), width, Padding.CAUSAL, arguments.hasInput(BIAS), silu,
                state && arguments.hasInput(PAST), state && arguments.hasOutput(PRESENT), tokens.dtype());
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        inputs.put("x", tokens);
        inputs.put("weight", Arguments.real(weight).reshape(weight.dim(0), width));
        if (spec.bias()) {
            inputs.put("bias", Arguments.real(arguments.input(BIAS)));
        }
        if (spec.past()) {
            inputs.put("past", Arguments.real(arguments.input(PAST)));
        }
        Map<String, Tensor> expected = new LinkedHashMap<>();
        expected.put("out", Arguments.real(arguments.output(OUT)));
        if (spec.present()) {
            expected.put("present", Arguments.real(arguments.output(PRESENT)));
        } else if (arguments.hasOutput(PRESENT) && !arguments.output(PRESENT).dims().equals(List.of(x.dim(0), x.dim(1), 0))) {
            throw new Unsupported("a present of shape " + arguments.output(PRESENT).dims() + " does not go with a width of 1");
        }
        return new OnnxProblem.Known(spec, inputs, Map.of(), expected);
    }
}
