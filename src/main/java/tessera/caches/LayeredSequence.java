package tessera.caches;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntFunction;
import tessera.Tensor;

/**
 * The keys and values of one sequence in all layers of a model, where a layer may read those of an earlier one instead of having its own
 * (YOCO, arXiv:2405.05254; cross-layer sharing of Character.AI). What is shared exists once.
 */
public final class LayeredSequence {
    private final int[] sources;
    private final Map<Integer, KvSequence> own;

    /**
     * Layer n reads the keys and values of layer {@code sources[n]}, itself or an earlier one that has its own.
     *
     * @param sequence makes the sequence of a layer that has its own: in one cache for all, or in others, in a ring or not
     * @throws IllegalArgumentException if a layer reads a later one, or one without keys and values of its own
     */
    public LayeredSequence(int[] sources, IntFunction<KvSequence> sequence) {
        for (int layer = 0; layer < sources.length; layer++) {
            if (sources[layer] < 0 || sources[layer] > layer || sources[sources[layer]] != sources[layer]) {
                throw new IllegalArgumentException("layer " + layer + " must read itself or an earlier layer with keys and values of its own, got "
                        + sources[layer] + " in " + Arrays.toString(sources));
            }
        }
        this.sources = sources.clone();
        this.own = new LinkedHashMap<>();
        Arrays.stream(sources).distinct().forEach(layer -> own.put(layer, sequence.apply(layer)));
    }

    private LayeredSequence(int[] sources, Map<Integer, KvSequence> own) {
        this.sources = sources;
        this.own = own;
    }

    /** The sequence that a layer reads. */
    public KvSequence layer(int layer) {
        return own.get(sources[layer]);
    }

    /**
     * Appends to a layer with keys and values of its own, as {@link KvSequence#append(Tensor, Tensor)}.
     *
     * @throws IllegalArgumentException if it reads another layer's
     */
    public void append(int layer, Tensor k, Tensor v) {
        if (sources[layer] != layer) {
            throw new IllegalArgumentException("layer " + layer + " reads the keys and values of layer " + sources[layer] + "; append there");
        }
        own.get(layer).append(k, v);
    }

    /** Another one with the same tokens in every layer, as {@link KvSequence#fork()}. */
    public LayeredSequence fork() {
        Map<Integer, KvSequence> forks = new LinkedHashMap<>();
        own.forEach((layer, sequence) -> forks.put(layer, sequence.fork()));
        return new LayeredSequence(sources, forks);
    }

    /** Gives the pages of all layers back. */
    public void free() {
        own.values().forEach(KvSequence::free);
    }
}
