package tessera.masks;

import java.util.Arrays;

/**
 * Several sequences in one row of tokens, none of which sees another (block-diagonal): query i sees key j if both lie in the same
 * sequence. Sequence s holds the queries {@code [queryStarts[s], queryStarts[s + 1])} and the keys likewise.
 */
public record Packed(int[] queryStarts, int[] keyStarts) implements Mask {

    /** @throws IllegalArgumentException if the starts do not begin at 0, fall, or differ in number */
    public Packed {
        queryStarts = starts("queryStarts", queryStarts);
        keyStarts = starts("keyStarts", keyStarts);
        if (queryStarts.length != keyStarts.length) {
            throw new IllegalArgumentException("queryStarts and keyStarts must have the same length, got " + queryStarts.length + " and " + keyStarts.length);
        }
    }

    /** The same sequences of queries and keys, by their lengths. */
    public static Packed of(int... lengths) {
        int[] starts = new int[lengths.length + 1];
        for (int s = 0; s < lengths.length; s++) {
            starts[s + 1] = starts[s] + lengths[s];
        }
        return new Packed(starts, starts);
    }

    private static int[] starts(String name, int[] given) {
        int[] starts = given.clone();
        for (int s = 0; s < starts.length; s++) {
            if (s == 0 ? starts[0] != 0 : starts[s] < starts[s - 1]) {
                throw new IllegalArgumentException(name + " must begin at 0 and never fall, got " + Arrays.toString(given));
            }
        }
        return starts;
    }

    @Override
    public boolean allows(int map, int query, int position, int key) {
        int sequence = sequence(queryStarts, query);
        return sequence < sequences() && sequence == sequence(keyStarts, key);
    }

    @Override
    public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        int first = sequence(queryStarts, queries.first());
        int last = sequence(queryStarts, queries.end() - 1);
        int firstOfKeys = sequence(keyStarts, firstKey);
        int lastOfKeys = sequence(keyStarts, endKey - 1);
        boolean some = false;
        for (int s = Math.max(first, firstOfKeys); s <= Math.min(last, lastOfKeys) && s < sequences(); s++) {
            boolean asked = Math.max(queryStarts[s], queries.first()) < Math.min(queryStarts[s + 1], queries.end());
            some |= asked && Math.max(keyStarts[s], firstKey) < Math.min(keyStarts[s + 1], endKey);
        }
        return Coverage.of(some, some && first == last && firstOfKeys == lastOfKeys);
    }

    @Override
    public int nextKey(int map, QueryBlock queries, int key) {
        int first = sequence(queryStarts, queries.first());
        int last = Math.min(sequence(queryStarts, queries.end() - 1), sequences() - 1);
        return first >= sequences() || key >= keyStarts[last + 1] ? NONE : Math.max(key, keyStarts[first]);
    }

    private int sequences() {
        return queryStarts.length - 1;
    }

    /** The sequence that holds a token, their number behind the last one; where sequences are empty, the one that is not. */
    private static int sequence(int[] starts, int token) {
        int low = 0;
        int high = starts.length - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (token < starts[middle + 1]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Packed p && Arrays.equals(queryStarts, p.queryStarts) && Arrays.equals(keyStarts, p.keyStarts);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(queryStarts) + Arrays.hashCode(keyStarts);
    }

    @Override
    public String toString() {
        return "packed(" + sequences() + " sequences)";
    }
}
