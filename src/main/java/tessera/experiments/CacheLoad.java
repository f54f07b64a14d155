package tessera.experiments;

import tessera.Shape;
import tessera.Tensor;

/**
 * Sequences for a cache: each begins with the same prompt, and decodes the same token over and over.
 *
 * @param shared tokens of the prompt that a cache may hold once
 * @param window recent tokens that a ring holds, and that stay as they came beside integers
 */
public record CacheLoad(int kvHeads, int dim, int pageSize, int sequences, int prompt, int shared, int decoded, int window) {

    /** @throws IllegalArgumentException naming the number that is not positive, or a shared part that leaves nothing of the prompt */
    public CacheLoad {
        int[] numbers = {kvHeads, dim, pageSize, sequences, prompt, decoded, window};
        String[] names = {"kvHeads", "dim", "pageSize", "sequences", "prompt", "decoded", "window"};
        for (int n = 0; n < names.length; n++) {
            if (numbers[n] < 1) {
                throw new IllegalArgumentException(names[n] + " must be at least 1, got " + numbers[n]);
            }
        }
        if (shared < 0 || shared >= prompt) {
            throw new IllegalArgumentException("shared must be between 0 and less than the prompt's " + prompt + " tokens, got " + shared);
        }
    }

    private Tensor part(int seed, int from, int end) {
        Tensor all = Tensor.random(Shape.of(1, kvHeads, prompt, dim), seed);
        Tensor part = Tensor.zeros(1, kvHeads, end - from, dim);
        for (int head = 0; head < kvHeads; head++) {
            all.copyTo((head * prompt + from) * dim, part, head * (end - from) * dim, (end - from) * dim);
        }
        return part;
    }

    /** Keys of tokens {@code [from, end)} of the prompt. */
    Tensor keys(int from, int end) {
        return part(1, from, end);
    }

    Tensor values(int from, int end) {
        return part(2, from, end);
    }

    /** A key or value of a decoded token. */
    Tensor token(int seed) {
        return Tensor.random(Shape.of(1, kvHeads, 1, dim), 2 + seed);
    }
}
