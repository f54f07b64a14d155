package tessera.layouts;

import tessera.AttentionSpec;
import tessera.masks.Window;

/** What consecutive queries see of keys that are listed for all of them: a window, causality and the length of the sequence cut it. */
final class Cut {
    private static final long NEVER = 1L << 40;

    private final RunList runs;
    private final boolean causal;
    private final int sink;
    private final int first;
    private final int last;
    private final int length;
    private final long left;
    private final long right;

    /**
     * @param first position of the first query among the keys
     * @param rows number of queries
     * @param length keys of the sequence
     */
    Cut(AttentionSpec spec, Window window, int first, int rows, int length, RunList runs) {
        this.runs = runs;
        this.causal = spec.causal();
        this.sink = window.sink();
        this.first = first;
        this.last = first + rows - 1;
        this.length = length;
        this.left = window.left() < 0 ? NEVER : window.left();
        this.right = window.right() < 0 ? NEVER : window.right();
    }

    /** Adds the runs of the keys {@code [from, to)}, with bits where some of the queries see a key and others do not. */
    void add(int from, int to) {
        int end = Math.min(to, length);
        for (int start = from; start < end;) {
            int stop = nextEdge(start, end);
            if (lowest(start) <= first && highest(start) >= last) {
                runs.add(start, start, stop - start);
            } else if (lowest(start) <= last && highest(start) >= first) {
                runs.add(start, start, stop - start, bits(start, stop));
            }
            start = stop;
        }
    }

    /** Between two edges all keys are seen by all queries, by none, or by some. */
    private int nextEdge(int key, int end) {
        long[] edges = {sink, first + 1L, last + 1L, first + right + 1, last + right + 1, first - left, last - left};
        long next = end;
        for (long edge : edges) {
            next = edge > key ? Math.min(next, edge) : next;
        }
        return (int) next;
    }

    /** The first position that sees a key. */
    private long lowest(int key) {
        return Math.max(causal ? key : -NEVER, key < sink ? -NEVER : key - right);
    }

    /** The last position that sees a key. */
    private long highest(int key) {
        return key < sink ? NEVER : key + left;
    }

    private int[] bits(int from, int to) {
        int words = Math.ceilDiv(to - from, 32);
        int[] seen = new int[(last - first + 1) * words];
        for (int key = from; key < to; key++) {
            for (long position = Math.max(first, lowest(key)); position <= Math.min(last, highest(key)); position++) {
                seen[(int) (position - first) * words + (key - from) / 32] |= 1 << (key - from) % 32;
            }
        }
        return seen;
    }
}
