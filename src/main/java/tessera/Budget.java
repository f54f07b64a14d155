package tessera;

/**
 * Over what SELECT's rule counts, and its bounds.
 *
 * @param perHead one count over all rows of a head, the best pairs of (row, candidate) first; else each row counts for itself
 * @param least candidates that the rule keeps at least
 * @param most candidates that the rule keeps at most
 */
public record Budget(boolean perHead, int least, int most) {

    /** Each row for itself, without bounds. */
    public static final Budget NONE = new Budget(false, 0, Integer.MAX_VALUE);

    /** @throws IllegalArgumentException unless {@code 0 <= least <= most} and {@code most >= 1} */
    public Budget {
        if (least < 0 || most < Math.max(1, least)) {
            throw new IllegalArgumentException("least must not be negative and most at least that and 1, got " + least + " and " + most);
        }
    }
}
