package tessera.masks;

/**
 * Sliding window with sinks: key j is allowed if {@code j < sink} or {@code p - left <= j <= p + right}, p being the
 * query's position. Longformer (arXiv:2004.05150), StreamingLLM (arXiv:2309.17453).
 *
 * @param sink number of leading keys that every query sees
 * @param left keys before the query, -1 for all of them
 * @param right keys after the query, -1 for all of them
 */
public record Window(int sink, int left, int right) implements Mask {

    /** @throws IllegalArgumentException for a negative sink or a side below -1 */
    public Window {
        if (sink < 0 || left < -1 || right < -1) {
            throw new IllegalArgumentException("a window needs sink >= 0 and left, right >= 0 (or -1 for open), got sink="
                    + sink + ", left=" + left + ", right=" + right);
        }
    }

    @Override
    public boolean allows(int map, int query, int position, int key) {
        boolean inside = (left < 0 || position - key <= left) && (right < 0 || key - position <= right);
        return key < sink || inside;
    }

    @Override
    public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        if (endKey <= sink) {
            return Coverage.FULL;
        }
        int first = Math.max(firstKey, sink);
        long nearest = (long) queries.firstPosition() - (endKey - 1);
        long farthest = (long) queries.lastPosition() - first;
        boolean all = (left < 0 || farthest <= left) && (right < 0 || -nearest <= right);
        boolean some = (left < 0 || nearest <= left) && (right < 0 || -farthest <= right);
        return Coverage.of(some || firstKey < sink, all);
    }

    @Override
    public int nextKey(int map, QueryBlock queries, int key) {
        if (key < sink) {
            return key;
        }
        long start = left < 0 ? key : Math.max(key, (long) queries.firstPosition() - left);
        return right >= 0 && start > (long) queries.lastPosition() + right ? NONE : (int) start;
    }

    @Override
    public Window window(int map) {
        return this;
    }

    /** {@inheritDoc} Its sides are such that they cut something off. */
    @Override
    public Mask resized(int queries, int keys) {
        return new Window(Math.min(sink, 3), Math.min(left, 11), Math.min(right, 5));
    }

    @Override
    public String toString() {
        String sides = (left < 0 ? "open" : Integer.toString(left)) + "," + (right < 0 ? "open" : Integer.toString(right));
        return "window(" + sides + (sink > 0 ? ", sink " + sink : "") + ")";
    }
}
