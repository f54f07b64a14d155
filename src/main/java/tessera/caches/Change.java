package tessera.caches;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import tessera.Tensor;
import tessera.TesseraException;

/**
 * Tokens that are about to be written into a sequence. First all pages are taken that this needs, for new slots and for copies of shared
 * pages; if there are too few, nothing has happened. What is written then can no longer be refused.
 */
final class Change {

    /** {@code count} tokens, the first of them {@code token} of those given, for slots of one page from {@code slot} on. */
    private record Run(int token, int slot, int count) {
    }

    private final KvCache cache;
    private final PageTable before;
    private final PageTable after;
    private final List<Run> runs;
    private final List<Integer> copied;
    private final int[] fresh;

    private Change(KvCache cache, String name, PageTable before, int tokens, int newTokens, int length, List<Run> runs) {
        CacheSpec spec = cache.spec();
        this.cache = cache;
        this.before = before;
        this.runs = runs;
        int kept = before.pages().length;
        copied = runs.stream().map(run -> run.slot() / spec.pageSize()).distinct()
                .filter(n -> n < kept && cache.pool().isShared(before.pages()[n])).toList();
        int added = Math.max(0, Math.ceilDiv(length, spec.pageSize()) - kept);
        if (kept + added > spec.sequencePages()) {
            throw new TesseraException(name + " cannot grow to " + length + " tokens: a sequence of this cache may hold " + spec.capacity()
                    + "; compact it, keep fewer tokens with Retention.ring, or make a cache with room for longer sequences");
        }
        fresh = cache.pool().take(copied.size() + added);
        if (fresh == null) {
            throw new TesseraException(name + " cannot take " + tokens + " tokens: it needs " + cache.pages(copied.size() + added)
                    + (copied.isEmpty() ? "" : ", " + copied.size() + " of them to copy what it shares") + ", and " + cache.pool().free() + " of "
                    + spec.pages() + " are free; free, compact or evict from a sequence, or make a larger cache");
        }
        int[] pages = fresh.length == 0 ? before.pages() : Arrays.copyOf(before.pages(), kept + added);
        for (int n = 0; n < fresh.length; n++) {
            pages[n < copied.size() ? copied.get(n) : kept + n - copied.size()] = fresh[n];
        }
        after = new PageTable(pages, before.count() + newTokens, before.appended() + newTokens);
    }

    /** Tokens behind those that there are. */
    static Change append(KvCache cache, String name, Retention retention, PageTable before, int tokens) {
        long end = before.count() + tokens;
        List<Run> runs = new ArrayList<>();
        for (Retention.Span span : retention.kept(before.count(), end)) {
            addRuns(runs, cache.spec().pageSize(), retention, span, before.count());
        }
        return new Change(cache, name, before, tokens, tokens, retention.length(end), runs);
    }

    /** Other tokens in the place of those there are, from one on by age. */
    static Change rewrite(KvCache cache, String name, Retention retention, PageTable before, int from, int tokens) {
        List<Run> runs = new ArrayList<>();
        for (int age = from; age < from + tokens; age++) {
            long token = retention.token(age, before.count());
            addRuns(runs, cache.spec().pageSize(), retention, new Retention.Span(token, token + 1), token - age + from);
        }
        return new Change(cache, name, before, tokens, 0, retention.length(before.count()), runs);
    }

    private static void addRuns(List<Run> runs, int pageSize, Retention retention, Retention.Span span, long first) {
        for (long token = span.first(); token < span.end();) {
            int slot = retention.slot(token);
            int count = (int) Math.min(Math.min(span.end() - token, retention.run(token)), pageSize - slot % pageSize);
            runs.add(new Run((int) (token - first), slot, count));
            token += count;
        }
    }

    /** Gives the pages back that were taken. */
    void cancel() {
        cache.pool().release(fresh);
    }

    /**
     * Writes the tokens from {@code from} on of a batch of k and v, and lets go of the pages that were copied.
     *
     * @return where the sequence's tokens lie now
     */
    PageTable write(Tensor k, Tensor v, int batch, int from) {
        int size = cache.spec().pageSize();
        copied.forEach(n -> cache.pool().copyPage(before.pages()[n], after.pages()[n]));
        runs.forEach(run -> cache.pool().write(k, v, batch, from + run.token(), after.pages()[run.slot() / size], run.slot() % size, run.count()));
        cache.pool().release(copied.stream().mapToInt(n -> before.pages()[n]).toArray());
        return after;
    }

    /** Slots that are written. */
    int[] slots() {
        return runs.stream().flatMapToInt(run -> IntStream.range(run.slot(), run.slot() + run.count())).toArray();
    }
}
