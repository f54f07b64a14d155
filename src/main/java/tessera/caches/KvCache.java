package tessera.caches;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;

/**
 * Keys and values of many sequences in pages that they take as they grow, share after {@link KvSequence#fork}, and give back.
 *
 * {@snippet :
 * KvCache cache = new KvCache(CacheSpec.paged(8, 128, 512, 16));    // 512 pages of 16 tokens
 * KvSequence a = cache.sequence();
 * a.append(promptK, promptV);                                       // [1, 8, tokens, 128]
 * KvSequence b = a.fork();                                          // the same pages, until either writes
 * CacheView view = cache.view(4096, List.of(a, b));
 * try (var plan = Tessera.plan(view.attention(32, 1).causal().build(), device)) {
 *     for (;;) {
 *         a.append(nextK, nextV);
 *         view.refresh();
 *         plan.run(view.inputs(q));
 *     }
 * }
 * }
 *
 * <p>Nothing is written to disk, and nothing survives the process. The cache, {@link #sequence}, {@link #usage} and the pages are safe for
 * use by several threads; of sequences see {@link KvSequence}. On the JVM attention reads the pages where they are; other devices get a copy
 * of all pages with every run.
 */
public final class KvCache {
    private final CacheSpec spec;
    private final PagePool pool;
    private final Set<KvSequence> sequences = ConcurrentHashMap.newKeySet();
    private final AtomicLong names = new AtomicLong();

    /** @throws tessera.TesseraException if there is not enough memory */
    public KvCache(CacheSpec spec) {
        this.spec = spec;
        this.pool = new PagePool(spec);
    }

    public CacheSpec spec() {
        return spec;
    }

    /** A new sequence, of which every token stays. It has no pages yet. */
    public KvSequence sequence() {
        return sequence(Retention.ALL);
    }

    /** A new sequence. */
    public KvSequence sequence(Retention retention) {
        return adopt(retention, PageTable.EMPTY, null);
    }

    /** Of pages that it holds already. */
    KvSequence adopt(Retention retention, PageTable table, TokenMass mass) {
        KvSequence sequence = new KvSequence(this, "sequence " + names.incrementAndGet(), retention, table, mass);
        sequences.add(sequence);
        return sequence;
    }

    void forget(KvSequence sequence) {
        sequences.remove(sequence);
    }

    /** {@code [pages, kvHeads, pageSize, headDim]}, the cache's own. */
    public Tensor keys() {
        return pool.keys();
    }

    /** {@code [pages, kvHeads, pageSize, valueDim]}, the cache's own. */
    public Tensor values() {
        return pool.values();
    }

    /** Scales of keys {@code [pages, kvHeads, pageSize, 1]} stored as integers, the cache's own; null of other types. */
    public Tensor keyScales() {
        return pool.keyScales();
    }

    /** As {@link #keyScales}, of values. */
    public Tensor valueScales() {
        return pool.valueScales();
    }

    /**
     * What attention over those sequences needs, one for each batch; {@code keys} is the most that any of them will hold.
     *
     * @throws IllegalArgumentException if there is no sequence, or one of another cache
     */
    public CacheView view(int keys, List<KvSequence> batch) {
        return new CacheView(this, keys, batch);
    }

    /**
     * Of a contiguous cache, the tokens of each page (I32, {@code [pages]}), 0 of a free one: with {@link #keys} and {@link #values} the
     * inputs of an attention whose batch is the number of pages, with {@code keyLengths} and no page table. Of a page that several
     * sequences share, those of the longest.
     *
     * @throws IllegalArgumentException if sequences take several pages
     */
    public Tensor lengths() {
        if (!spec.isContiguous()) {
            throw new IllegalArgumentException("only contiguous caches have a page for each sequence, see CacheSpec.contiguous; use KvCache.view");
        }
        Tensor lengths = Tensor.zeros(DType.I32, Shape.of(spec.pages()));
        for (KvSequence sequence : sequences) {
            PageTable table = sequence.table().orNull();
            if (table != null && table.pages().length > 0) {
                int page = table.pages()[0];
                lengths.set(page, Math.max(lengths.get(page), sequence.retention().length(table.count())));
            }
        }
        return lengths;
    }

    /** What it holds now; while other threads change sequences, of each at some moment. */
    public Usage usage() {
        int[] filled = new int[spec.pages()];
        long unshared = 0;
        int count = 0;
        for (KvSequence sequence : sequences) {
            PageTable table = sequence.table().orNull();
            if (table == null) {
                continue;
            }
            int length = sequence.retention().length(table.count());
            for (int n = 0; n < table.pages().length; n++) {
                int page = table.pages()[n];
                filled[page] = Math.max(filled[page], Math.min(spec.pageSize(), length - n * spec.pageSize()));
            }
            unshared += length;
            count++;
        }
        long token = spec.bytesPerToken();
        int free = pool.free();
        return new Usage(spec.bytes(), (spec.pages() - free) * spec.pageSize() * token, Arrays.stream(filled).asLongStream().sum() * token,
                unshared * token, free, pool.shared(), count);
    }

    PagePool pool() {
        return pool;
    }

    /** A copy of the tokens {@code [from, end)} by age. */
    Tokens read(Retention retention, PageTable table, int from, int end) {
        Tokens tokens = tokens(1, end - from);
        for (int age = from; age < end; age++) {
            int slot = retention.slot(retention.token(age, table.count()));
            pool.read(table.pages()[slot / spec.pageSize()], slot % spec.pageSize(), tokens, 0, age - from, 1);
        }
        return tokens;
    }

    /** Zeros of this cache's sizes, to read into. */
    Tokens tokens(int batch, int count) {
        DType type = spec.dtype() == DType.I8 ? DType.F32 : spec.dtype();
        return new Tokens(Tensor.zeros(type, Shape.of(batch, spec.kvHeads(), count, spec.headDim())),
                Tensor.zeros(type, Shape.of(batch, spec.kvHeads(), count, spec.valueDim())));
    }

    /** For example {@code 3 pages of 16 tokens}. */
    String pages(int count) {
        return count + (count == 1 ? " page of " : " pages of ") + spec.pageSize() + " tokens";
    }

    /** The tokens of a single sequence. */
    int requireOne(Tensor k, Tensor v) {
        int tokens = k.shape().rank() == 4 ? k.shape().dim(2) : 1;
        requireFit(k, v, 0, 0, tokens);
        if (k.shape().dim(0) != 1 || v.shape().dim(0) != 1 || v.shape().dim(2) != tokens) {
            throw new IllegalArgumentException("k and v must have one batch and as many tokens, got " + k.shape() + " and " + v.shape()
                    + "; KvSequence.append(k, v, batch, from, end) takes a part of larger ones");
        }
        return tokens;
    }

    void requireFit(Tensor k, Tensor v, int batch, int from, int end) {
        requireFit("k", k, spec.headDim(), batch, from, end);
        requireFit("v", v, spec.valueDim(), batch, from, end);
    }

    private void requireFit(String name, Tensor x, int dim, int batch, int from, int end) {
        Shape shape = x.shape();
        if (shape.rank() != 4 || shape.dim(1) != spec.kvHeads() || shape.dim(3) != dim || !x.dtype().isFloat()) {
            throw new IllegalArgumentException(name + " must be F32, F16 or BF16 and [batch, " + spec.kvHeads() + ", tokens, " + dim + "], got "
                    + x);
        }
        if (batch < 0 || batch >= shape.dim(0) || from < 0 || from >= end || end > shape.dim(2)) {
            throw new IllegalArgumentException("tokens " + from + " to " + end + " of batch " + batch + " are none of " + name + ", which is " + shape);
        }
    }
}
