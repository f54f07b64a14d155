package tessera.stacks;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.Epilogue;
import tessera.EpilogueSpec;
import tessera.Estimator;
import tessera.Forced;
import tessera.Pooling.Fold;
import tessera.RecurrenceBuilder;
import tessera.RotarySpec;
import tessera.SelectSpec;
import tessera.Spec;
import tessera.masks.Blocks;
import tessera.masks.Mask;

/**
 * What a layer computes from queries, keys and values: its operators for a whole prompt and for one token after others, and what it
 * keeps between tokens. Projections, norms and short convolutions around it are not part of it.
 *
 * <p>Operators go by the names of their steps: {@code rotateQ}, {@code rotateK}, {@code choice}, {@code attention}, {@code recurrence},
 * {@code gate}; the last one gives the layer's output.
 */
public sealed interface LayerKind {

    /** Operators for a prompt of {@code length} tokens, in order. */
    Map<String, Spec> prefill(StackShape shape, int length);

    /** Operators for one token, which is the last of {@code context} tokens. */
    Map<String, Spec> decode(StackShape shape, int context);

    /** Bytes kept after {@code length} tokens: keys and values, or a state. */
    long cacheBytes(StackShape shape, int length);

    /** Base of the rotary position embedding (arXiv:2104.09864) of its queries and keys, 0 for none. */
    default int rotary() {
        return 0;
    }

    /** A kind that costs the same for so many tokens, the same one for all that do. */
    default LayerKind at(int length) {
        return this;
    }

    /** The shortest context after which a token costs the same as after this one. */
    default int context(int length) {
        return length;
    }

    /** The same for a short prompt: windows, chunks and blocks of a size that leaves tokens out of {@code length}. */
    default LayerKind small(int length) {
        return this;
    }

    /** Tokens before a token that it sees, with itself. */
    enum Span {
        /** All of them. */
        FULL,
        /** The last ones (arXiv:2004.05150). */
        WINDOW,
        /** Those since the last multiple of a number of tokens. */
        CHUNK
    }

    /**
     * Causal softmax attention with grouped heads (arXiv:2305.13245).
     *
     * @param tokens size of a window or chunk, 0 if full
     * @param rotary base of the positions, 0 for none
     */
    record Attention(Span span, int tokens, int rotary) implements LayerKind {

        /** @throws IllegalArgumentException if a window or chunk has no token */
        public Attention {
            if (span != Span.FULL && tokens < 1) {
                throw new IllegalArgumentException("a window or chunk must have at least 1 token, as in window:1024, got " + tokens);
            }
        }

        /** Tokens that the last of {@code context} sees. */
        public int seen(int context) {
            return switch (span) {
                case FULL -> context;
                case WINDOW -> Math.min(context, tokens);
                case CHUNK -> (context - 1) % tokens + 1;
            };
        }

        @Override
        public Map<String, Spec> prefill(StackShape shape, int length) {
            AttentionBuilder builder = AttentionSpec.of(shape.batch(), shape.heads(), length, shape.headDim()).kvHeads(shape.kvHeads()).causal()
                    .dtype(shape.dtype());
            if (span == Span.WINDOW && tokens < length) {
                builder.mask(Mask.window(tokens - 1, 0));
            } else if (span == Span.CHUNK && tokens < length) {
                builder.mask(new Blocks(1, length, length, tokens, tokens, (_, queries, keys) -> queries == keys));
            }
            return after(rotary, shape, length, Map.of("attention", builder.build()));
        }

        @Override
        public Map<String, Spec> decode(StackShape shape, int context) {
            return after(rotary, shape, 1, Map.of("attention", AttentionSpec.of(shape.batch(), shape.heads(), 1, shape.headDim()).keys(seen(context))
                    .kvHeads(shape.kvHeads()).causal().dtype(shape.dtype()).build()));
        }

        @Override
        public long cacheBytes(StackShape shape, int length) {
            return shape.cacheBytes(span == Span.FULL ? length : Math.min(length, tokens));
        }

        @Override
        public int context(int length) {
            return seen(length);
        }

        @Override
        public LayerKind at(int length) {
            return new Attention(length <= tokens ? Span.FULL : span, length <= tokens ? 0 : tokens, Math.min(rotary, 1));
        }

        @Override
        public LayerKind small(int length) {
            return span == Span.FULL ? this : new Attention(span, Math.max(1, length / 8), rotary);
        }

        @Override
        public String toString() {
            return text(span, tokens, rotary);
        }
    }

    /**
     * Softmax attention of each token over blocks that a group of heads chooses, as InfLLM-v2 (arXiv:2509.24663): overlapping segments of
     * half a block score it; the first and recent blocks come first.
     *
     * @param block tokens of a block
     * @param blocks those that a token reads, the first and recent ones among them
     * @param recent last blocks that it always reads
     * @param rotary as in {@link Attention}
     */
    record Selection(int block, int blocks, int recent, int rotary) implements LayerKind {

        @Override
        public Map<String, Spec> prefill(StackShape shape, int length) {
            return specs(shape, length, length);
        }

        @Override
        public Map<String, Spec> decode(StackShape shape, int context) {
            return specs(shape, 1, context);
        }

        private Map<String, Spec> specs(StackShape shape, int queries, int keys) {
            SelectSpec choice = SelectSpec.of(shape.batch(), shape.heads(), queries, shape.headDim()).kvHeads(shape.kvHeads()).keys(keys).blocks(1, block)
                    .causal().dtype(shape.dtype()).estimator(new Estimator.OverlappedDot(block / 2, block / 4)).softmax().foldBlocks(Fold.MAX)
                    .foldGroup(Fold.MEAN).topK(blocks).forced(new Forced(1, true, recent, false, false, false, Forced.Counting.FIRST)).build();
            Map<String, Spec> specs = new LinkedHashMap<>();
            specs.put("choice", choice);
            specs.put("attention", AttentionSpec.of(shape.batch(), shape.heads(), queries, shape.headDim()).kvHeads(shape.kvHeads()).keys(keys)
                    .listed(choice.listHeads(), choice.lists(), block).causal().dtype(shape.dtype()).build());
            return after(rotary, shape, queries, specs);
        }

        @Override
        public long cacheBytes(StackShape shape, int length) {
            return shape.cacheBytes(length);
        }

        @Override
        public LayerKind at(int length) {
            return new Selection(block, blocks, recent, Math.min(rotary, 1));
        }

        @Override
        public LayerKind small(int length) {
            return new Selection(16, 6, 2, rotary);
        }

        @Override
        public String toString() {
            return text("infllm2", blocks, rotary);
        }
    }

    /**
     * A gated linear recurrence.
     *
     * @param state keys' size of a state space model, 0 for heads' own
     */
    record Recurrence(Rule rule, int state) implements LayerKind {

        @Override
        public Map<String, Spec> prefill(StackShape shape, int length) {
            return Map.of("recurrence", rule.spec(shape, length, state).finalState().build());
        }

        @Override
        public Map<String, Spec> decode(StackShape shape, int context) {
            RecurrenceBuilder step = rule.spec(shape, 1, state);
            return Map.of("recurrence", (context > 1 ? step.initialState() : step).finalState().build());
        }

        @Override
        public long cacheBytes(StackShape shape, int length) {
            return (long) Float.BYTES * prefill(shape, 1).get("recurrence").outputs().get("s").elements();
        }

        @Override
        public int context(int length) {
            return Math.min(length, 2);
        }

        @Override
        public String toString() {
            return text(rule, state, 0);
        }
    }

    /** The output of an earlier state space layer for the same token, gated by {@code silu(q)}: a gated memory unit (arXiv:2507.06607). */
    record Memory() implements LayerKind {

        @Override
        public Map<String, Spec> prefill(StackShape shape, int length) {
            return Map.of("gate", new EpilogueSpec(shape.batch(), Rule.EXPANSION * shape.heads(), length, shape.headDim(),
                    new Epilogue.Gate(Epilogue.Gate.Function.SILU), shape.dtype()));
        }

        @Override
        public Map<String, Spec> decode(StackShape shape, int context) {
            return prefill(shape, 1);
        }

        @Override
        public long cacheBytes(StackShape shape, int length) {
            return 0;
        }

        @Override
        public int context(int length) {
            return 1;
        }

        @Override
        public String toString() {
            return "gmu";
        }
    }

    /** As a {@link Schedule} has it. */
    private static String text(Object name, int size, int rotary) {
        return name.toString().toLowerCase(Locale.ROOT) + (size > 0 ? ":" + size : "") + (rotary > 0 ? "~" + rotary : "");
    }

    /** Operators behind the rotation of new queries and keys. */
    private static Map<String, Spec> after(int rotary, StackShape shape, int tokens, Map<String, Spec> then) {
        Map<String, Spec> specs = new LinkedHashMap<>();
        if (rotary > 0) {
            specs.put("rotateQ", rotation(shape, shape.heads(), tokens));
            specs.put("rotateK", rotation(shape, shape.kvHeads(), tokens));
        }
        specs.putAll(then);
        return specs;
    }

    private static RotarySpec rotation(StackShape shape, int heads, int tokens) {
        return new RotarySpec(shape.batch(), heads, tokens, shape.headDim(), shape.headDim(), 0, false, shape.dtype());
    }
}
