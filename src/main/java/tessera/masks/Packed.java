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
        return sequence >= 0 && sequence == sequence(keyStarts, key);
    }

    /** The sequence that holds a token, -1 behind the last one; where sequences are empty, the one that is not. */
    private static int sequence(int[] starts, int token) {
        for (int s = 0; s + 1 < starts.length; s++) {
            if (token < starts[s + 1]) {
                return s;
            }
        }
        return -1;
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
        return "packed(" + (queryStarts.length - 1) + " sequences)";
    }
}
