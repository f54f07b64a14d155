package tessera;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tessera.masks.Blocks;
import tessera.masks.Full;
import tessera.masks.Mask;
import tessera.masks.Window;

/**
 * Softmax attention: {@code out = softmax(scale * q k^T + mask) v} for every batch and head (arXiv:1706.03762).
 *
 * <p>Inputs {@code q [batch, heads, queries, headDim]}, {@code k [batch, kvHeads, keys, headDim]},
 * {@code v [batch, kvHeads, keys, valueDim]}; outputs {@code out [batch, heads, queries, valueDim]} and, with
 * {@code lse}, {@code lse [batch, heads, queries]} (natural logarithm of the sum of exponentials). A query that sees no
 * key gives 0 and minus infinity. Query head h reads key/value head {@code h / (heads / kvHeads)}: kvHeads = heads is
 * multi-head, 1 multi-query (arXiv:1911.02150), in between grouped-query attention (arXiv:2305.13245). What {@link Scores}
 * asks for comes after q, k, v: {@code slopes}, {@code sinks}, {@code bias}, {@code mask}, {@code keyLengths}.
 *
 * @param scale factor on q·k, {@code 1 / sqrt(headDim)} unless set
 * @param mask who may attend to whom, besides causality
 * @param causal whether a query sees only keys up to its own position
 * @param alignment where query positions lie among the keys; matters for causal and window masks when queries != keys
 * @param lse whether the log-sum-exp is an output
 * @param scores what else happens to the scores: soft cap, biases, mask tensor, sinks, key lengths
 */
public record AttentionSpec(int batch, int heads, int kvHeads, int queries, int keys, int headDim, int valueDim, float scale,
        Mask mask, boolean causal, CausalAlignment alignment, boolean lse, DType dtype, Scores scores) implements Spec {

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public AttentionSpec {
        Require.positive("batch", batch, "heads", heads, "kvHeads", kvHeads, "queries", queries, "keys", keys, "headDim", headDim,
                "valueDim", valueDim);
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException("kvHeads must divide heads: " + kvHeads + " does not divide " + heads);
        }
        Require.finite("scale", scale);
        Require.given("mask", mask, "alignment", alignment, "scores", scores);
        Require.storage(dtype);
        if (mask instanceof Blocks b) {
            if (b.queryBlocks() != Math.ceilDiv(queries, b.blockQ()) || b.keyBlocks() != Math.ceilDiv(keys, b.blockK())) {
                throw new IllegalArgumentException("the block mask covers " + b.queryBlocks() + "x" + b.keyBlocks() + " blocks of "
                        + b.blockQ() + "x" + b.blockK() + ", which does not fit " + queries + " queries and " + keys + " keys");
            }
            if (heads % b.heads() != 0) {
                throw new IllegalArgumentException("the block mask's head count must divide heads: " + b.heads() + " does not divide " + heads);
            }
        }
        scores.requireFit(batch, heads, queries, keys);
        Shape.of(batch, heads, queries, Math.max(headDim, valueDim));
        Shape.of(batch, kvHeads, keys, Math.max(headDim, valueDim));
    }

    /** A builder for self-attention over {@code length} tokens; every other option starts at its usual value. */
    public static Builder of(int batch, int heads, int length, int headDim) {
        return new Builder(batch, heads, length, headDim);
    }

    @Override
    public String operator() {
        return "ATTN";
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        inputs.put("q", Shape.of(batch, heads, queries, headDim));
        inputs.put("k", Shape.of(batch, kvHeads, keys, headDim));
        inputs.put("v", Shape.of(batch, kvHeads, keys, valueDim));
        scores.addInputs(inputs, batch, heads);
        return inputs;
    }

    /** {@inheritDoc} The mask tensor is I8, lengths are I32, other inputs to the scores F32. */
    @Override
    public DType type(String input) {
        return Set.of("q", "k", "v").contains(input) ? dtype : Scores.type(input);
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("out", Shape.of(batch, heads, queries, valueDim));
        if (lse) {
            outputs.put("lse", Shape.of(batch, heads, queries));
        }
        return outputs;
    }

    /** Position of query 0 among the keys. */
    public int offset() {
        return alignment.offset(queries, keys);
    }

    /** The whole rule, element by element: mask and causality. */
    public boolean allows(int head, int query, int key) {
        return allowsAt(head, query, query + offset(), key);
    }

    /** As {@link #allows}, for a query that stands at {@code position} among the keys. */
    public boolean allowsAt(int head, int query, int position, int key) {
        int map = mask instanceof Blocks b ? head / (heads / b.heads()) : head;
        return (!causal || key <= position) && mask.allows(map, query, position, key);
    }

    /** {@inheritDoc} Its scale is at most the usual one, so that float32 scores are exact enough to compare. */
    @Override
    public AttentionSpec miniature() {
        float usual = (float) (1 / Math.sqrt(headDim));
        int n = Math.min(queries, queries > keys ? 45 : 37);
        int m = queries == keys ? n : Math.min(keys, queries > keys ? 37 : 45);
        Mask small = switch (mask) {
            case Full full -> full;
            case Window w -> new Window(Math.min(w.sink(), 3), Math.min(w.left(), 11), Math.min(w.right(), 5));
            case Blocks b -> new Blocks(b.heads() == 1 ? 1 : 2, n, m, Math.min(b.blockQ(), 8), Math.min(b.blockK(), 8),
                    (h, qb, kb) -> (h + qb + kb) % 3 != 1);
        };
        int group = heads / kvHeads;
        int kv = mask instanceof Blocks b && b.heads() > 1 || !scores.isPlain() && kvHeads > 1 ? 2 : 1;
        int few = scores.isPlain() ? 1 : Math.min(batch, 2);
        return new AttentionSpec(few, kv * group, kv, n, m, headDim, valueDim, Math.clamp(scale, -usual, usual), small, causal, alignment, lse,
                dtype, scores.resized(few, kv * group, n, m));
    }

    /** Collects the options of an {@link AttentionSpec}. */
    public static final class Builder {
        private final int batch;
        private final int heads;
        private final int queries;
        private final int headDim;
        private int kvHeads;
        private int keys;
        private int valueDim;
        private Float scale;
        private Mask mask = Mask.FULL;
        private boolean causal;
        private CausalAlignment alignment = CausalAlignment.BOTTOM_RIGHT;
        private boolean lse;
        private DType dtype = DType.F32;
        private Scores scores = Scores.NONE;

        private Builder(int batch, int heads, int length, int headDim) {
            this.batch = batch;
            this.heads = heads;
            this.queries = length;
            this.headDim = headDim;
            this.kvHeads = heads;
            this.keys = length;
            this.valueDim = headDim;
        }

        public Builder kvHeads(int count) {
            kvHeads = count;
            return this;
        }

        /** Number of keys, where it is not the number of queries (cross attention, decoding). */
        public Builder keys(int count) {
            keys = count;
            return this;
        }

        public Builder valueDim(int dim) {
            valueDim = dim;
            return this;
        }

        public Builder scale(float factor) {
            scale = factor;
            return this;
        }

        public Builder mask(Mask rule) {
            mask = rule;
            return this;
        }

        /** Causal, the last query seeing the last key. */
        public Builder causal() {
            return causal(CausalAlignment.BOTTOM_RIGHT);
        }

        public Builder causal(CausalAlignment where) {
            causal = true;
            alignment = where;
            return this;
        }

        /** Where query positions lie among the keys, without making the attention causal. */
        public Builder alignment(CausalAlignment where) {
            alignment = where;
            return this;
        }

        public Builder lse() {
            lse = true;
            return this;
        }

        public Builder dtype(DType type) {
            dtype = type;
            return this;
        }

        /** Scores stay between -bound and bound; 0 for no bound. */
        public Builder softcap(float bound) {
            scores = new Scores(bound, scores.slopes(), scores.sinks(), scores.bias(), scores.mask(), scores.keyLengths());
            return this;
        }

        /** An input {@code slopes [heads]} of linear biases (ALiBi). */
        public Builder slopes() {
            scores = new Scores(scores.softcap(), true, scores.sinks(), scores.bias(), scores.mask(), scores.keyLengths());
            return this;
        }

        /** An input {@code sinks [heads]} of logits that join the denominator only. */
        public Builder sinks() {
            scores = new Scores(scores.softcap(), scores.slopes(), true, scores.bias(), scores.mask(), scores.keyLengths());
            return this;
        }

        /** An input {@code bias} of up to four dimensions that broadcast to [batch, heads, queries, keys]. */
        public Builder bias(int... dims) {
            scores = new Scores(scores.softcap(), scores.slopes(), scores.sinks(), Shape.of(dims), scores.mask(), scores.keyLengths());
            return this;
        }

        /** An input {@code mask} of type I8, 0 for "not allowed", with dimensions as for the bias. */
        public Builder maskTensor(int... dims) {
            scores = new Scores(scores.softcap(), scores.slopes(), scores.sinks(), scores.bias(), Shape.of(dims), scores.keyLengths());
            return this;
        }

        /** An input {@code keyLengths [batch]} of type I32, beyond which keys are padding. */
        public Builder keyLengths() {
            scores = new Scores(scores.softcap(), scores.slopes(), scores.sinks(), scores.bias(), scores.mask(), true);
            return this;
        }

        /** @throws IllegalArgumentException naming the argument that does not fit */
        public AttentionSpec build() {
            Require.positive("headDim", headDim);
            float factor = scale == null ? (float) (1 / Math.sqrt(headDim)) : scale;
            return new AttentionSpec(batch, heads, kvHeads, queries, keys, headDim, valueDim, factor, mask, causal, alignment, lse, dtype, scores);
        }
    }
}
