package tessera;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tessera.masks.Mask;

/**
 * Softmax attention: {@code out = softmax(scale * q k^T + mask) v} for every batch and head (arXiv:1706.03762).
 *
 * <p>Inputs {@code q [batch, heads, queries, headDim]}, {@code k [batch, kvHeads, keys, headDim]},
 * {@code v [batch, kvHeads, keys, valueDim]}; outputs {@code out [batch, heads, queries, valueDim]} and, with
 * {@code lse}, {@code lse [batch, heads, queries]} (natural logarithm of the sum of exponentials). A query that sees no
 * key gives 0 and minus infinity. Query head h reads key/value head {@code h / (heads / kvHeads)}: kvHeads = heads is
 * multi-head, 1 multi-query (arXiv:1911.02150), in between grouped-query attention (arXiv:2305.13245). What {@link Scores}
 * asks for comes after q, k, v: {@code slopes}, {@code sinks}, {@code bias}, {@code mask}, {@code keyLengths}; then what
 * {@link Arrangement} asks for, where tensors arrive ragged, paged, listed or in another order. {@link AttentionOutputs} adds outputs.
 *
 * @param scale factor on q·k, {@code 1 / sqrt(headDim)} unless set
 * @param mask who may attend to whom, besides causality
 * @param causal whether a query sees only keys up to its own position
 * @param alignment where query positions lie among the keys; matters for causal and window masks when queries != keys
 * @param scores what else happens to the scores: soft cap, biases, mask tensor, sinks, key lengths
 * @param headMaps which heads each query head reads
 * @param arrangement how queries and keys arrive
 * @param requested outputs besides {@code out}
 */
public record AttentionSpec(int batch, int heads, int kvHeads, int queries, int keys, int headDim, int valueDim, float scale,
        Mask mask, boolean causal, CausalAlignment alignment, DType dtype, Scores scores, HeadMaps headMaps, Arrangement arrangement,
        AttentionOutputs requested) implements Spec {

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public AttentionSpec {
        Require.positive("batch", batch, "heads", heads, "kvHeads", kvHeads, "queries", queries, "keys", keys, "headDim", headDim,
                "valueDim", valueDim);
        Require.finite("scale", scale);
        Require.given("mask", mask, "alignment", alignment, "scores", scores, "headMaps", headMaps, "arrangement", arrangement, "requested", requested);
        Require.storage(dtype);
        if (heads % kvHeads != 0 && headMaps.equals(HeadMaps.grouped(heads, kvHeads))) {
            throw new IllegalArgumentException("kvHeads must divide heads: " + kvHeads + " does not divide " + heads);
        }
        mask.requireFit(queries, keys);
        if (heads % mask.maps() != 0) {
            throw new IllegalArgumentException("the mask's number of maps must divide heads: " + mask.maps() + " does not divide " + heads);
        }
        headMaps.requireFit(heads, kvHeads);
        scores.requireFit(batch, heads, queries, keys);
        arrangement.requireFit(batch, heads, queries, keys, scores);
        if (arrangement.valuesInKeys() && valueDim > headDim) {
            throw new IllegalArgumentException("values that are the first channels of the keys have at most headDim = " + headDim + " channels, got " + valueDim);
        }
        Shape.of(batch, heads, queries, Math.max(headDim, valueDim));
        arrangement.keyShape(batch, kvHeads, keys, Math.max(headDim, valueDim));
    }

    /** A builder for self-attention over {@code length} tokens; every other option starts at its usual value. */
    public static AttentionBuilder of(int batch, int heads, int length, int headDim) {
        return new AttentionBuilder(batch, heads, length, headDim);
    }

    /** A builder that starts with every option of this spec. */
    public AttentionBuilder toBuilder() {
        return new AttentionBuilder(this);
    }

    @Override
    public String operator() {
        return "ATTN";
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("q", arrangement.layout().shape(batch, heads, queries, headDim));
        inputs.put("k", arrangement.keyShape(batch, kvHeads, keys, headDim));
        if (!arrangement.valuesInKeys()) {
            inputs.put("v", arrangement.keyShape(batch, kvHeads, keys, valueDim));
        }
        scores.addInputs(inputs, arrangement.lengths(batch), heads);
        arrangement.addInputs(inputs, this);
        return inputs;
    }

    /** {@inheritDoc} The mask tensor is I8, lengths and tables are I32, other inputs to the scores F32. */
    @Override
    public DType type(String input) {
        return Set.of("q", "k", "v", "pastK", "pastV").contains(input) ? dtype : Scores.type(input);
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", arrangement.layout().shape(batch, heads, queries, valueDim));
        requested.addTo(outputs, batch, heads, queries, keys);
        if (arrangement.past() > 0) {
            outputs.put("presentK", arrangement.layout().shape(batch, kvHeads, keys, headDim));
            if (!arrangement.valuesInKeys()) {
                outputs.put("presentV", arrangement.layout().shape(batch, kvHeads, keys, valueDim));
            }
        }
        return outputs;
    }

    /** {@inheritDoc} Present keys and values have the spec's type too. */
    @Override
    public DType outputType(String output) {
        return Set.of("out", "presentK", "presentV").contains(output) ? dtype : DType.F32;
    }

    /** Whether the log-sum-exp is an output. */
    public boolean lse() {
        return requested.lse();
    }

    /** Whether a run's own inputs say which keys a query sees, so that no layout can be made before. */
    public boolean isDynamic() {
        return arrangement.isDynamic() || scores.keyLengths();
    }

    /** Whether heads are grouped as usual. */
    public boolean hasGroupedHeads() {
        return headMaps.equals(HeadMaps.grouped(heads, kvHeads));
    }

    /** Position of query 0 among the keys. */
    public int offset() {
        return alignment.offset(queries, keys);
    }

    /** Mask and causality as one rule. */
    public Mask visible() {
        return causal ? mask.and(Mask.CAUSAL) : mask;
    }

    /** The whole rule, element by element: mask and causality. */
    public boolean allows(int head, int query, int key) {
        return allowsAt(head, query, query + offset(), key);
    }

    /** As {@link #allows}, for a query that stands at {@code position} among the keys. */
    public boolean allowsAt(int head, int query, int position, int key) {
        return (!causal || key <= position) && mask.allows(head / (heads / mask.maps()), query, position, key);
    }

    /** {@inheritDoc} Its scale is at most the usual one, so that float32 scores are exact enough to compare. */
    @Override
    public AttentionSpec miniature() {
        float usual = (float) (1 / Math.sqrt(headDim));
        int n = Math.min(queries, queries > keys ? 45 : 37);
        int m = queries == keys ? n : Math.min(keys, queries > keys ? 37 : 45);
        int page = arrangement.pageSize();
        if (arrangement.pages() > 0) {
            page = Math.min(page, 8);
            m = Math.min(keys / arrangement.pageSize(), 5) * page;
        }
        boolean everyHead = mask.maps() > 1 || !hasGroupedHeads() || arrangement.listHeads() > 1;
        int kv = everyHead ? kvHeads : isPlain() ? 1 : Math.min(kvHeads, 2);
        int all = everyHead ? heads : kv * (heads / kvHeads);
        int few = arrangement.sequences() > 0 || isPlain() ? 1 : Math.min(batch, 2);
        AttentionOutputs outputs = new AttentionOutputs(requested.lse(), requested.columnMass(), Math.min(requested.massQ(), 8),
                Math.min(requested.massK(), 8), requested.scores());
        Arrangement small = new Arrangement(arrangement.layout(), Math.min(arrangement.past(), m / 2), Math.min(arrangement.sequences(), 3),
                Math.min(arrangement.pages(), 11), page, Math.min(arrangement.lists(), 4), arrangement.listHeads(), arrangement.listQueries(),
                arrangement.listBlock(), Math.min(arrangement.columns(), 5), arrangement.pvSkip(), arrangement.valuesInKeys());
        return new AttentionSpec(few, all, kv, n, m, headDim, valueDim, Math.clamp(scale, -usual, usual), mask.resized(n, m), causal, alignment,
                dtype, scores.resized(few, all, n, m), everyHead ? headMaps : HeadMaps.grouped(all, kv), small, outputs);
    }

    /** Whether scores, arrangement and outputs are the usual ones. */
    private boolean isPlain() {
        return scores.isPlain() && arrangement.equals(Arrangement.PLAIN) && new AttentionOutputs(lse(), false, 0, 0, null).equals(requested);
    }
}
