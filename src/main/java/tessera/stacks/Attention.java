package tessera.stacks;

import java.util.Map;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.Spec;
import tessera.masks.Blocks;
import tessera.masks.Mask;

/**
 * Causal softmax attention with grouped heads (arXiv:2305.13245).
 *
 * @param tokens size of a window or chunk, 0 if full
 * @param rotary base of the positions, 0 for none
 */
public record Attention(Span span, int tokens, int rotary) implements LayerKind {

    /** Tokens before a token that it sees, with itself. */
    public enum Span {
        /** All of them. */
        FULL,
        /** The last ones (arXiv:2004.05150). */
        WINDOW,
        /** Those since the last multiple of a number of tokens. */
        CHUNK
    }

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
        return Rotation.before(rotary, shape, length, Map.of("attention", builder.build()));
    }

    @Override
    public Map<String, Spec> decode(StackShape shape, int context) {
        return Rotation.before(rotary, shape, 1, Map.of("attention", AttentionSpec.of(shape.batch(), shape.heads(), 1, shape.headDim()).keys(seen(context))
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
        return ScheduleText.of(span, tokens, rotary);
    }
}
