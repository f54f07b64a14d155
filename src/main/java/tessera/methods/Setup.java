package tessera.methods;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Tensor;
import tessera.masks.Mask;

/** What compositions have in common: specs from the shape of q, the input map, and sizes that grow with the length. */
final class Setup {

    /** Leading tokens that every query sees, as in StreamingLLM. */
    static final int SINKS = 4;

    private Setup() {
    }

    /** Tokens before the query that it sees: an eighth of the length. */
    static int window(int length) {
        return Math.max(1, length / 8);
    }

    /** Tokens in a block: 64, as the papers have it, from 1024 tokens on; 16 below, so that short inputs have blocks to skip. */
    static int block(int length) {
        return length >= 1024 ? 64 : 16;
    }

    static AttentionBuilder attention(Tensor q) {
        return AttentionSpec.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2), q.shape().dim(3)).dtype(q.dtype());
    }

    /** Attention over the pairs of a mask. */
    static Case masked(Tensor q, Tensor k, Tensor v, Mask mask) {
        return new Case(attention(q).mask(mask).build(), inputs(q, k, v));
    }

    /** Attention over the pairs of a mask that do not look ahead. */
    static Case causal(Tensor q, Tensor k, Tensor v, Mask mask) {
        return new Case(attention(q).mask(mask).causal().build(), inputs(q, k, v));
    }

    /** A mask of its own for every head. */
    static Mask perHead(Tensor q, IntFunction<Mask> mask) {
        return Mask.perHead(IntStream.range(0, q.shape().dim(1)).mapToObj(mask).toArray(Mask[]::new));
    }

    static int length(Tensor q) {
        return q.shape().dim(2);
    }

    static RecurrenceBuilder recurrence(Tensor q) {
        return RecurrenceSpec.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2), q.shape().dim(3)).dtype(q.dtype());
    }

    static Map<String, Tensor> inputs(Tensor q, Tensor k, Tensor v) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        inputs.put("q", q);
        inputs.put("k", k);
        inputs.put("v", v);
        return inputs;
    }
}
