package tessera.layouts;

import java.util.Arrays;

/**
 * Consecutive blocks of tokens, of one size or of many, as clusters have.
 *
 * @param starts where each block starts, and behind them the number of tokens; a block may be empty
 */
public record Partition(int[] starts) {

    /** @throws IllegalArgumentException if the starts do not begin at 0, fall, or hold no token */
    public Partition {
        starts = starts.clone();
        boolean fits = starts.length >= 2 && starts[0] == 0 && starts[starts.length - 1] > 0;
        for (int b = 1; fits && b < starts.length; b++) {
            fits = starts[b] >= starts[b - 1];
        }
        if (!fits) {
            throw new IllegalArgumentException("the starts of blocks must begin at 0, never fall, and end with the number of tokens, at least 1; got "
                    + Arrays.toString(Arrays.copyOf(starts, Math.min(starts.length, 20))));
        }
    }

    /**
     * Blocks of one size, the last one cut at the end.
     *
     * @throws IllegalArgumentException if a number is not positive
     */
    public static Partition of(int tokens, int block) {
        if (tokens < 1 || block < 1) {
            throw new IllegalArgumentException("tokens and block size must be at least 1, got " + tokens + " and " + block);
        }
        int[] starts = new int[Math.ceilDiv(tokens, block) + 1];
        for (int b = 0; b < starts.length; b++) {
            starts[b] = (int) Math.min(tokens, (long) b * block);
        }
        return new Partition(starts);
    }

    /** Blocks of these sizes. */
    public static Partition ofSizes(int... sizes) {
        int[] starts = new int[sizes.length + 1];
        for (int b = 0; b < sizes.length; b++) {
            starts[b + 1] = Math.addExact(starts[b], sizes[b]);
        }
        return new Partition(starts);
    }

    @Override
    public int[] starts() {
        return starts.clone();
    }

    public int tokens() {
        return starts[starts.length - 1];
    }

    public int count() {
        return starts.length - 1;
    }

    public int start(int block) {
        return starts[block];
    }

    /** First token behind a block. */
    public int end(int block) {
        return starts[block + 1];
    }

    public int size(int block) {
        return starts[block + 1] - starts[block];
    }

    /** The block that holds a token. */
    public int holding(int token) {
        int guess = Math.min(token / Math.max(1, starts[1]), count() - 1);
        if (starts[guess] <= token && token < starts[guess + 1]) {
            return guess;
        }
        int low = 0;
        int high = count() - 1;
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
        return other instanceof Partition p && Arrays.equals(starts, p.starts);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(starts);
    }

    @Override
    public String toString() {
        return count() + " blocks of " + tokens() + " tokens";
    }
}
