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

    @Override
    public String toString() {
        return "stride(" + step + (reach < 0 ? "" : ", reach " + reach) + ")";
    }
}
