package tessera.caches;

import tessera.DType;
import tessera.Tensor;

/**
 * A sequence whose last tokens, at least {@code residual} of them, stay as they came, while those before them are stored as integers (KIVI,
 * arXiv:2402.02750): two sequences, one in a cache of each kind. Tokens move from one to the other by whole pages. Attention goes over
 * both and is merged by the log-sum-exp; queries that are the sequence's last tokens see all of {@link #older}, and {@link #recent}
 * causally. Threads as for {@link KvSequence}.
 */
public final class QuantisedSequence {
    private final KvSequence older;
    private final KvSequence recent;
    private final int residual;

    /**
     * An empty one.
     *
     * @param older a cache of type I8
     * @param recent a cache of real numbers, with pages of the same size
     * @throws IllegalArgumentException if the caches do not fit each other, or residual is less than 1
     */
    public QuantisedSequence(KvCache older, KvCache recent, int residual) {
        this(older.sequence(), recent.sequence(), residual);
        CacheSpec expected = new CacheSpec(recent.spec().kvHeads(), recent.spec().headDim(), recent.spec().valueDim(), DType.I8, older.spec().pages(),
                recent.spec().pageSize(), older.spec().sequencePages());
        if (residual < 1 || recent.spec().dtype() == DType.I8 || !older.spec().equals(expected)) {
            free();
            throw new IllegalArgumentException("residual must be at least 1, and older as recent but for type I8 and its number of pages, got " + residual
                    + ", " + older.spec() + " and " + recent.spec());
        }
    }

    private QuantisedSequence(KvSequence older, KvSequence recent, int residual) {
        this.older = older;
        this.recent = recent;
        this.residual = residual;
    }

    /** Tokens stored as integers; all of them come before those of {@link #recent}. */
    public KvSequence older() {
        return older;
    }

    public KvSequence recent() {
        return recent;
    }

    public int length() {
        return older.length() + recent.length();
    }

    /** As {@link KvSequence#append(Tensor, Tensor)}; where either cache has no room, both stay as they were. */
    public void append(Tensor k, Tensor v) {
        KvCache cache = recent.cache();
        int tokens = cache.requireOne(k, v);
        recent.table().change(there -> {
            int size = cache.spec().pageSize();
            int before = (int) there.count();
            int moved = Math.max(0, before + tokens - residual) / size * size;
            int left = Math.min(moved, before);
            Change change = Change.append(cache, recent.toString(), Retention.ALL, there.without(left, size), tokens - (moved - left));
            try {
                move(left > 0 ? cache.read(Retention.ALL, there, 0, left) : null, left, k, v, moved);
            } catch (RuntimeException e) {
                change.cancel();
                throw e;
            }
            PageTable after = change.write(k, v, 0, moved - left);
            cache.pool().release(there.first(left, before, size).pages());
            return after;
        });
    }

    /** Tokens that were recent, then new ones, {@code moved} in all. */
    private void move(Tokens first, int left, Tensor k, Tensor v, int moved) {
        if (moved == 0) {
            return;
        }
        Tokens all = older.cache().tokens(1, moved);
        CacheSpec spec = older.cache().spec();
        for (int head = 0; head < spec.kvHeads(); head++) {
            if (left > 0) {
                copy(first.k(), all.k(), head, 0, left, spec.headDim());
                copy(first.v(), all.v(), head, 0, left, spec.valueDim());
            }
            copy(k, all.k(), head, left, moved - left, spec.headDim());
            copy(v, all.v(), head, left, moved - left, spec.valueDim());
        }
        older.append(all.k(), all.v());
    }

    private static void copy(Tensor from, Tensor to, int head, int token, int count, int dim) {
        from.copyTo(head * from.shape().dim(2) * dim, to, (head * to.shape().dim(2) + token) * dim, count * dim);
    }

    /** Another sequence with the same tokens, as {@link KvSequence#fork()}. */
    public QuantisedSequence fork() {
        return new QuantisedSequence(older.fork(), recent.fork(), residual);
    }

    /** Gives the pages of both back. */
    public void free() {
        older.free();
        recent.free();
    }
}
