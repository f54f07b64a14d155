package tessera.caches;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import tessera.TesseraException;

/** Moves the tokens that each head keeps together, in their order; pages behind them are given back. */
final class Compaction {
    private final KvCache cache;
    private final PageTable before;
    private final int[][] keep;
    private final int size;

    /** @param keep slots that each head keeps, ascending, as many of each head */
    Compaction(KvCache cache, PageTable before, int[][] keep) {
        this.cache = cache;
        this.before = before;
        this.keep = keep;
        this.size = cache.spec().pageSize();
    }

    /** @throws TesseraException if a shared page would have to be written and no page is free for its copy; nothing has happened then */
    PageTable run(String name) {
        int tokens = keep[0].length;
        int count = Math.ceilDiv(tokens, size);
        int[] pages = Arrays.copyOf(before.pages(), count);
        List<Integer> moved = IntStream.range(0, count).filter(n -> !staysPut(n)).boxed().toList();
        List<Integer> shared = moved.stream().filter(n -> cache.pool().isShared(pages[n])).toList();
        int[] fresh = cache.pool().take(shared.size());
        if (fresh == null) {
            throw new TesseraException(name + " cannot be compacted: it needs " + cache.pages(shared.size()) + " to copy what it shares, and "
                    + cache.pool().free() + " of " + cache.spec().pages() + " are free; free a sequence, or make a larger cache");
        }
        List<Integer> left = new ArrayList<>();
        for (int n = 0; n < fresh.length; n++) {
            left.add(pages[shared.get(n)]);
            pages[shared.get(n)] = fresh[n];
        }
        moved.forEach(n -> fill(pages[n], n));
        IntStream.range(count, before.pages().length).map(n -> before.pages()[n]).forEach(left::add);
        cache.pool().release(left.stream().mapToInt(Integer::intValue).toArray());
        return new PageTable(pages, tokens, before.appended());
    }

    private boolean staysPut(int page) {
        return Arrays.stream(keep).allMatch(slots -> IntStream.range(page * size, Math.min((page + 1) * size, slots.length)).allMatch(n -> slots[n] == n));
    }

    /** Sources never lie before their target, so that what is overwritten has been moved already. */
    private void fill(int page, int number) {
        for (int head = 0; head < keep.length; head++) {
            for (int n = number * size; n < Math.min((number + 1) * size, keep[head].length); n++) {
                int from = keep[head][n];
                if (before.pages()[from / size] != page || from != n) {
                    cache.pool().copyToken(head, before.pages()[from / size], from % size, page, n % size);
                }
            }
        }
    }
}
