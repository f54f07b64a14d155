package tessera.masks;

/**
 * Consecutive queries.
 *
 * @param first row of Q
 * @param end row behind the last
 * @param offset position of query 0 among the keys (see {@link tessera.CausalAlignment})
 */
public record QueryBlock(int first, int end, int offset) {

    /** @throws IllegalArgumentException if there is no query in it */
    public QueryBlock {
        if (first < 0 || end <= first) {
            throw new IllegalArgumentException("a block of queries needs 0 <= first < end, got first=" + first + ", end=" + end);
        }
    }

    int firstPosition() {
        return first + offset;
    }

    int lastPosition() {
        return end - 1 + offset;
    }
}
