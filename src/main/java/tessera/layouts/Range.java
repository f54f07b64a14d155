package tessera.layouts;

import tessera.AttentionSpec;

/**
 * Two runs of keys for each query i: the sinks {@code [0, sink)}, then what lies beyond them of the window
 * {@code [i + first, i + last]}; both cut at {@code i + diagonal} and at the end of the sequence.
 *
 * @param name FULL where nothing is cut, else RANGE
 */
public record Range(String name, int sink, int first, int last, int diagonal) implements Layout {

    static Range of(AttentionSpec spec, int sink, int left, int right) {
        int offset = spec.offset();
        int diagonal = spec.causal() ? offset : spec.keys();
        int first = left < 0 ? -spec.queries() : (int) Math.max((long) offset - left, -spec.queries());
        int last = right < 0 ? diagonal : (int) Math.min((long) offset + right, diagonal);
        boolean full = left < 0 && right < 0 && !spec.causal();
        return new Range(full ? "FULL" : "RANGE", Math.min(sink, spec.keys()), first, last, diagonal);
    }

    @Override
    public long pairs(AttentionSpec spec) {
        long pairs = 0;
        for (int i = 0; i < spec.queries(); i++) {
            pairs += visible(spec, i);
        }
        return pairs * spec.batch() * spec.heads();
    }

    /** Number of keys that query i sees: the sinks up to its diagonal, and its window beyond them. */
    public int visible(AttentionSpec spec, int i) {
        int start = Math.max(sinks(i), i + first);
        int end = Math.min(spec.keys(), i + last + 1);
        return sinks(i) + Math.max(0, end - start);
    }

    /** Number of sinks that query i sees. */
    public int sinks(int i) {
        return Math.clamp(i + diagonal + 1, 0, sink);
    }
}
