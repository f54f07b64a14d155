package tessera.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.io.ReferenceFile.Raw;
import tessera.io.ReferenceFile.Unsupported;

/** Linear attention as reference files describe it, by the name of the function of flash-linear-attention that computed it. */
final class RecurrenceCases {

    private static final Set<String> ATTRIBUTES = Set.of("layout", "layout2", "note", "ref", "sig", "scale", "output_final_state", "normalize");

    /** Why functions are not ours, by a part of their names. */
    private static final Map<String, String> NOT_OURS = Map.ofEntries(
            Map.entry("delta", "the delta rule is not implemented"), Map.entry("kda", "the delta rule is not implemented"),
            Map.entry("comba", "the delta rule is not implemented"),
            Map.entry("based", "feature maps of second order are not implemented"),
            Map.entry("rwkv", "the bonus of the current token is not implemented"),
            Map.entry("path_attn", "householder products between the tokens of a softmax attention are not implemented"),
            Map.entry("forgetting_attn", "a forget gate on softmax scores is not implemented"),
            Map.entry("log_linear", "states of several levels are not implemented"),
            Map.entry("hgrn", "an elementwise recurrence without queries and keys is not implemented"),
            Map.entry("abc", "attention over a bounded memory of slots is not implemented"),
            Map.entry("gsa", "attention over a bounded memory of slots is not implemented"));

    /** What a reference function computes: its gate, the tensor that holds it, and whether heads come before tokens. */
    private record Function(Gate gate, String gateName, boolean headFirst) {
    }

    private RecurrenceCases() {
    }

    static ReferenceCase.Known read(Raw raw) throws Unsupported {
        JsonNode attributes = raw.attributes();
        Function function = function(attributes.path("ref").asText());
        check(raw, function);
        boolean headFirst = function.headFirst() || Set.of("BHTD", "BHLD").contains(attributes.path("layout").asText())
                || List.of(attributes.path("note").asText(), attributes.path("layout2").asText()).contains("BHTD");
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (String name : new String[] {"q", "k", "v"}) {
            Tensor tensor = raw.headFirst(name, headFirst);
            if (tensor.shape().rank() != 4) {
                throw new Unsupported("its " + name + " has the shape " + tensor.shape() + ", which has no batch, length, head and channel axes");
            }
            inputs.put(name, tensor);
        }
        int[] q = inputs.get("q").shape().dims();
        if (function.gate() == Gate.HEAD_CONST) {
            inputs.put("gate", retentionDecay(q[1]));
        } else if (function.gate() != Gate.NONE) {
            inputs.put("gate", raw.headFirst(function.gateName(), headFirst));
        }
        boolean normalised = attributes.path("normalize").asBoolean();
        double scale = attributes.path("scale").isNumber() ? attributes.path("scale").doubleValue() : 1 / Math.sqrt(q[3]);
        RecurrenceBuilder builder = RecurrenceSpec.of(q[0], q[1], q[2], q[3]).valueDim(inputs.get("v").shape().dim(-1))
                .scale((float) scale).gate(function.gate()).dtype(inputs.get("q").dtype());
        if (normalised) {
            builder.normalised();
        }
        if (raw.tensors().containsKey("initial_state")) {
            builder.initialState();
            inputs.put("s0", raw.tensor("initial_state"));
        }
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("out", raw.headFirst("out0", headFirst));
        if (raw.tensors().containsKey("out1") || raw.tensors().containsKey("out1_0")) {
            builder.finalState();
            outputs.put("s", raw.tensor(normalised ? "out1_0" : "out1"));
            if (normalised) {
                outputs.put("z", raw.tensor("out1_1").reshape(q[0], q[1], q[3]));
            }
        }
        return new ReferenceCase.Known(raw.name(), builder.build(), inputs, outputs);
    }

    private static Function function(String reference) throws Unsupported {
        String name = reference.substring(reference.lastIndexOf('.') + 1);
        return switch (name) {
            case "naive_recurrent_linear_attn" -> new Function(Gate.NONE, null, false);
            // this one takes heads first, whatever the layout says
            case "naive_retention" -> new Function(Gate.HEAD_CONST, null, true);
            case "naive_recurrent_simple_gla" -> new Function(Gate.HEAD_TOKEN, "g", false);
            case "naive_recurrent_gla" -> new Function(Gate.KEY_TOKEN, "gk", false);
            default -> throw new Unsupported(NOT_OURS.entrySet().stream().filter(e -> name.contains(e.getKey())).map(Map.Entry::getValue)
                    .findFirst().orElse("the reference function is not one that is understood") + " (" + name + ")");
        };
    }

    private static void check(Raw raw, Function function) throws Unsupported {
        for (Map.Entry<String, JsonNode> attribute : raw.attributes().properties()) {
            if (!ATTRIBUTES.contains(attribute.getKey()) && !attribute.getValue().isNull()) {
                throw new Unsupported("the attribute '" + attribute.getKey() + "' is not understood");
            }
        }
        for (String tensor : raw.tensors().keySet()) {
            boolean input = Set.of("q", "k", "v", "initial_state").contains(tensor) || tensor.equals(function.gateName());
            if (!input && !Set.of("out0", "out1", "out1_0", "out1_1").contains(tensor)) {
                throw new Unsupported("the tensor '" + tensor + "' is not understood");
            }
        }
    }

    /** RetNet's decays (arXiv:2307.08621): {@code log(1 - 2^(-5-h))} for head h. */
    private static Tensor retentionDecay(int heads) {
        Tensor gate = Tensor.zeros(heads);
        for (int h = 0; h < heads; h++) {
            gate.set(h, (float) Math.log1p(-Math.pow(2, -5 - h)));
        }
        return gate;
    }
}
