package tessera.masks;

/**
 * Some consecutive maps of a mask that has several.
 *
 * @param first the first of them
 * @param maps how many
 */
record SomeMaps(Mask mask, int first, int maps) implements Mask {

    @Override
    public boolean allows(int map, int query, int position, int key) {
        return mask.allows(first + map, query, position, key);
    }

    @Override
    public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        return mask.coverage(first + map, queries, firstKey, endKey);
    }

    @Override
    public int nextKey(int map, QueryBlock queries, int key) {
        return mask.nextKey(first + map, queries, key);
    }

    @Override
    public Window window(int map) {
        return mask.window(first + map);
    }

    @Override
    public void requireFit(int queries, int keys) {
        mask.requireFit(queries, keys);
    }

    @Override
    public Mask resized(int queries, int keys) {
        return new SomeMaps(mask.resized(queries, keys), first, maps);
    }

    @Override
    public String toString() {
        return "maps " + first + " to " + (first + maps - 1) + " of " + mask;
    }
}
