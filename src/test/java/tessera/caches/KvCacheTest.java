package tessera.caches;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.TesseraException;

/** Bytes, pages and refusals, by known numbers. */
class KvCacheTest {
    private static final int TOKEN = 2 * (3 + 2) * 4;

    private static KvCache paged(int pages, int size) {
        return new KvCache(CacheSpec.paged(ListModel.HEADS, ListModel.KEY_DIM, pages, size).withValueDim(ListModel.VALUE_DIM));
    }

    private static String refusal(Class<? extends Exception> type, Runnable what) {
        return assertThrows(type, what::run).getMessage();
    }

    @Test
    void bytesOfATokenAreThoseOfTheSurveys() {
        assertEquals(2 * 32 * 128 * 2, CacheSpec.paged(32, 128, 1, 16).withDType(DType.F16).bytesPerToken());
        assertEquals(2 * 8 * 128 * 4, CacheSpec.paged(8, 128, 1, 16).bytesPerToken());
        assertEquals((512 + 64) * 2, CacheSpec.paged(1, 64, 1, 16).withValueDim(512).withDType(DType.BF16).bytesPerToken());
        assertEquals(2 * 8 * (128 + 4), CacheSpec.paged(8, 128, 1, 16).withDType(DType.I8).bytesPerToken());
    }

    @Test
    void aForkSharesUntilOneOfThemWrites() {
        KvCache cache = paged(10, 4);
        ListModel a = ListModel.in(cache, 0, 0);
        a.append(1, 10);
        assertEquals(new Usage(40 * TOKEN, 12 * TOKEN, 10 * TOKEN, 10 * TOKEN, 7, 0, 1), cache.usage());
        ListModel b = a.fork(10);
        ListModel c = a.fork(8);
        assertEquals(new Usage(40 * TOKEN, 12 * TOKEN, 10 * TOKEN, 28 * TOKEN, 7, 3, 3), cache.usage());
        c.append(50, 1);
        assertEquals(new Usage(40 * TOKEN, 16 * TOKEN, 11 * TOKEN, 29 * TOKEN, 6, 3, 3), cache.usage());
        b.append(60, 1);
        assertEquals(new Usage(40 * TOKEN, 20 * TOKEN, 14 * TOKEN, 30 * TOKEN, 5, 2, 3), cache.usage());
        a.append(70, 1);
        assertEquals(5, cache.usage().freePages());
        a.rewrite(3, 80, 2);
        assertEquals(3, cache.usage().freePages());
        List.of(a, b, c).forEach(ListModel::check);
        a.sequence.free();
        b.sequence.free();
        assertEquals(new Usage(40 * TOKEN, 12 * TOKEN, 9 * TOKEN, 9 * TOKEN, 7, 0, 1), cache.usage());
        c.check();
    }

    @Test
    void growingMovesNothing() {
        KvCache cache = paged(10, 4);
        ListModel a = ListModel.in(cache, 0, 0);
        a.append(1, 6);
        int[] before = a.sequence.table().there().pages();
        a.append(10, 30);
        int[] after = a.sequence.table().there().pages();
        assertEquals(before[0], after[0]);
        assertEquals(before[1], after[1]);
        assertEquals(1, cache.usage().freePages());
    }

    @Test
    void whatDoesNotFitIsRefusedWhole() {
        KvCache cache = paged(4, 4);
        ListModel a = ListModel.in(cache, 0, 0);
        a.append(1, 10);
        ListModel b = a.fork(10);
        String message = refusal(TesseraException.class, () -> b.append(20, 6));
        assertEquals("sequence 2 cannot take 6 tokens: it needs 2 pages of 4 tokens, 1 of them to copy what it shares, and 1 of 4 are free;"
                + " free, compact or evict from a sequence, or make a larger cache", message);
        b.check();
        a.check();
        assertEquals(1, cache.usage().freePages());
        b.append(20, 2);
        message = refusal(TesseraException.class, () -> a.rewrite(0, 30, 1));
        assertTrue(message.contains("sequence 1 cannot take 1 tokens: it needs 1 page of 4 tokens, 1 of them to copy") && message.contains("0 of 4 are free"), message);
        message = refusal(TesseraException.class, () -> a.sequence.compact(new int[][] {{1}, {0}}));
        assertTrue(message.startsWith("sequence 1 cannot be compacted: it needs 1 page of 4 tokens to copy what it shares, and 0 of 4 are free"), message);
        a.check();
        a.sequence.compact(new int[][] {{0, 1}, {1, 0}});
        assertEquals(1, cache.usage().freePages());
        b.sequence.free();
        a.sequence.append(ListModel.keys(40, 14), ListModel.values(40, 14));
        assertEquals(0, cache.usage().freePages());
    }

    @Test
    void wrongTensorsAndSequencesAreRefused() {
        KvCache cache = paged(4, 4);
        KvSequence a = cache.sequence();
        Tensor k = ListModel.keys(1, 2);
        Tensor v = ListModel.values(1, 2);
        String message = refusal(IllegalArgumentException.class, () -> a.append(v, k));
        assertEquals("k must be F32, F16 or BF16 and [batch, 2, tokens, 3], got F32[1x2x2x2]", message);
        refusal(IllegalArgumentException.class, () -> a.append(k, ListModel.values(1, 3)));
        refusal(IllegalArgumentException.class, () -> a.append(Tensor.zeros(5), v));
        refusal(IllegalArgumentException.class, () -> a.append(Tensor.zeros(2, 2, 2, 3), Tensor.zeros(2, 2, 2, 2)));
        refusal(IllegalArgumentException.class, () -> a.append(k, v, 1, 0, 1));
        refusal(IllegalArgumentException.class, () -> a.append(k, v, 0, 1, 3));
        a.append(k, v);
        assertEquals("tokens to rewrite must be between 0 and 2 of sequence 1, got 1 to 3", refusal(IllegalArgumentException.class, () -> a.rewrite(1, k, v)));
        assertEquals("sequence 1 can be forked with up to 2 tokens, got 3", refusal(IllegalArgumentException.class, () -> a.fork(3)));
        refusal(IllegalArgumentException.class, () -> a.read(1, 3));
        refusal(IllegalArgumentException.class, () -> a.compact(new int[][] {{0}}));
        refusal(IllegalArgumentException.class, () -> a.compact(new int[][] {{0, 0}, {0, 1}}));
        message = refusal(IllegalArgumentException.class, () -> a.compact(new int[][] {{0, 1}, {0}}));
        assertEquals("every head must keep as many tokens, got 2 for head 0 and 1 for head 1", message);
        message = refusal(IllegalArgumentException.class, () -> a.compact(new int[][] {{2}, {0}}));
        assertEquals("keep must name slots between 0 and 1, each once for a head, got 2 for head 0", message);
        KvSequence ring = cache.sequence(Retention.ring(1, 2));
        ring.append(ListModel.keys(1, 4), ListModel.values(1, 4));
        refusal(IllegalArgumentException.class, () -> ring.compact(new int[][] {{0}, {0}}));
        assertTrue(refusal(IllegalArgumentException.class, () -> ring.fork(1)).endsWith("its ring has gone round, so that it has no first tokens"));
        refusal(IllegalArgumentException.class, () -> Retention.ring(-1, 2));
        refusal(IllegalArgumentException.class, () -> cache.view(4, List.of()));
        refusal(IllegalArgumentException.class, () -> cache.view(4, List.of(paged(1, 1).sequence())));
        refusal(IllegalArgumentException.class, () -> new CacheSpec(1, 1, 1, DType.F32, 4, 4, 5));
        refusal(IllegalArgumentException.class, () -> CacheSpec.paged(1, 1, 4, 4).withDType(DType.I32));
        a.free();
        assertEquals("sequence 1 was freed; take another one with KvCache.sequence", refusal(IllegalStateException.class, a::free));
        refusal(IllegalStateException.class, a::length);
        refusal(IllegalStateException.class, () -> a.append(k, v));
        ring.free();
        assertEquals(4, cache.usage().freePages());
    }

    @Test
    void aRingKeepsSinksAndTheLast() {
        KvCache cache = paged(8, 4);
        ListModel ring = ListModel.in(cache, 2, 5);
        ring.append(1, 6);
        assertArrayEquals(new float[] {0, 1, 2, 3, 4, 5}, ring.sequence.positions().toArray());
        ring.append(7, 1);
        ring.append(8, 1);
        assertArrayEquals(new float[] {0, 1, 6, 2, 3, 4, 5}, ring.sequence.positions().toArray());
        assertEquals(8, ring.sequence.appended());
        ring.check();
        ring.append(9, 33);
        ring.check();
        assertEquals(6, cache.usage().freePages());
        ring.rewrite(1, 90, 4);
        ring.check();
    }

    @Test
    void aContiguousCacheHasAPageForEachSequence() {
        KvCache cache = new KvCache(CacheSpec.contiguous(ListModel.HEADS, ListModel.KEY_DIM, 3, 8).withValueDim(ListModel.VALUE_DIM));
        ListModel a = ListModel.in(cache, 0, 0);
        ListModel b = ListModel.in(cache, 0, 0);
        a.append(1, 8);
        b.append(20, 3);
        String message = refusal(TesseraException.class, () -> a.append(9, 1));
        assertEquals("sequence 1 cannot grow to 9 tokens: a sequence of this cache may hold 8; compact it, keep fewer tokens with Retention.ring,"
                + " or make a cache with room for longer sequences", message);
        a.check();
        Tensor lengths = cache.lengths();
        assertEquals(Shape.of(3), lengths.shape());
        assertArrayEquals(new float[] {8, 3, 0}, lengths.toArray());
        refusal(IllegalArgumentException.class, () -> paged(3, 8).lengths());
    }

    @Test
    void compactedHeadsHoldTokensOfTheirOwnAndSharedPagesStay() {
        KvCache cache = paged(8, 4);
        ListModel a = ListModel.in(cache, 0, 0);
        a.append(1, 16);
        ListModel b = a.fork(16);
        a.sequence.compact(new int[][] {{0, 1, 2, 3, 9, 15}, {0, 1, 2, 3, 4, 5}});
        assertEquals(1, cache.usage().sharedPages());
        assertEquals(8 - 5, cache.usage().freePages());
        assertArrayEquals(new float[] {1, 2, 3, 4, 10, 16, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f}, channel(a.sequence.read(0, 6).k()));
        b.check();
        assertEquals(16, a.sequence.appended());
    }

    private static float[] channel(Tensor k) {
        float[] first = new float[k.shape().elements() / ListModel.KEY_DIM];
        for (int n = 0; n < first.length; n++) {
            first[n] = k.get(n * ListModel.KEY_DIM);
        }
        return first;
    }

    @Test
    void theLightestTokensLeaveAndMassFollows() {
        KvCache cache = paged(8, 4);
        ListModel a = ListModel.in(cache, 0, 0);
        a.append(1, 5);
        Tensor mass = Tensor.of(Shape.of(1, 4, 6), 1, 2, 3, 4, 0, 9, 0, 0, 1, 0, 0, 9, 5, 1, 1, 1, 0, 9, 0, 0, 0, 0, 0, 9);
        a.sequence.weigh(mass, 0);
        assertArrayEquals(new float[] {1, 2, 4, 4, 0, 5, 1, 1, 1, 0}, a.sequence.mass().toArray());
        KvSequence fork = a.sequence.fork(3);
        a.sequence.evict(5, 1);
        assertEquals(5, a.sequence.length());
        a.sequence.evict(3, 1);
        assertArrayEquals(new float[] {4, 4, 0, 5, 1, 0}, a.sequence.mass().toArray());
        assertArrayEquals(new float[] {3, 4, 5, 1.5f, 2.5f, 5.5f}, channel(a.sequence.read(0, 3).k()));
        a.sequence.append(ListModel.keys(9, 1), ListModel.values(9, 1));
        assertArrayEquals(new float[] {4, 4, 0, 0, 5, 1, 0, 0}, a.sequence.mass().toArray());
        assertArrayEquals(new float[] {1, 2, 4, 5, 1, 1}, fork.mass().toArray());
        refusal(IllegalArgumentException.class, () -> a.sequence.weigh(Tensor.zeros(1, 3, 6), 0));
        refusal(IllegalArgumentException.class, () -> a.sequence.evict(0, 0));
    }

    @Test
    void layersThatReadOthersTakeNothing() {
        KvCache cache = paged(20, 4);
        LayeredSequence layers = new LayeredSequence(new int[] {0, 1, 1, 0}, layer -> layer == 0 ? cache.sequence(Retention.ring(1, 3)) : cache.sequence());
        layers.append(0, ListModel.keys(1, 8), ListModel.values(1, 8));
        layers.append(1, ListModel.keys(20, 8), ListModel.values(20, 8));
        assertSame(layers.layer(1), layers.layer(2));
        assertSame(layers.layer(0), layers.layer(3));
        assertEquals(12 * TOKEN, cache.usage().used());
        assertEquals("layer 2 reads the keys and values of layer 1; append there",
                refusal(IllegalArgumentException.class, () -> layers.append(2, ListModel.keys(1, 1), ListModel.values(1, 1))));
        LayeredSequence fork = layers.fork();
        fork.append(1, ListModel.keys(40, 1), ListModel.values(40, 1));
        assertEquals(9, fork.layer(2).length());
        assertEquals(8, layers.layer(2).length());
        layers.free();
        fork.free();
        assertEquals(20, cache.usage().freePages());
        refusal(IllegalArgumentException.class, () -> new LayeredSequence(new int[] {0, 0, 1}, _ -> cache.sequence()));
        refusal(IllegalArgumentException.class, () -> new LayeredSequence(new int[] {1, 1}, _ -> cache.sequence()));
    }
}
