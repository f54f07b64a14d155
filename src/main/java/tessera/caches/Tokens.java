package tessera.caches;

import tessera.Tensor;

/** Keys and values of some tokens, the oldest first: {@code [1, kvHeads, tokens, headDim]} and {@code [1, kvHeads, tokens, valueDim]}. */
public record Tokens(Tensor k, Tensor v) {
}
