package tessera.caches;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;

/**
 * What attention over some sequences of a cache reads: its pages as they are, {@code pageTable [sequences, keys / pageSize]} and
 * {@code keyLengths [sequences]}. The tensors stay the same, so that a plan stays bound to them; after sequences have changed,
 * {@link #refresh} writes their tables and lengths again. Integers are decoded into pages of the view's own.
 */
public final class CacheView {
    private final KvCache cache;
    private final List<KvSequence> sequences;
    private final int columns;
    private final Tensor pageTable;
    private final Tensor keyLengths;
    private final Tokens decoded;

    CacheView(KvCache cache, int keys, List<KvSequence> sequences) {
        if (sequences.isEmpty() || keys < 1 || sequences.stream().anyMatch(sequence -> sequence.cache() != cache)) {
            throw new IllegalArgumentException("a view needs at least 1 key and at least 1 sequence, all of this cache, got " + keys + " keys and " + sequences);
        }
        this.cache = cache;
        this.sequences = List.copyOf(sequences);
        CacheSpec spec = cache.spec();
        columns = Math.ceilDiv(keys, spec.pageSize());
        pageTable = Tensor.zeros(DType.I32, Shape.of(sequences.size(), columns));
        keyLengths = Tensor.zeros(DType.I32, Shape.of(sequences.size()));
        decoded = spec.dtype() == DType.I8 ? cache.tokens(sequences.size() * columns, spec.pageSize()) : null;
        refresh();
    }

    /**
     * Reads where the tokens lie now.
     *
     * @throws IllegalArgumentException if a sequence has more tokens than the view has keys
     * @throws IllegalStateException if a sequence was freed
     */
    public void refresh() {
        for (int s = 0; s < sequences.size(); s++) {
            KvSequence sequence = sequences.get(s);
            PageTable there = sequence.table().there();
            if (there.pages().length > columns) {
                throw new IllegalArgumentException(sequence + " has " + sequence.length() + " tokens, the view room for "
                        + columns * cache.spec().pageSize() + "; make a view with more keys");
            }
            keyLengths.set(s, sequence.retention().length(there.count()));
            for (int n = 0; n < columns; n++) {
                pageTable.set(s * columns + n, n < there.pages().length ? page(s, n, there.pages()[n]) : -1);
            }
        }
    }

    private int page(int sequence, int number, int page) {
        if (decoded == null) {
            return page;
        }
        int own = sequence * columns + number;
        cache.pool().read(page, 0, decoded, own, 0, cache.spec().pageSize());
        return own;
    }

    /** Of {@code queries} new queries of each sequence; causal, if they are the sequence's last tokens. */
    public AttentionBuilder attention(int heads, int queries) {
        return over(AttentionSpec.of(sequences.size(), heads, queries, cache.spec().headDim()));
    }

    /** Of {@code tokens} queries in all, those of each sequence where {@code cuSeqlensQ} says, as the tokens of several prompts. */
    public AttentionBuilder ragged(int heads, int tokens) {
        return over(AttentionSpec.of(1, heads, tokens, cache.spec().headDim()).ragged(sequences.size()));
    }

    private AttentionBuilder over(AttentionBuilder builder) {
        CacheSpec spec = cache.spec();
        int pages = decoded == null ? spec.pages() : sequences.size() * columns;
        return builder.kvHeads(spec.kvHeads()).keys(columns * spec.pageSize()).valueDim(spec.valueDim()).paged(pages, spec.pageSize())
                .dtype(keys().dtype());
    }

    public Tensor keys() {
        return decoded == null ? cache.keys() : decoded.k();
    }

    public Tensor values() {
        return decoded == null ? cache.values() : decoded.v();
    }

    public Tensor pageTable() {
        return pageTable;
    }

    public Tensor keyLengths() {
        return keyLengths;
    }

    /** The inputs of {@link #attention} with those queries, to which others may be added. */
    public Map<String, Tensor> inputs(Tensor q) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        inputs.put("q", q);
        inputs.put("k", keys());
        inputs.put("v", values());
        inputs.put("keyLengths", keyLengths);
        inputs.put("pageTable", pageTable);
        return inputs;
    }
}
