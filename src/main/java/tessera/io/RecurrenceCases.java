package tessera.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.io.ReferenceFile.Raw;
import tessera.io.ReferenceFile.Unsupported;

/** Linear attention as reference files describe it, by the name of the function of flash-linear-attention that computed it. */
final class RecurrenceCases {

    private static final Set<String> ATTRIBUTES = Set.of("layout", "layout2", "note", "ref", "sig", "scale", "output_final_state", "normalize");

    /**
     * What a reference function computes.
     *
     * @param gate kind of the gate
     * @param tensors names of its tensors in our terms, by theirs
     * @param headFirst whether heads come before tokens, whatever the layout says
     */
    private record Function(Gate gate, Map<String, String> tensors, boolean headFirst) {
    }

    private RecurrenceCases() {
    }

    static ReferenceCase.Known read(Raw raw) throws Unsupported {
        String name = raw.function();
        JsonNode attributes = raw.attributes();
        Function function = function(name);
        check(raw, function.tensors().keySet());
        boolean headFirst = function.headFirst() || Set.of("BHTD", "BHLD").contains(attributes.path("layout").asText())
                || List.of(attributes.path("note").asText(), attributes.path("layout2").asText()).contains("BHTD");
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (String tensor : new String[] {"q", "k", "v"}) {
            inputs.put(tensor, raw.headFirst(tensor, headFirst));
            if (inputs.get(tensor).shape().rank() != 4) {
                throw new Unsupported("its " + tensor + " has the shape " + inputs.get(tensor).shape() + ", which has no batch, length, head and channel axes");
            }
        }
        for (Map.Entry<String, String> tensor : function.tensors().entrySet()) {
            Tensor given = raw.tensor(tensor.getKey());
            inputs.put(tensor.getValue(), given.shape().rank() > 2 ? raw.headFirst(tensor.getKey(), headFirst) : given);
        }
        int[] q = inputs.get("q").shape().dims();
        boolean normalised = attributes.path("normalize").asBoolean();
        double usual = name.contains("log_linear") ? 1 : 1 / Math.sqrt(q[3]);
        double scale = attributes.path("scale").isNumber() ? attributes.path("scale").doubleValue() : usual;
        RecurrenceBuilder builder = RecurrenceSpec.of(q[0], q[1], q[2], q[3]).valueDim(inputs.get("v").shape().dim(-1))
                .scale((float) scale).gate(function.gate()).dtype(inputs.get("q").dtype());
        complete(name, builder, inputs);
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

    private static Function function(String name) throws Unsupported {
        return switch (name) {
            case "naive_recurrent_linear_attn" -> new Function(Gate.NONE, Map.of(), false);
            // this one takes heads first, whatever the layout says
            case "naive_retention" -> new Function(Gate.HEAD_CONST, Map.of(), true);
            case "naive_recurrent_simple_gla" -> new Function(Gate.HEAD_TOKEN, Map.of("g", "gate"), false);
            case "naive_recurrent_gla" -> new Function(Gate.KEY_TOKEN, Map.of("gk", "gate"), false);
            case "naive_recurrent_rwkv6" -> new Function(Gate.KEY_TOKEN, Map.of("w", "gate", "u", "u"), false);
            case "delta_rule_recurrence" -> new Function(Gate.NONE, Map.of("beta", "beta"), false);
            case "naive_recurrent_gated_delta_rule" -> new Function(Gate.HEAD_TOKEN, Map.of("beta", "beta", "g", "gate"), false);
            case "naive_recurrent_kda" -> new Function(Gate.KEY_TOKEN, Map.of("beta", "beta", "g", "gate"), false);
            case "naive_recurrent_comba" -> new Function(Gate.HEAD_TOKEN, Map.of("beta", "beta", "g", "gate", "p", "p"), false);
            case "naive_log_linear_attn" -> new Function(Gate.HEAD_TOKEN, Map.of("g", "gate", "level_scales", "levels"), false);
            default -> throw new Unsupported("the reference function is not one that is understood (" + name + ")");
        };
    }

    /** What the function does besides decaying, and inputs that it makes itself. */
    private static void complete(String name, RecurrenceBuilder builder, Map<String, Tensor> inputs) {
        switch (name) {
            case "naive_retention" -> inputs.put("gate", retentionDecay(inputs.get("q").shape().dim(1)));
            case "naive_recurrent_rwkv6" -> builder.readsPrevious().bonus();
            case "delta_rule_recurrence", "naive_recurrent_gated_delta_rule", "naive_recurrent_kda" -> builder.delta();
            case "naive_recurrent_comba" -> comba(builder, inputs);
            case "naive_log_linear_attn" -> {
                builder.weighted();
                inputs.put("weights", weights(inputs.remove("levels")));
            }
            default -> { }
        }
    }

    /** The delta rule that looks with p for what it writes with k: {@code S' = g S}, {@code S = S' + beta k^T (v - p S')}. */
    private static void comba(RecurrenceBuilder builder, Map<String, Tensor> inputs) {
        builder.correction(Correction.RANK_ONE);
        Tensor k = inputs.get("k");
        Tensor p = inputs.remove("p");
        Tensor beta = inputs.remove("beta");
        Tensor gate = inputs.get("gate");
        Shape shape = k.shape();
        for (String name : new String[] {"a", "b", "k"}) {
            Tensor made = Tensor.zeros(shape.dims());
            for (int n = 0; n < shape.elements(); n++) {
                int token = n / shape.dim(3);
                made.set(n, name.equals("a") ? (float) Math.exp(gate.get(token)) * p.get(n) : (name.equals("b") ? -1 : 1) * beta.get(token) * k.get(n));
            }
            inputs.put(name, made);
        }
    }

    /** The factor of token t on what it reads of token s is that of their level: the bits in which their numbers differ. */
    private static Tensor weights(Tensor levels) {
        Shape shape = levels.shape();
        int length = shape.dim(2);
        Tensor weights = Tensor.zeros(shape.dim(0), shape.dim(1), length, length);
        for (int row = 0; row < shape.dim(0) * shape.dim(1) * length; row++) {
            int t = row % length;
            for (int s = 0; s <= t; s++) {
                int level = Integer.SIZE - Integer.numberOfLeadingZeros(t ^ s);
                weights.set(row * length + s, levels.get(row * shape.dim(3) + level));
            }
        }
        return weights;
    }

    /** HGRN without queries and keys: every channel is a head whose queries and keys are 1. */
    static ReferenceCase.Known elementwise(Raw raw) throws Unsupported {
        check(raw, Set.of("x", "g"));
        Tensor x = byChannel(raw.tensor("x"));
        Shape shape = x.shape();
        Tensor ones = Tensor.zeros(shape.dims()).fill(1);
        Map<String, Tensor> inputs = new LinkedHashMap<>(Map.of("q", ones, "k", ones, "v", x, "gate",
                byChannel(raw.tensor("g")).reshape(shape.dim(0), shape.dim(1), shape.dim(2))));
        RecurrenceSpec spec = RecurrenceSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), 1).gate(Gate.HEAD_TOKEN).finalState().build();
        return new ReferenceCase.Known(raw.name(), spec, inputs, Map.of("out", byChannel(raw.tensor("out0")), "s",
                raw.tensor("out1").reshape(shape.dim(0), shape.dim(1), 1, 1)));
    }

    /** [batch, length, channels] as [batch, channels, length, 1]. */
    private static Tensor byChannel(Tensor tensor) throws Unsupported {
        if (tensor.shape().rank() != 3) {
            throw new Unsupported("a tensor has the shape " + tensor.shape() + ", not [batch, length, channels]");
        }
        int length = tensor.shape().dim(1);
        int channels = tensor.shape().dim(2);
        Tensor result = Tensor.zeros(tensor.shape().dim(0), channels, length, 1);
        for (int n = 0; n < tensor.shape().elements(); n++) {
            result.set(n / channels / length * channels * length + n % channels * length + n / channels % length, tensor.get(n));
        }
        return result;
    }

    static void check(Raw raw, Set<String> inputs) throws Unsupported {
        Set<String> tensors = new HashSet<>(inputs);
        tensors.addAll(Set.of("q", "k", "v", "initial_state", "out0", "out1", "out1_0", "out1_1"));
        raw.requireOnly(ATTRIBUTES, tensors);
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
