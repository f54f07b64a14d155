package tessera.io.onnx;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.DType;
import tessera.ScoreStage;
import tessera.Scores;
import tessera.Shape;
import tessera.Tensor;
import tessera.TensorLayout;
import tessera.io.onnx.OnnxModel.Node;
import tessera.masks.Mask;

/**
 * Attention (opsets 23 to 25) and FlexAttention (preview) as ATTN: packed tensors as BLHD, head-first ones as BHLD, grouped heads,
 * scale, soft cap, masks, windows, padded keys, past and present keys and values, stored scores. Query i stands at position i plus
 * the number of past keys, in every opset; the standard's caches are head-first, so beside packed tensors they change their order.
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
                "qk_matmul_output_mode", "left_window_size", "right_window_size"));
        Mapping.requireAtMost(node, NONPAD_KV_SEQLEN + 1);
        Arguments arguments = new Arguments(node, Map.of(), Map.of());
        Mapping.refuseIf(arguments.hasInput(PAST_KEY) != arguments.hasInput(PAST_VALUE), "one of past_key and past_value without the other");
        Mapping.refuseIf(arguments.hasInput(NONPAD_KV_SEQLEN) && arguments.hasInput(PAST_KEY), "nonpad_kv_seqlen together with past_key");
        Mapping.refuseIf(node.integer("softmax_precision", 1) == FLOAT64, "a softmax in float64");
        return new AttentionMapping();
    }

    static Mapping ofFlexible(Node node) throws Unsupported {
        Mapping.requireOnly(node, Set.of("scale", "softmax_precision", "score_mod", "prob_mod"));
        Mapping.requireAtMost(node, V + 1);
        Mapping.refuseIf(node.integer("softmax_precision", 1) == FLOAT64, "a softmax in float64");
        return new AttentionMapping();
    }

    @Override
    public OnnxProblem.Known map(Arguments arguments) throws Unsupported {
        Node node = arguments.node();
        TensorLayout layout = arguments.input(Q).rank() == 3 ? TensorLayout.BLHD : TensorLayout.BHLD;
        int heads = layout == TensorLayout.BLHD ? 2 : 1;
        int tokens = 3 - heads;
        Tensor q = arguments.laidOut(layout, arguments.input(Q), "q_num_heads");
        Tensor k = arguments.laidOut(layout, arguments.input(K), "kv_num_heads");
        Tensor v = arguments.laidOut(layout, arguments.input(V), "kv_num_heads");
        DType storage = k.dtype() == q.dtype() && v.dtype() == q.dtype() ? q.dtype() : DType.F32;
        int past = pastTokens(arguments);
        int keys = past + k.shape().dim(tokens);
        AttentionBuilder spec = AttentionSpec.of(q.shape().dim(0), q.shape().dim(heads), q.shape().dim(tokens), q.shape().dim(3))
                .kvHeads(k.shape().dim(heads)).keys(keys).past(past).valueDim(v.shape().dim(3)).dtype(storage).layout(layout)
                .softcap(node.real("softcap", 0));
        if (node.attributes().containsKey("scale")) {
            spec.scale(node.real("scale", 0));
        }
        Map<String, Tensor> inputs = new LinkedHashMap<>(Map.of("q", q, "k", k, "v", v));
        boolean padded = arguments.hasInput(NONPAD_KV_SEQLEN);
        if (padded) {
            spec.keyLengths();
            inputs.put("keyLengths", lengths(arguments.input(NONPAD_KV_SEQLEN), keys));
        }
        if (arguments.hasInput(ATTN_MASK)) {
            mask(arguments.input(ATTN_MASK), keys, spec, inputs);
        }
        window(node, past, padded || past == keys - q.shape().dim(tokens), spec);
        ScoreGraph.modify(node, spec, inputs);
        Map<String, Tensor> made = Map.of();
        if (past > 0) {
            inputs.put("pastK", arguments.laidOut(layout, arguments.input(PAST_KEY), "kv_num_heads"));
            inputs.put("pastV", arguments.laidOut(layout, arguments.input(PAST_VALUE), "kv_num_heads"));
        } else {
            made = Map.of("presentK", k, "presentV", v);
        }
        if (arguments.hasOutput(QK_MATMUL_OUTPUT)) {
            spec.scores(stage(node));
        }
        return new OnnxProblem.Known(spec.build(), inputs, made, expected(arguments, layout));
    }

    private static Map<String, Tensor> expected(Arguments arguments, TensorLayout layout) throws Unsupported {
        Map<String, Tensor> expected = new LinkedHashMap<>();
        expected.put("out", arguments.laidOut(layout, arguments.output(Y), "q_num_heads"));
        if (arguments.hasOutput(PRESENT_KEY)) {
            expected.put("presentK", arguments.laidOut(layout, arguments.output(PRESENT_KEY), "kv_num_heads"));
        }
        if (arguments.hasOutput(PRESENT_VALUE)) {
            expected.put("presentV", arguments.laidOut(layout, arguments.output(PRESENT_VALUE), "kv_num_heads"));
        }
        if (arguments.hasOutput(QK_MATMUL_OUTPUT)) {
            expected.put("scores", hidden(Arguments.real(arguments.output(QK_MATMUL_OUTPUT))));
        }
        return expected;
    }

    /** A past of no tokens, as before the first step of decoding, is none. */
    private static int pastTokens(Arguments arguments) throws Unsupported {
        if (!arguments.hasInput(PAST_KEY) || arguments.input(PAST_KEY).dims().contains(0) && arguments.input(PAST_VALUE).dims().contains(0)) {
            return 0;
        }
        OnnxTensor past = arguments.input(PAST_KEY);
        if (past.rank() != 4) {
            throw new Unsupported("past_key has the shape " + past.dims() + ", not four dimensions");
        }
        return past.dim(2);
    }

    /**
     * The keys around a query's position; a causal query sees none after it.
     *
     * @param last whether the last query stands at the last key that is no padding
     */
    private static void window(Node node, int past, boolean last, AttentionBuilder spec) throws Unsupported {
        int left = bound(node, "left_window_size");
        int right = bound(node, "right_window_size");
        Mask window = Mask.window(left, node.integer("is_causal", 0) == 0 ? right : 0);
        if (window.equals(Mask.window(-1, -1))) {
            return;
        }
        spec.alignment(last ? CausalAlignment.BOTTOM_RIGHT : CausalAlignment.TOP_LEFT)
                .mask(last || past == 0 ? window : (map, query, _, key) -> window.allows(map, query, query + past, key));
    }

    private static int bound(Node node, String attribute) throws Unsupported {
        long bound = node.integer(attribute, -1);
        if (bound < -1) {
            throw new Unsupported(attribute + " = " + bound + " is neither -1 nor a number of keys");
        }
        return (int) Math.min(bound, Integer.MAX_VALUE);
    }

    private static ScoreStage stage(Node node) throws Unsupported {
        long mode = node.integer("qk_matmul_output_mode", 0);
        if (mode < 0 || mode >= ScoreStage.values().length) {
            throw new Unsupported("qk_matmul_output_mode = " + mode + " is none of the modes 0 to 3");
        }
        return ScoreStage.values()[(int) mode];
    }

    /** Scores in which a hidden key has minus infinity, where some software writes the lowest number. */
    private static Tensor hidden(Tensor scores) {
        for (int n = 0; n < scores.shape().elements(); n++) {
            scores.set(n, scores.get(n) <= Scores.EXCLUDED ? Float.NEGATIVE_INFINITY : scores.get(n));
        }
        return scores;
    }

    private static Tensor lengths(OnnxTensor given, int keys) throws Unsupported {
        for (double length : given.values()) {
            if (length < 0 || length > keys) {
                throw new Unsupported("nonpad_kv_seqlen says " + (long) length + " of " + keys + " keys");
            }
        }
        return given.tensor(DType.I32);
    }

    /** Truth values allow a key, numbers are added to the scores; keys beyond those that it covers are excluded. */
    private static void mask(OnnxTensor given, int keys, AttentionBuilder spec, Map<String, Tensor> inputs) throws Unsupported {
        boolean truth = given.type() == OnnxTensor.Type.BOOL;
        Tensor mask = truth ? given.tensor(DType.I8) : Arguments.real(given).to(DType.F32);
        Shape shape = mask.shape();
        if (shape.rank() < 1 || shape.rank() > 4 || shape.dim(-1) > keys) {
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
}
