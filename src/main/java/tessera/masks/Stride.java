package tessera.masks;

/**
 * Dilated attention: key j is allowed if {@code (p - j) mod step = 0} and {@code |p - j| <= reach * step}, p being the query's
 * position (arXiv:1904.10509, arXiv:2004.05150).
 *
 * @param reach keys seen on each side, -1 for all of them
 */
public record Stride(int step, int reach) implements Mask {

    /** @throws IllegalArgumentException for a step below 1 or a reach below -1 */
    public Stride {
        if (step < 1 || reach < -1) {
            throw new IllegalArgumentException("a stride needs step >= 1 and reach >= 0 (or -1 for open), got step=" + step + ", reach=" + reach);
        }
    }

    @Override
    public boolean allows(int map, int query, int position, int key) {
        int distance = Math.abs(position - key);
        return distance % step == 0 && (reach < 0 || distance / step <= reach);
    }

    private long band() {
        return reach < 0 ? Long.MAX_VALUE / 2 : (long) reach * step;
    }

    @Override
    public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        long least = (long) queries.firstPosition() - (endKey - 1);
        long most = (long) queries.lastPosition() - firstKey;
        boolean some = Math.floorDiv(Math.min(most, band()), step) * step >= Math.max(least, -band());
        boolean all = step == 1 ? most <= band() && least >= -band() : least == most && some;
        return Coverage.of(some, all);
    }

    @Override
    public int nextKey(int map, QueryBlock queries, int key) {
        long start = Math.max(key, queries.firstPosition() - band());
        long behind = Math.floorMod(start - queries.firstPosition(), (long) step);
        long next = behind < queries.end() - queries.first() ? start : start + step - behind;
        return next > queries.lastPosition() + band() ? NONE : (int) Math.min(next, NONE);
    }

    @Override
    public String toString() {
        return "stride(" + step + (reach < 0 ? "" : ", reach " + reach) + ")";
    }
}
