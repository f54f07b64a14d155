package tessera.masks;

/**
 * Two masks as one. The maps of one are a multiple of those of the other, whose map consecutive ones share.
 *
 * @param operation and, or, not (of the first)
 */
public record Combined(String operation, Mask first, Mask second) implements Mask {

    /** @throws IllegalArgumentException if one mask's number of maps does not divide the other's */
    public Combined {
        if (first.maps() % second.maps() != 0 && second.maps() % first.maps() != 0) {
            throw new IllegalArgumentException("masks with " + first.maps() + " and " + second.maps()
                    + " maps do not combine: one number must divide the other");
        }
    }

    @Override
    public boolean allows(int map, int query, int position, int key) {
        boolean a = first.allows(mapOf(first, map), query, position, key);
        return switch (operation) {
            case "not" -> !a;
            case "and" -> a && second.allows(mapOf(second, map), query, position, key);
            default -> a || second.allows(mapOf(second, map), query, position, key);
        };
    }

    private int mapOf(Mask mask, int map) {
        return map / (maps() / mask.maps());
    }

    /** {@inheritDoc} Only two partial blocks need a look at each pair. */
    @Override
    public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        Coverage a = first.coverage(mapOf(first, map), queries, firstKey, endKey);
        if (operation.equals("not")) {
            return a.opposite();
        }
        Coverage decisive = operation.equals("and") ? Coverage.EMPTY : Coverage.FULL;
        if (a == decisive) {
            return a;
        }
        Coverage b = second.coverage(mapOf(second, map), queries, firstKey, endKey);
        if (b == decisive || a == decisive.opposite()) {
            return b;
        }
        return b == decisive.opposite() ? a : Mask.super.coverage(map, queries, firstKey, endKey);
    }

    @Override
    public int nextKey(int map, QueryBlock queries, int key) {
        if (operation.equals("not")) {
            return key;
        }
        int a = first.nextKey(mapOf(first, map), queries, key);
        int b = second.nextKey(mapOf(second, map), queries, key);
        return operation.equals("and") ? Math.max(a, b) : Math.min(a, b);
    }

    @Override
    public int maps() {
        return Math.max(first.maps(), second.maps());
    }

    @Override
    public void requireFit(int queries, int keys) {
        first.requireFit(queries, keys);
        second.requireFit(queries, keys);
    }

    @Override
    public Mask resized(int queries, int keys) {
        return new Combined(operation, first.resized(queries, keys), second.resized(queries, keys));
    }

    @Override
    public String toString() {
        return operation.equals("not") ? "not " + first : "(" + first + " " + operation + " " + second + ")";
    }
}
