package tessera.caches;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import tessera.DType;
import tessera.TesseraException;

/** Sequences of one cache in many threads, which hand them to each other and share their pages. */
class KvCacheThreadsTest {
    private static final int THREADS = 8;
    private static final int SEQUENCES = 10_000;
    private static final int AT_ONCE = 12;

    private final KvCache cache = new KvCache(new CacheSpec(ListModel.HEADS, ListModel.KEY_DIM, ListModel.VALUE_DIM, DType.F32, 500, 4, 500));
    private final Queue<ListModel> handedOver = new ConcurrentLinkedQueue<>();
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger numbers = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();
    private final AtomicLong shared = new AtomicLong();

    @Test
    void nothingIsLostAndNothingLeaks() throws Exception {
        List<ListModel> live = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS)) {
            List<Future<List<ListModel>>> runs = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                long seed = t;
                runs.add(threads.submit(() -> work(new SplittableRandom(seed))));
            }
            for (Future<List<ListModel>> run : runs) {
                live.addAll(run.get());
            }
        }
        live.addAll(handedOver);
        assertTrue(begun.get() >= SEQUENCES && refused.get() > 100 && shared.get() > 1000, begun + " begun, " + refused + " refused, " + shared + " shared");
        live.forEach(ListModel::check);
        assertEquals(live.size(), cache.usage().sequences());
        long held = live.stream().flatMapToInt(model -> Arrays.stream(model.sequence.table().there().pages())).distinct().count();
        assertEquals(cache.spec().pages() - held, cache.usage().freePages());
        live.forEach(model -> model.sequence.free());
        assertEquals(new Usage(cache.spec().bytes(), 0, 0, 0, cache.spec().pages(), 0, 0), cache.usage());
        everyPageCanBeTakenOnce();
    }

    private void everyPageCanBeTakenOnce() {
        ListModel all = ListModel.in(cache, 0, 0);
        all.append(1, (int) cache.spec().capacity());
        all.check();
        assertEquals(cache.spec().pages(), Arrays.stream(all.sequence.table().there().pages()).distinct().count());
    }

    /** Does as many things as there are sequences to begin, and a few dozens to each. */
    private List<ListModel> work(SplittableRandom random) {
        List<ListModel> mine = new ArrayList<>();
        while (begun.get() < SEQUENCES) {
            if (mine.isEmpty() || mine.size() < AT_ONCE && random.nextInt(20) == 0) {
                begun.incrementAndGet();
                mine.add(ListModel.in(cache, random.nextInt(5), random.nextInt(4) == 0 ? 1 + random.nextInt(20) : 0));
            }
            ListModel model = mine.get(random.nextInt(mine.size()));
            try {
                step(model, mine, random);
            } catch (TesseraException full) {
                refused.incrementAndGet();
                model.check();
                model.sequence.free();
                mine.remove(model);
            }
        }
        return mine;
    }

    private void step(ListModel model, List<ListModel> mine, SplittableRandom random) {
        int length = model.length();
        switch (random.nextInt(16)) {
            case 0, 1 -> {
                begun.incrementAndGet();
                shared.addAndGet(length);
                mine.add(model.fork(model.isRing() ? length : random.nextInt(length + 1)));
            }
            case 2 -> {
                if (length > 0 && !model.isRing()) {
                    model.compact(random, 1 + random.nextInt(length));
                }
            }
            case 3 -> {
                if (length > 0) {
                    int from = random.nextInt(length);
                    model.rewrite(from, number(length), 1 + random.nextInt(length - from));
                }
            }
            case 4, 5 -> {
                model.check();
                model.sequence.free();
                mine.remove(model);
            }
            case 6, 7 -> {
                mine.remove(model);
                handedOver.add(model);
                Optional.ofNullable(handedOver.poll()).ifPresent(mine::add);
            }
            case 8 -> model.check();
            case 9 -> assertTrue(cache.usage().taken() <= cache.spec().bytes());
            default -> {
                int count = random.nextInt(3) == 0 ? 1 + random.nextInt(40) : 1;
                model.append(number(count), count);
            }
        }
    }

    private int number(int count) {
        return numbers.getAndAdd(count) & 0xFFFFF;
    }

    /** Two threads that use one sequence at once, against the rule: each call is done whole or refused. */
    @Test
    void aSequenceInUseIsRefused() throws InterruptedException, ExecutionException {
        KvSequence sequence = cache.sequence();
        AtomicInteger done = new AtomicInteger();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<?>> runs = new ArrayList<>();
            for (int t = 0; t < 2; t++) {
                runs.add(threads.submit(() -> {
                    for (int n = 0; n < 900; n++) {
                        try {
                            sequence.append(ListModel.keys(n, 1), ListModel.values(n, 1));
                            done.incrementAndGet();
                        } catch (IllegalStateException e) {
                            assertTrue(e.getMessage().contains("in use by another thread"), e.getMessage());
                        }
                    }
                }));
            }
            for (Future<?> run : runs) {
                run.get();
            }
        }
        assertTrue(done.get() > 0);
        assertEquals(done.get(), sequence.length());
    }
}
