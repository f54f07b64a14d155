package tessera.io.onnx;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.io.onnx.OnnxModel.Graph;
import tessera.io.onnx.OnnxModel.Node;
import tessera.masks.Mask;

/**
 * Attention (opsets 23 and 24) and FlexAttention (preview) as ATTN: packed or head-first tensors, grouped heads, scale, soft
 * cap, masks, padded keys, past and present keys and values. A causal query i sees the keys up to i plus the number of past
 * keys, in every opset.
 */
final class AttentionMapping implements Mapping {
    private static final int Q = 0;
    private static final int K = 1;
    private static final int V = 2;
    private static final int ATTN_MASK = 3;
    private static final int PAST_KEY = 4;
    private static final int PAST_VALUE = 5;
    private static final int NONPAD_KV_SEQLEN = 6;

    private static final int Y = 0;
    private static final int PRESENT_KEY = 1;
    private static final int PRESENT_VALUE = 2;
    private static final int QK_MATMUL_OUTPUT = 3;

    /** TensorProto's number of float64, in {@code softmax_precision}; any other float type is at most float32. */
    private static final long FLOAT64 = 11;

    private AttentionMapping() {
    }

    static Mapping of(Node node) throws Unsupported {
        Mapping.requireOnly(node, Set.of("scale", "is_causal", "q_num_heads", "kv_num_heads", "softcap", "softmax_precision",
                "qk_matmul_output_mode"));
        Mapping.requireAtMost(node, NONPAD_KV_SEQLEN + 1);
        Arguments arguments = new Arguments(node, Map.of(), Map.of());
        refuseIf(arguments.hasInput(NONPAD_KV_SEQLEN) && arguments.hasInput(PAST_KEY), "nonpad_kv_seqlen together with past_key");
        refuseIf(arguments.hasOutput(QK_MATMUL_OUTPUT), "the output qk_matmul_output");
        refuseIf(node.integer("softmax_precision", 1) == FLOAT64, "a softmax in float64");
        return new AttentionMapping();
    }

    static Mapping ofFlexible(Node node) throws Unsupported {
        Mapping.requireOnly(node, Set.of("scale", "softmax_precision", "score_mod", "prob_mod"));
        Mapping.requireAtMost(node, V + 1);
        refuseIf(node.integer("softmax_precision", 1) == FLOAT64, "a softmax in float64");
        return new AttentionMapping();
    }

    private static void refuseIf(boolean asked, String what) throws Unsupported {
        if (asked) {
            throw new Unsupported(what + " is not implemented");
        }
    }

    @Override
    public OnnxProblem.Known map(Arguments arguments) throws Unsupported {
        Node node = arguments.node();
        long heads = node.integer("q_num_heads", 0);
        long kvHeads = node.integer("kv_num_heads", 0);
        Tensor q = Arguments.headFirst(arguments.input(Q), heads, "q_num_heads");
        Tensor k = Arguments.headFirst(arguments.input(K), kvHeads, "kv_num_heads");
        Tensor v = Arguments.headFirst(arguments.input(V), kvHeads, "kv_num_heads");
        int past = 0;
        if (hasPast(arguments)) {
            Tensor pastKey = Arguments.headFirst(arguments.input(PAST_KEY), kvHeads, "kv_num_heads");
            Tensor pastValue = Arguments.headFirst(arguments.input(PAST_VALUE), kvHeads, "kv_num_heads");
            past = pastKey.shape().dim(2);
            k = joined(pastKey, k);
            v = joined(pastValue, v);
        }
        AttentionBuilder spec = AttentionSpec.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2), q.shape().dim(3))
                .kvHeads(k.shape().dim(1)).keys(k.shape().dim(2)).valueDim(v.shape().dim(3)).dtype(q.dtype())
                .softcap(node.real("softcap", 0));
        if (node.attributes().containsKey("scale")) {
            spec.scale(node.real("scale", 0));
        }
        Map<String, Tensor> inputs = new LinkedHashMap<>(Map.of("q", q, "k", k, "v", v));
        boolean padded = arguments.hasInput(NONPAD_KV_SEQLEN);
        if (padded) {
            spec.keyLengths();
            inputs.put("keyLengths", arguments.input(NONPAD_KV_SEQLEN).tensor(DType.I32));
        }
        if (arguments.hasInput(ATTN_MASK)) {
            mask(arguments.input(ATTN_MASK), k.shape().dim(2), spec, inputs);
        }
        if (node.integer("is_causal", 0) != 0) {
            causal(spec, past, padded);
        }
        modify(node, spec, inputs);
        Map<String, Tensor> made = new LinkedHashMap<>();
        Map<String, Tensor> expected = new LinkedHashMap<>();
        expected.put("out", Arguments.headFirst(arguments.output(Y), heads, "q_num_heads"));
        if (arguments.hasOutput(PRESENT_KEY)) {
            made.put("present_key", k);
            expected.put("present_key", Arguments.headFirst(arguments.output(PRESENT_KEY), kvHeads, "kv_num_heads"));
        }
        if (arguments.hasOutput(PRESENT_VALUE)) {
            made.put("present_value", v);
            expected.put("present_value", Arguments.headFirst(arguments.output(PRESENT_VALUE), kvHeads, "kv_num_heads"));
        }
        return new OnnxProblem.Known(spec.build(), inputs, made, expected);
    }

    /** A past of no tokens, as before the first step of decoding, is none. */
    private static boolean hasPast(Arguments arguments) throws Unsupported {
        return arguments.hasInput(PAST_KEY)
                && !(arguments.input(PAST_KEY).dims().contains(0) && arguments.input(PAST_VALUE).dims().contains(0));
    }

    /** A query's own position is {@code past} keys from its row; with padded keys, the last query sees the last key that is none. */
    private static void causal(AttentionBuilder spec, int past, boolean padded) {
        if (padded) {
            spec.causal(CausalAlignment.BOTTOM_RIGHT);
        } else if (past == 0) {
            spec.causal(CausalAlignment.TOP_LEFT);
        } else {
            spec.mask(Mask.window(-1, past)).alignment(CausalAlignment.TOP_LEFT);
        }
    }

    /** The subgraphs of FlexAttention; probabilities times a number are the values times that number. */
    private static void modify(Node node, AttentionBuilder spec, Map<String, Tensor> inputs) throws Unsupported {
        AttentionSpec plain = spec.build();
        Shape shape = Shape.of(plain.batch(), plain.heads(), plain.queries(), plain.keys());
        if (node.attributes().get("score_mod") instanceof Graph graph) {
            ScoreGraph scores = ScoreGraph.of(graph, shape);
            spec.scale((float) (plain.scale() * scores.factor() * (scores.bound() == 0 ? 1 : scores.bound()))).softcap((float) scores.bound());
            if (scores.bias() != null) {
                refuseIf(scores.bias().dims().length > 4, "a subgraph score_mod with a bias of more than four dimensions");
                Shape bias = Shape.of(scores.bias().dims()).padded(4);
                spec.bias(bias.dims());
                inputs.put("bias", scores.bias().tensor().reshape(bias.dims()));
            }
        }
        if (node.attributes().get("prob_mod") instanceof Graph graph) {
            ScoreGraph probabilities = ScoreGraph.of(graph, shape);
            refuseIf(probabilities.bound() != 0 || probabilities.bias() != null, "a subgraph prob_mod that does more than multiply by a number");
            Tensor v = inputs.get("v");
            for (int n = 0; n < v.shape().elements(); n++) {
                v.set(n, (float) (v.get(n) * probabilities.factor()));
            }
        }
    }

    /** Truth values allow a key, numbers are added to the scores; keys beyond those that it covers are excluded. */
    private static void mask(OnnxTensor given, int keys, AttentionBuilder spec, Map<String, Tensor> inputs) throws Unsupported {
        boolean truth = given.type() == OnnxTensor.Type.BOOL;
        Tensor mask = truth ? given.tensor(DType.I8) : Arguments.real(given).to(DType.F32);
        Shape shape = mask.shape();
        if (shape.rank() < 2 || shape.rank() > 4 || shape.dim(-1) > keys) {
            throw new Unsupported("attn_mask has the shape " + shape + ", which does not go with " + keys + " keys");
        }
        int[] dims = shape.padded(4).dims();
        int width = dims[3];
        dims[3] = keys;
        Tensor full = Tensor.zeros(mask.dtype(), Shape.of(dims)).fill(truth ? 0 : Float.NEGATIVE_INFINITY);
        for (int n = 0; n < shape.elements(); n++) {
            full.set(n / width * keys + n % width, mask.get(n));
        }
        if (truth) {
            spec.maskTensor(dims);
        } else {
            spec.bias(dims);
        }
        inputs.put(truth ? "mask" : "bias", full);
    }

    /** The tokens of two tensors [batch, heads, tokens, dim], one after the other. */
    private static Tensor joined(Tensor first, Tensor second) throws Unsupported {
        Shape a = first.shape();
        Shape b = second.shape();
        if (a.dim(0) != b.dim(0) || a.dim(1) != b.dim(1) || a.dim(3) != b.dim(3)) {
            throw new Unsupported("past tokens of shape " + a + " do not go with new ones of shape " + b);
        }
        Tensor result = Tensor.zeros(first.dtype(), Shape.of(a.dim(0), a.dim(1), a.dim(2) + b.dim(2), a.dim(3)));
        int before = a.dim(2) * a.dim(3);
        int after = b.dim(2) * b.dim(3);
        for (int head = 0; head < a.dim(0) * a.dim(1); head++) {
            for (int n = 0; n < before + after; n++) {
                float value = n < before ? first.get(head * before + n) : second.get(head * after + n - before);
                result.set(head * (before + after) + n, value);
            }
        }
        return result;
    }
}
