package tessera.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.io.ReferenceFile.Raw;
import tessera.io.ReferenceFile.Unsupported;
import tessera.masks.Blocks;
import tessera.masks.Mask;

/** Softmax attention as reference files describe it, by attributes and a rule over query i and key j. */
final class AttentionCases {

    private static final Set<String> ATTRIBUTES = Set.of("layout", "causal", "groups", "window", "rule", "block", "scale", "softcap");
    private static final Set<String> TENSORS = Set.of("q", "k", "v", "slopes", "block_mask", "out0");

    private static final Pattern CAUSAL_WINDOW = Pattern.compile("0<=i-j<([1-9]\\d{0,8})");
    private static final Pattern STREAMING = Pattern.compile("i>=jand\\(i-j<([1-9]\\d{0,8})orj<(\\d{1,9})\\)");
    private static final Pattern BAND = Pattern.compile("\\|i-j\\|<=(\\d{1,9})");

    private static final Pattern DILATED = Pattern.compile("i>=jand\\(i-j\\)%([1-9]\\d{0,8})==0and\\(i-j\\)//\\1<(\\d{1,9})");
    private static final Pattern GLOBAL = Pattern.compile("\\|i-j\\|<=(\\d{1,9})ori<(\\d{1,9})orj<(\\d{1,9})");

    /** Whether query i may see key j. */
    private interface Pairs {
        boolean allows(int i, int j);
    }

    /**
     * A rule in our terms.
     *
     * @param slopes whether biases fall linearly with the distance
     * @param pairs what only a mask tensor can say, or null
     */
    private record Rule(Mask mask, boolean causal, boolean slopes, Pairs pairs) {

        Rule(Mask mask, boolean causal) {
            this(mask, causal, false, null);
        }

        Tensor maskTensor(int queries, int keys) {
            Tensor tensor = Tensor.zeros(DType.I8, Shape.of(1, 1, queries, keys));
            for (int n = 0; n < queries * keys; n++) {
                tensor.set(n, pairs.allows(n / keys, n % keys) ? 1 : 0);
            }
            return tensor;
        }
    }

    private AttentionCases() {
    }

    static ReferenceCase.Known read(Raw raw) throws Unsupported {
        JsonNode attributes = raw.attributes();
        Rule rule = rule(attributes);
        raw.requireOnly(ATTRIBUTES, TENSORS);
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
        AttentionSpec spec = spec(raw, inputs, rule);
        if (rule.slopes()) {
            inputs.put("slopes", raw.tensor("slopes"));
        }
        if (rule.pairs() != null) {
            inputs.put("mask", rule.maskTensor(spec.queries(), spec.keys()));
        }
        return new ReferenceCase.Known(raw.name(), spec, inputs, Map.of("out", raw.headFirst("out0", headFirst)));
    }

    /** Causal attention with a forget gate: its logarithms between two tokens are added to their score (arXiv:2503.02130). */
    static ReferenceCase.Known forgetting(Raw raw) throws Unsupported {
        RecurrenceCases.check(raw, Set.of("g"));
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (String name : new String[] {"q", "k", "v"}) {
            inputs.put(name, raw.headFirst(name, false));
        }
        Tensor gate = raw.headFirst("g", false);
        int[] q = inputs.get("q").shape().dims();
        Tensor bias = Tensor.zeros(q[0], q[1], q[2], q[2]);
        for (int row = 0; row < q[0] * q[1] * q[2]; row++) {
            double sum = 0;
            for (int j = row % q[2]; j >= 0; j--) {
                bias.set(row * q[2] + j, (float) sum);
                sum += gate.get(row / q[2] * q[2] + j);
            }
        }
        inputs.put("bias", bias);
        AttentionSpec spec = AttentionSpec.of(q[0], q[1], q[2], q[3]).valueDim(inputs.get("v").shape().dim(-1)).causal()
                .bias(bias.shape().dims()).build();
        return new ReferenceCase.Known(raw.name(), spec, inputs, Map.of("out", raw.headFirst("out0", false)));
    }

    private static AttentionSpec spec(Raw raw, Map<String, Tensor> inputs, Rule rule) throws Unsupported {
        JsonNode attributes = raw.attributes();
        int[] q = inputs.get("q").shape().dims();
        int[] k = inputs.get("k").shape().dims();
        boolean causal = rule.causal() || attributes.path("causal").asBoolean();
        if (q[2] != k[2] && (causal || rule.mask() != Mask.FULL || rule.pairs() != null)) {
            throw new Unsupported("it does not say where the diagonal lies for " + q[2] + " queries and " + k[2] + " keys");
        }
        if (attributes.has("groups") && attributes.path("groups").asInt() * k[1] != q[1]) {
            throw new Unsupported("it has " + q[1] + " query and " + k[1] + " key heads, which are not " + attributes.path("groups") + " in a group");
        }
        AttentionBuilder builder = AttentionSpec.of(q[0], q[1], q[2], q[3]).kvHeads(k[1]).keys(k[2])
                .valueDim(inputs.get("v").shape().dim(-1)).dtype(inputs.get("q").dtype());
        if (causal) {
            builder.causal();
        }
        if (attributes.path("scale").isNumber()) {
            builder.scale(attributes.path("scale").floatValue());
        }
        if (attributes.path("softcap").isNumber()) {
            builder.softcap(attributes.path("softcap").floatValue());
        }
        if (rule.slopes()) {
            builder.slopes();
        }
        if (rule.pairs() != null) {
            builder.maskTensor(q[2], k[2]);
        }
        return builder.mask(attributes.has("block") ? blocks(raw, rule, q[2], k[2]) : rule.mask()).build();
    }

    private static Blocks blocks(Raw raw, Rule rule, int queries, int keys) throws Unsupported {
        if (rule.mask() != Mask.FULL || rule.pairs() != null) {
            throw new Unsupported("a block mask together with a rule is not implemented");
        }
        int size = raw.attributes().path("block").asInt();
        Tensor map = raw.tensor("block_mask");
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
        Matcher dilated = DILATED.matcher(rule);
        if (dilated.matches()) {
            int step = Integer.parseInt(dilated.group(1));
            int count = Integer.parseInt(dilated.group(2));
            return new Rule(Mask.FULL, true, false, (i, j) -> i >= j && (i - j) % step == 0 && (i - j) / step < count);
        }
        Matcher global = GLOBAL.matcher(rule);
        if (global.matches()) {
            int side = Integer.parseInt(global.group(1));
            int queries = Integer.parseInt(global.group(2));
            int keys = Integer.parseInt(global.group(3));
            return new Rule(Mask.FULL, false, false, (i, j) -> Math.abs(i - j) <= side || i < queries || j < keys);
        }
        if (rule.equals("bias=-slope*(i-j),causal")) {
            return new Rule(Mask.FULL, true, true, null);
        }
        throw new Unsupported("the rule '" + text + "' is not understood");
    }
}
