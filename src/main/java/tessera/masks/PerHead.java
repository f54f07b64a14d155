package tessera.masks;

import java.util.List;

/** A mask of its own for each head, as in DuoAttention (arXiv:2410.10819) or MoA (arXiv:2406.14909). */
public record PerHead(List<Mask> masks) implements Mask {

    /** @throws IllegalArgumentException without masks, or if one of them has several maps itself */
    public PerHead {
        masks = List.copyOf(masks);
        if (masks.isEmpty() || masks.stream().anyMatch(mask -> mask.maps() > 1)) {
            throw new IllegalArgumentException("a mask per head needs at least one mask, each with one map, got " + masks);
        }
    }

    @Override
    public boolean allows(int map, int query, int position, int key) {
        return masks.get(map).allows(0, query, position, key);
    }

    @Override
    public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        return masks.get(map).coverage(0, queries, firstKey, endKey);
    }

    @Override
    public int nextKey(int map, QueryBlock queries, int key) {
        return masks.get(map).nextKey(0, queries, key);
    }

    @Override
    public int maps() {
        return masks.size();
    }

    @Override
    public Window window(int map) {
        return masks.get(map).window(0);
    }

    @Override
    public void requireFit(int queries, int keys) {
        masks.forEach(mask -> mask.requireFit(queries, keys));
    }

    @Override
    public Mask resized(int queries, int keys) {
        return new PerHead(masks.stream().map(mask -> mask.resized(queries, keys)).toList());
    }

    @Override
    public String toString() {
        return "per head " + masks;
    }
}
