package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Softmax attention over quantised keys and values, which are restored as they are read (KIVI, arXiv:2402.02750); nothing else has them
 * in full. The last {@code keys - packed} of them, which may be none, are not quantised.
 *
 * <p>Inputs {@code q}; {@code kCodes, kScales, vCodes, vScales}, what {@link QuantSpec} made of the first {@code packed} keys and values;
 * {@code kCodebook}, {@code vCodebook} where their formats have one; {@code k, v [batch, kvHeads, keys - packed, dim]}, the last ones, if
 * there are any. Outputs as of the attention: {@code out} and, if asked for, {@code lse}.
 *
 * @param attention what is computed: full, causal or in a window with sinks, one rule for all heads, plain scores, BHLD
 * @param k how the first keys are quantised
 * @param v how the first values are quantised
 */
public record QuantisedAttentionSpec(AttentionSpec attention, QuantSpec k, QuantSpec v) implements Spec {

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public QuantisedAttentionSpec {
        Require.given("attention", attention, "k", k, "v", v);
        requireFit("k", k, attention, attention.headDim());
        requireFit("v", v, attention, attention.valueDim());
        if (k.length() != v.length()) {
            throw new IllegalArgumentException("as many keys as values must be quantised, got " + k.length() + " and " + v.length());
        }
        AttentionSpec plain = new AttentionBuilder(attention.batch(), attention.heads(), attention.queries(), attention.headDim())
                .kvHeads(attention.kvHeads()).keys(attention.keys()).valueDim(attention.valueDim()).build();
        AttentionOutputs requested = new AttentionOutputs(attention.lse(), false, 0, 0, null);
        if (!attention.scores().equals(plain.scores()) || !attention.headMaps().equals(plain.headMaps())
                || !attention.arrangement().equals(Arrangement.PLAIN) || !attention.requested().equals(requested)) {
            throw new IllegalArgumentException("attention over quantised keys takes plain scores, grouped heads, BHLD tensors and no masses or stored scores;"
                    + " dequantise first for others");
        }
    }

    private static void requireFit(String name, QuantSpec packed, AttentionSpec attention, int dim) {
        if (packed.direction() == QuantSpec.Direction.ROUND || packed.outliers() > 0 || packed.dtype() != attention.dtype()) {
            throw new IllegalArgumentException(name + " must be packed, without outliers and with dtype " + attention.dtype() + ", got " + packed);
        }
        if (packed.batch() != attention.batch() || packed.heads() != attention.kvHeads() || packed.dim() != dim || packed.length() > attention.keys()) {
            throw new IllegalArgumentException(name + " must quantise [" + attention.batch() + ", " + attention.kvHeads() + ", at most " + attention.keys() + ", "
                    + dim + "], got [" + packed.batch() + ", " + packed.heads() + ", " + packed.length() + ", " + packed.dim() + "]");
        }
    }

    @Override
    public String operator() {
        return "ATTN";
    }

    /** Keys that are quantised. */
    public int packed() {
        return k.length();
    }

    /** Last keys that are not. */
    public int rest() {
        return attention.keys() - packed();
    }

    /** Bytes of all keys and values as they are stored. */
    public long cacheBytes() {
        long whole = (long) attention.batch() * attention.kvHeads() * rest() * (attention.headDim() + attention.valueDim());
        return k.bytes() + v.bytes() + whole * attention.dtype().bytes();
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("q", attention.inputs().get("q"));
        add(inputs, "k", k);
        add(inputs, "v", v);
        if (rest() > 0) {
            inputs.put("k", Shape.of(attention.batch(), attention.kvHeads(), rest(), attention.headDim()));
            inputs.put("v", Shape.of(attention.batch(), attention.kvHeads(), rest(), attention.valueDim()));
        }
        return inputs;
    }

    private static void add(Map<String, Shape> inputs, String name, QuantSpec packed) {
        inputs.put(name + "Codes", packed.codes());
        inputs.put(name + "Scales", packed.scales());
        if (packed.format() instanceof NumberFormat.Codebook book) {
            inputs.put(name + "Codebook", Shape.of(1 << book.bits()));
        }
    }

    /** {@inheritDoc} Codes are I8. */
    @Override
    public DType type(String input) {
        return input.endsWith("Codes") ? DType.I8 : dtype();
    }

    @Override
    public Map<String, Shape> outputs() {
        return attention.outputs();
    }

    @Override
    public DType dtype() {
        return attention.dtype();
    }

    @Override
    public QuantisedAttentionSpec miniature() {
        AttentionSpec small = attention.miniature();
        int keys = small.keys() - Math.min(rest(), small.keys() / 4);
        return new QuantisedAttentionSpec(small, resized(k, small, keys), resized(v, small, keys));
    }

    private static QuantSpec resized(QuantSpec packed, AttentionSpec small, int keys) {
        return new QuantSpec(small.batch(), small.kvHeads(), keys, packed.dim(), packed.format(), Math.min(packed.groupTokens(), 16), packed.groupChannels(),
                packed.direction(), 0, 0, packed.dtype());
    }
}
