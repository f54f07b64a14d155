package tessera.caches;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import tessera.DType;
import tessera.TesseraException;

/** Whatever is done to sequences, they hold what lists hold, and the pages and bytes add up after every step. */
class KvCachePropertyTest {

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void sequencesHoldWhatListsHold(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int pages, @ForAll @IntRange(min = 1, max = 7) int pageSize,
            @ForAll boolean contiguous) {
        CacheSpec spec = new CacheSpec(ListModel.HEADS, ListModel.KEY_DIM, ListModel.VALUE_DIM, DType.F32, pages, pageSize, contiguous ? 1 : pages);
        KvCache cache = new KvCache(spec);
        SplittableRandom random = new SplittableRandom(seed);
        List<ListModel> live = new ArrayList<>();
        int number = 1;
        for (int step = 0; step < 60; step++) {
            if (live.isEmpty() || random.nextInt(8) == 0) {
                live.add(ListModel.in(cache, random.nextInt(3), random.nextInt(4) == 0 ? 1 + random.nextInt(9) : 0));
            }
            ListModel model = live.get(random.nextInt(live.size()));
            int length = model.length();
            int count = 1 + random.nextInt(12);
            try {
                switch (random.nextInt(8)) {
                    case 0 -> live.add(model.fork(length));
                    case 1 -> live.add(model.fork(model.isRing() ? length : random.nextInt(length + 1)));
                    case 2 -> {
                        if (length > 0 && !model.isRing()) {
                            model.compact(random, 1 + random.nextInt(length));
                        }
                    }
                    case 3 -> {
                        if (length > 0) {
                            int from = random.nextInt(length);
                            model.rewrite(from, number, 1 + random.nextInt(length - from));
                        }
                    }
                    case 4 -> {
                        model.sequence.free();
                        live.remove(model);
                    }
                    default -> model.append(number, count);
                }
            } catch (TesseraException refused) {
                assertEquals(length, model.sequence.length());
            }
            number += 20;
            live.forEach(ListModel::check);
            checkUsage(cache, live);
        }
        live.forEach(model -> model.sequence.free());
        assertEquals(new Usage(spec.bytes(), 0, 0, 0, pages, 0, 0), cache.usage());
    }

    private static void checkUsage(KvCache cache, List<ListModel> live) {
        Set<Integer> held = new HashSet<>();
        Set<Integer> shared = new HashSet<>();
        Set<Integer> slots = new HashSet<>();
        int size = cache.spec().pageSize();
        for (ListModel model : live) {
            int[] pages = model.sequence.table().there().pages();
            assertEquals(Math.ceilDiv(model.length(), size), pages.length);
            IntStream.of(pages).filter(page -> !held.add(page)).forEach(shared::add);
            IntStream.range(0, model.length()).forEach(n -> slots.add(pages[n / size] * size + n % size));
        }
        long token = cache.spec().bytesPerToken();
        assertEquals(new Usage(cache.spec().bytes(), held.size() * size * token, slots.size() * token,
                live.stream().mapToLong(ListModel::length).sum() * token, cache.spec().pages() - held.size(), shared.size(), live.size()), cache.usage());
    }
}
