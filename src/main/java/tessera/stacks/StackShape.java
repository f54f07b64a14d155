package tessera.stacks;

import tessera.DType;

/**
 * Sizes that all layers of a stack share.
 *
 * @param heads query heads; a recurrence has as many for keys and values, a state space model twice as many for values
 * @param kvHeads key/value heads of attention, groups of a state space model
 * @param headDim size of a query, key and value
 * @param dtype storage type of inputs and caches; states are float32
 */
public record StackShape(int batch, int heads, int kvHeads, int headDim, DType dtype) {

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public StackShape {
        if (batch < 1 || heads < 1 || kvHeads < 1 || headDim < 2 || headDim % 2 != 0) {
            throw new IllegalArgumentException("batch, heads and kvHeads must be at least 1 and headDim even, as positions turn pairs of channels; got "
                    + batch + ", " + heads + ", " + kvHeads + ", " + headDim);
        }
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException("kvHeads must divide heads: " + kvHeads + " does not divide " + heads);
        }
    }

    /** Bytes of so many keys and values. */
    long cacheBytes(long tokens) {
        return 2L * batch * kvHeads * headDim * tokens * dtype.bytes();
    }
}
