package tessera.caches;

import tessera.DType;
import tessera.Shape;
import tessera.Tensor;

/**
 * The keys and values of one sequence in a {@link KvCache}. It grows by pages, so that no earlier token is ever moved to make room.
 * Slot j of a head holds its j-th token, but in a ring, where {@link #positions} says which it is; after {@link #compact(int[][])}
 * each head may hold other tokens.
 *
 * <p>Every method that cannot do what is asked leaves the sequence as it was. One thread at a time may use a sequence, different
 * sequences of a cache may be used by different threads at once, also where they share pages. While attention reads a sequence, nobody
 * may change it.
 */
public final class KvSequence {
    private final KvCache cache;
    private final String name;
    private final Retention retention;
    private final Exclusive table;
    private TokenMass mass;

    KvSequence(KvCache cache, String name, Retention retention, PageTable table, TokenMass mass) {
        this.cache = cache;
        this.name = name;
        this.retention = retention;
        this.table = new Exclusive(name, table);
        this.mass = mass;
    }

    /** Tokens that are in the cache, for each head. */
    public int length() {
        return retention.length(table.there().count());
    }

    /** Tokens that ever came: the position of the next one, where positions are not counted in the cache. */
    public long appended() {
        return table.there().appended();
    }

    /**
     * Appends all tokens of {@code k [1, kvHeads, tokens, headDim]} and {@code v [1, kvHeads, tokens, valueDim]}, of any type of real
     * numbers: many of a prompt, or one.
     *
     * @throws IllegalArgumentException if a shape or type does not fit
     * @throws tessera.TesseraException if there is no room, saying how much is missing and what would make it
     * @throws IllegalStateException if the sequence was freed, or another thread is using it
     */
    public void append(Tensor k, Tensor v) {
        append(k, v, 0, 0, cache.requireOne(k, v));
    }

    /** As {@link #append(Tensor, Tensor)}, the tokens {@code [from, end)} of one of several batches. */
    public void append(Tensor k, Tensor v, int batch, int from, int end) {
        cache.requireFit(k, v, batch, from, end);
        table.change(there -> {
            Change change = Change.append(cache, name, retention, there, end - from);
            if (mass != null) {
                mass.clear(change.slots());
            }
            return change.write(k, v, batch, from);
        });
    }

    /**
     * Writes keys and values in the place of those there are, from token {@code from} on, the oldest being 0 (ReSA,
     * arXiv:2506.04108). Throws as {@link #append(Tensor, Tensor)} does.
     */
    public void rewrite(int from, Tensor k, Tensor v) {
        int count = cache.requireOne(k, v);
        table.change(there -> {
            if (from < 0 || count > retention.length(there.count()) - from) {
                throw new IllegalArgumentException("tokens to rewrite must be between 0 and " + retention.length(there.count()) + " of " + name + ", got "
                        + from + " to " + (from + count));
            }
            return Change.rewrite(cache, name, retention, there, from, count).write(k, v, 0, 0);
        });
    }

    /** Another sequence with the same tokens, in the same pages; whichever writes a shared page first gets a copy of that page. */
    public KvSequence fork() {
        return fork(length());
    }

    /**
     * Another sequence with the first {@code length} tokens, in the same pages.
     *
     * @throws IllegalArgumentException if there are fewer tokens, or if it is a part of a ring that has gone round
     */
    public KvSequence fork(int length) {
        return table.use(there -> {
            int all = retention.length(there.count());
            if (length < 0 || length > all || length < all && there.count() > all) {
                throw new IllegalArgumentException(name + " can be forked with " + (there.count() > all ? "all " : "up to ") + all + " tokens, got " + length
                        + (there.count() > all ? "; its ring has gone round, so that it has no first tokens" : ""));
            }
            PageTable prefix = there.first(length, all, cache.spec().pageSize());
            cache.pool().share(prefix.pages());
            return cache.adopt(retention, prefix, mass == null ? null : mass.first(length));
        });
    }

    /**
     * Keeps only some tokens of each head, in their order, and gives back the pages that this empties. The lists are slots, as the
     * {@code keyBlocks} of a SELECT over single tokens have them: {@code [batch, 1, kvHeads or 1, lists]}, -1 for none.
     *
     * @throws IllegalArgumentException if a list names what is no slot, the same one twice, or not as many as that of another head; for rings
     * @throws tessera.TesseraException if a shared page must be copied and none is free
     */
    public void compact(Tensor keyBlocks, int batch) {
        compact(KeepLists.of(keyBlocks, batch, cache.spec().kvHeads()));
    }

    /** As {@link #compact(Tensor, int)}, with the slots that each head keeps. */
    public void compact(int[][] keep) {
        table.change(there -> {
            if (!(retention instanceof Retention.All)) {
                throw new IllegalArgumentException(name + " is a ring, which chooses its tokens itself; compact sequences that retain all");
            }
            int[][] slots = KeepLists.checked(keep, cache.spec().kvHeads(), retention.length(there.count()));
            PageTable compacted = new Compaction(cache, there, slots).run(name);
            if (mass != null) {
                mass.keep(slots);
            }
            return compacted;
        });
    }

    /** Adds what an attention over this sequence gave as {@code columnMass [batch, heads, keys]} to the mass of its tokens. */
    public void weigh(Tensor columnMass, int batch) {
        table.change(there -> {
            TokenMass sums = mass == null ? new TokenMass(cache.spec().kvHeads()) : mass;
            sums.add(columnMass, batch, retention.length(there.count()));
            mass = sums;
            return there;
        });
    }

    /** What each token has weighed so far, {@code [1, kvHeads, length]}: the input {@code mass} of a SELECT. */
    public Tensor mass() {
        return (mass == null ? new TokenMass(cache.spec().kvHeads()) : mass).tensor(length());
    }

    /**
     * Keeps {@code count} tokens of each head: the last {@code recent}, and of the others those that weigh most (H2O,
     * arXiv:2306.14048). Nothing happens if there are no more. Throws as {@link #compact(int[][])} does.
     */
    public void evict(int count, int recent) {
        if (count < 1 || recent < 0) {
            throw new IllegalArgumentException("count must be at least 1 and recent at least 0, got " + count + " and " + recent);
        }
        int length = length();
        if (length > count) {
            float[][] sums = (mass == null ? new TokenMass(cache.spec().kvHeads()) : mass).sums(length);
            compact(KeepLists.heaviest(sums, length, count, recent));
        }
    }

    /** Of each slot, the token's place by age among those in the cache (I32, {@code [1, length]}): positions for ROPE that count in the cache. */
    public Tensor positions() {
        PageTable there = table.there();
        Tensor positions = Tensor.zeros(DType.I32, Shape.of(1, retention.length(there.count())));
        for (int age = 0; age < positions.shape().elements(); age++) {
            positions.set(retention.slot(retention.token(age, there.count())), age);
        }
        return positions;
    }

    /** A copy of the tokens {@code [from, end)} by age, as float32 where they are stored as integers. */
    public Tokens read(int from, int end) {
        return table.use(there -> {
            if (from < 0 || from >= end || end > retention.length(there.count())) {
                throw new IllegalArgumentException("tokens to read must be between 0 and " + retention.length(there.count()) + " of " + name + ", got "
                        + from + " to " + end);
            }
            return cache.read(retention, there, from, end);
        });
    }

    /** Gives all pages back that no other sequence holds. */
    public void free() {
        table.change(there -> {
            cache.forget(this);
            cache.pool().release(there.pages());
            return null;
        });
    }

    Exclusive table() {
        return table;
    }

    /** Where it lies. */
    public KvCache cache() {
        return cache;
    }

    Retention retention() {
        return retention;
    }

    /** For example {@code sequence 3}. */
    @Override
    public String toString() {
        return name;
    }
}
