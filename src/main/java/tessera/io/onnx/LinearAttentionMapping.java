package tessera.io.onnx;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.TensorLayout;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.io.onnx.OnnxModel.Node;

/**
 * LinearAttention (opset 27) as GLR: the update rules linear, gated, delta and gated_delta, with a past and a present state. The
 * decay is a logarithm, one for each key/value head or for each of its channels.
 */
final class LinearAttentionMapping implements Mapping {
    private static final int QUERY = 0;
    private static final int KEY = 1;
    private static final int VALUE = 2;
    private static final int PAST_STATE = 3;
    private static final int DECAY = 4;
    private static final int BETA = 5;

    private static final int OUTPUT = 0;
    private static final int PRESENT_STATE = 1;

    private final boolean gated;
    private final boolean delta;

    private LinearAttentionMapping(boolean gated, boolean delta) {
        this.gated = gated;
        this.delta = delta;
    }

    static Mapping of(Node node) throws Unsupported {
        Mapping.requireOnly(node, Set.of("q_num_heads", "kv_num_heads", "scale", "update_rule", "chunk_size"));
        Mapping.requireAtMost(node, BETA + 1);
        String rule = node.text("update_rule", "gated_delta");
        return switch (rule) {
            case "linear" -> new LinearAttentionMapping(false, false);
            case "gated" -> new LinearAttentionMapping(true, false);
            case "delta" -> new LinearAttentionMapping(false, true);
            case "gated_delta" -> new LinearAttentionMapping(true, true);
            default -> throw new Unsupported("the update rule '" + rule + "' is not implemented");
        };
    }

    @Override
    public OnnxProblem.Known map(Arguments arguments) throws Unsupported {
        Node node = arguments.node();
        Tensor q = arguments.laidOut(TensorLayout.BHLD, arguments.input(QUERY), "q_num_heads");
        Tensor k = arguments.laidOut(TensorLayout.BHLD, arguments.input(KEY), "kv_num_heads");
        Tensor v = arguments.laidOut(TensorLayout.BHLD, arguments.input(VALUE), "kv_num_heads");
        int keyDim = q.shape().dim(3);
        int kvHeads = k.shape().dim(1);
        float scale = node.real("scale", 0);
        RecurrenceBuilder spec = RecurrenceSpec.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2), keyDim).keyHeads(kvHeads, kvHeads)
                .valueDim(v.shape().dim(3)).scale(scale == 0 ? (float) (1 / Math.sqrt(keyDim)) : scale).dtype(q.dtype()).finalState();
        Map<String, Tensor> inputs = new LinkedHashMap<>(Map.of("q", q, "k", k, "v", v));
        if (gated) {
            Tensor decay = arguments.laidOut(TensorLayout.BHLD, arguments.input(DECAY), "kv_num_heads");
            spec.gate(decay.shape().dim(3) == 1 ? Gate.HEAD_TOKEN : Gate.KEY_TOKEN);
            inputs.put("gate", decay.shape().dim(3) == 1 ? perHead(decay) : decay);
        }
        if (delta) {
            spec.correction(Correction.DELTA);
            inputs.put("beta", beta(arguments, kvHeads));
        }
        if (arguments.hasInput(PAST_STATE)) {
            spec.initialState();
            inputs.put("s0", Arguments.real(arguments.input(PAST_STATE)));
        }
        Map<String, Tensor> expected = new LinkedHashMap<>();
        expected.put("out", arguments.laidOut(TensorLayout.BHLD, arguments.output(OUTPUT), "q_num_heads"));
        expected.put("s", Arguments.real(arguments.output(PRESENT_STATE)));
        return new OnnxProblem.Known(spec.build(), inputs, Map.of(), expected);
    }

    private static Tensor perHead(Tensor ofChannels) {
        Shape shape = ofChannels.shape();
        return ofChannels.reshape(shape.dim(0), shape.dim(1), shape.dim(2));
    }

    /** One for each head, or one for all of them. */
    private static Tensor beta(Arguments arguments, int kvHeads) throws Unsupported {
        OnnxTensor given = arguments.input(BETA);
        if (given.rank() != 3 || given.dim(2) != 1) {
            return perHead(arguments.laidOut(TensorLayout.BHLD, given, "kv_num_heads"));
        }
        Tensor shared = Arguments.real(given);
        Tensor beta = Tensor.zeros(shared.dtype(), Shape.of(given.dim(0), kvHeads, given.dim(1)));
        for (int n = 0; n < beta.shape().elements(); n++) {
            beta.set(n, shared.get(n / given.dim(1) / kvHeads * given.dim(1) + n % given.dim(1)));
        }
        return beta;
    }
}
