package tessera.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tessera.AttentionSpec;
import tessera.Tensor;
import tessera.io.ReferenceFile.Raw;
import tessera.io.ReferenceFile.Unsupported;
import tessera.masks.Blocks;
import tessera.masks.Mask;

/** Softmax attention as reference files describe it, by attributes and a rule over query i and key j. */
final class AttentionCases {

    private static final Set<String> ATTRIBUTES = Set.of("layout", "causal", "groups", "window", "rule", "block", "scale");
    private static final Set<String> TENSORS = Set.of("q", "k", "v", "block_mask", "out0");

    private static final Pattern CAUSAL_WINDOW = Pattern.compile("0<=i-j<([1-9]\\d{0,8})");
    private static final Pattern STREAMING = Pattern.compile("i>=jand\\(i-j<([1-9]\\d{0,8})orj<(\\d{1,9})\\)");
    private static final Pattern BAND = Pattern.compile("\\|i-j\\|<=(\\d{1,9})");

    private record Rule(Mask mask, boolean causal) {
    }

    private AttentionCases() {
    }

    static ReferenceCase.Known read(Raw raw) throws Unsupported {
        JsonNode attributes = raw.attributes();
        Rule rule = rule(attributes);
        for (Map.Entry<String, JsonNode> attribute : attributes.properties()) {
            if (attribute.getKey().equals("softcap")) {
                throw new Unsupported("soft capping of the scores is not implemented");
            }
            if (!ATTRIBUTES.contains(attribute.getKey()) && !attribute.getValue().isNull()) {
                throw new Unsupported("the attribute '" + attribute.getKey() + "' is not understood");
            }
        }
        for (String tensor : raw.tensors().keySet()) {
            if (!TENSORS.contains(tensor)) {
                throw new Unsupported("the tensor '" + tensor + "' is not understood");
            }
        }
        boolean headFirst = switch (attributes.path("layout").asText()) {
            case "BHLD", "BHTD" -> true;
            case "BLHD", "BTHD" -> false;
            default -> throw new Unsupported("the layout '" + attributes.path("layout").asText() + "' is not understood");
        };
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (String name : new String[] {"q", "k", "v"}) {
            Tensor tensor = raw.headFirst(name, headFirst);
            if (tensor.shape().rank() != 4) {
                throw new Unsupported("its " + name + " has the shape " + tensor.shape() + ", not [batch, heads, length, dim]");
            }
            inputs.put(name, tensor);
        }
        return new ReferenceCase.Known(raw.name(), spec(raw, inputs, rule), inputs, Map.of("out", raw.headFirst("out0", headFirst)));
    }

    private static AttentionSpec spec(Raw raw, Map<String, Tensor> inputs, Rule rule) throws Unsupported {
        JsonNode attributes = raw.attributes();
        int[] q = inputs.get("q").shape().dims();
        int[] k = inputs.get("k").shape().dims();
        boolean causal = rule.causal() || attributes.path("causal").asBoolean();
        if (q[2] != k[2] && (causal || rule.mask() != Mask.FULL)) {
            throw new Unsupported("it does not say where the diagonal lies for " + q[2] + " queries and " + k[2] + " keys");
        }
        if (attributes.has("groups") && attributes.path("groups").asInt() * k[1] != q[1]) {
            throw new Unsupported("it has " + q[1] + " query and " + k[1] + " key heads, which are not " + attributes.path("groups") + " in a group");
        }
        AttentionSpec.Builder builder = AttentionSpec.of(q[0], q[1], q[2], q[3]).kvHeads(k[1]).keys(k[2])
                .valueDim(inputs.get("v").shape().dim(-1)).dtype(inputs.get("q").dtype());
        if (causal) {
            builder.causal();
        }
        if (attributes.path("scale").isNumber()) {
            builder.scale(attributes.path("scale").floatValue());
        }
        return builder.mask(attributes.has("block") ? blocks(raw, rule, q[2], k[2]) : rule.mask()).build();
    }

    private static Blocks blocks(Raw raw, Rule rule, int queries, int keys) throws Unsupported {
        int size = raw.attributes().path("block").asInt();
        Tensor map = raw.tensor("block_mask");
        if (rule.mask() != Mask.FULL) {
            throw new Unsupported("a block mask together with a rule is not implemented");
        }
        if (size <= 0 || map.shape().rank() != 2 || map.shape().dim(0) != Math.ceilDiv(queries, size) || map.shape().dim(1) != Math.ceilDiv(keys, size)) {
            throw new Unsupported("its block_mask of " + map.shape() + " does not fit " + queries + " queries and " + keys + " keys in blocks of " + size);
        }
        int columns = map.shape().dim(1);
        return new Blocks(1, queries, keys, size, size, (head, queryBlock, keyBlock) -> map.get(queryBlock * columns + keyBlock) != 0);
    }

    private static Rule rule(JsonNode attributes) throws Unsupported {
        if (!attributes.has("rule")) {
            if (attributes.has("window")) {
                throw new Unsupported("a window without the rule that it follows is not understood");
            }
            return new Rule(Mask.FULL, false);
        }
        String text = attributes.path("rule").asText();
        String rule = text.replace(" ", "");
        Matcher causalWindow = CAUSAL_WINDOW.matcher(rule);
        if (causalWindow.matches()) {
            return new Rule(Mask.window(Integer.parseInt(causalWindow.group(1)) - 1, 0), true);
        }
        Matcher streaming = STREAMING.matcher(rule);
        if (streaming.matches()) {
            return new Rule(Mask.streaming(Integer.parseInt(streaming.group(2)), Integer.parseInt(streaming.group(1)) - 1), true);
        }
        Matcher band = BAND.matcher(rule);
        if (band.matches()) {
            return new Rule(Mask.window(Integer.parseInt(band.group(1)), Integer.parseInt(band.group(1))), false);
        }
        if (rule.equals("i>=j")) {
            return new Rule(Mask.FULL, true);
        }
        throw new Unsupported(rule.contains("bias") ? "a bias added to the scores is not implemented (" + text + ")"
                : rule.contains("%") ? "dilated and strided masks are not implemented (" + text + ")"
                : text.matches(".*\\bi<\\d+.*") ? "queries that see every key beside a window are not implemented (" + text + ")"
                : "the rule '" + text + "' is not understood");
    }
}
