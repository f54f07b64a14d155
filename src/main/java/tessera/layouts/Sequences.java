package tessera.layouts;

import java.util.Map;
import tessera.Arrangement;
import tessera.AttentionSpec;
import tessera.Tensor;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Where the tokens of each sequence lie: a sequence is a batch, or one of a ragged batch. Without a run's inputs the sequences are
 * as long as they can be.
 */
public final class Sequences {
    private final AttentionSpec spec;
    private final Arrangement arrangement;
    private final int[] queryStarts;
    private final int[] keyStarts;
    private final int[] lengths;
    private final IntArray pageTable;

    private Sequences(AttentionSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.arrangement = spec.arrangement();
        queryStarts = starts("cuSeqlensQ", inputs, spec.queries());
        keyStarts = starts("cuSeqlensK", inputs, spec.keys());
        lengths = lengths(inputs);
        pageTable = inputs.containsKey("pageTable") ? (IntArray) inputs.get("pageTable").data() : null;
        requirePages();
    }

    /** As long as the spec allows. */
    public static Sequences of(AttentionSpec spec) {
        return new Sequences(spec, Map.of());
    }

    /** @throws IllegalArgumentException if a length, start or page of the inputs lies outside of its bounds, naming it */
    public static Sequences of(AttentionSpec spec, Map<String, Tensor> inputs) {
        return new Sequences(spec, inputs);
    }

    private int[] starts(String name, Map<String, Tensor> inputs, int tokens) {
        if (!inputs.containsKey(name)) {
            return null;
        }
        IntArray given = (IntArray) inputs.get(name).data();
        int[] starts = new int[given.getSize()];
        for (int s = 0; s < starts.length; s++) {
            starts[s] = given.get(s);
            if (s == 0 ? starts[0] != 0 : starts[s] < starts[s - 1] || starts[s] > tokens) {
                throw new IllegalArgumentException(name + " must begin at 0, never fall and end at most at " + tokens + ", got " + starts[s] + " at " + s);
            }
        }
        return starts;
    }

    private int[] lengths(Map<String, Tensor> inputs) {
        int[] result = new int[Math.max(spec.batch(), arrangement.sequences())];
        for (int s = 0; s < result.length; s++) {
            result[s] = keyStarts != null ? keyStarts[s + 1] - keyStarts[s] : spec.keys();
            if (inputs.containsKey("keyLengths")) {
                result[s] = ((IntArray) inputs.get("keyLengths").data()).get(s);
            }
            if (result[s] < 0 || result[s] > spec.keys()) {
                throw new IllegalArgumentException("keyLengths[" + s + "] must be between 0 and keys = " + spec.keys() + ", got " + result[s]);
            }
        }
        return result;
    }

    private void requirePages() {
        for (int s = 0; pageTable != null && s < lengths.length; s++) {
            for (int n = 0; n < Math.ceilDiv(lengths[s], arrangement.pageSize()); n++) {
                int page = page(s, n);
                if (page < 0 || page >= arrangement.pages()) {
                    throw new IllegalArgumentException("pageTable[" + s + ", " + n + "] must be between 0 and " + (arrangement.pages() - 1) + ", got " + page);
                }
            }
        }
    }

    private int page(int sequence, int n) {
        return pageTable.get(sequence * (spec.keys() / arrangement.pageSize()) + n);
    }

    /** The sequence of a query, -1 if it belongs to none. */
    int of(int batch, int query) {
        if (queryStarts == null) {
            return batch;
        }
        for (int s = 0; s + 1 < queryStarts.length; s++) {
            if (query < queryStarts[s + 1]) {
                return s;
            }
        }
        return -1;
    }

    /** Number of keys of a sequence. */
    public int keys(int sequence) {
        return lengths[sequence];
    }

    /** Number among all keys of a sequence's first one. */
    int firstKey(int sequence) {
        return keyStarts == null ? 0 : keyStarts[sequence];
    }

    /** Position of a query of a batch among all keys; {@code nowhere} if it belongs to no sequence. */
    public int position(int batch, int query, int nowhere) {
        int sequence = of(batch, query);
        return sequence < 0 ? nowhere : firstKey(sequence) + ownPosition(sequence, query);
    }

    /** Position of a query among the keys of its sequence. */
    int ownPosition(int sequence, int query) {
        int start = queryStarts == null ? 0 : queryStarts[sequence];
        int queries = queryStarts == null ? spec.queries() : queryStarts[sequence + 1] - start;
        return query - start + spec.alignment().offset(queries, lengths[sequence]);
    }

    /** Adds the runs that hold the keys {@code [from, to)} of a sequence. */
    void add(RunList runs, int sequence, int from, int to) {
        if (arrangement.pages() == 0) {
            runs.add(firstKey(sequence) + from, firstKey(sequence) + from, to - from);
            return;
        }
        int size = arrangement.pageSize();
        for (int start = from; start < to; start = (start / size + 1) * size) {
            int page = pageTable == null ? 0 : page(sequence, start / size);
            runs.add(page * spec.kvHeads() * size + start % size, start, Math.min(to, (start / size + 1) * size) - start);
        }
    }
}
