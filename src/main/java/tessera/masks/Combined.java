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
        boolean a = first.allows(map / (maps() / first.maps()), query, position, key);
        return switch (operation) {
            case "not" -> !a;
            case "and" -> a && second.allows(map / (maps() / second.maps()), query, position, key);
            default -> a || second.allows(map / (maps() / second.maps()), query, position, key);
        };
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
