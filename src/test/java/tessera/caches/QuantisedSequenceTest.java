package tessera.caches;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.TesseraException;

/** Caches of 8-bit integers, by themselves and before recent tokens that stay exact. */
class QuantisedSequenceTest {

    private static String refusal(Class<? extends Exception> type, Runnable what) {
        return assertThrows(type, what::run).getMessage();
    }

    @Test
    void integersLieWithinHalfAStep() {
        CacheSpec spec = CacheSpec.paged(2, 20, 8, 4).withDType(DType.I8);
        KvCache cache = new KvCache(spec);
        KvSequence a = cache.sequence();
        Tensor k = Tensor.random(Shape.of(1, 2, 9, 20), 1);
        Tensor v = Tensor.zeros(1, 2, 9, 20);
        a.append(k, v);
        Tokens read = a.fork().read(0, 9);
        for (int row = 0; row < 18; row++) {
            float most = 0;
            for (int c = 0; c < 20; c++) {
                most = Math.max(most, Math.abs(k.get(row * 20 + c)));
            }
            for (int c = 0; c < 20; c++) {
                assertEquals(k.get(row * 20 + c), read.k().get(row * 20 + c), most / 127 * 0.501f);
            }
        }
        assertArrayEquals(v.toArray(), read.v().toArray());
        assertEquals(12 * 2 * (40 + 8), cache.usage().taken());
        assertEquals(Shape.of(8, 2, 4, 1), cache.keyScales().shape());
    }

    @Test
    void recentTokensStayExactAndBothCachesOrNeitherTakeMore() {
        KvCache recent = new KvCache(CacheSpec.paged(2, 3, 6, 4).withValueDim(2));
        KvCache older = new KvCache(CacheSpec.paged(2, 3, 5, 4).withValueDim(2).withDType(DType.I8));
        QuantisedSequence a = new QuantisedSequence(older, recent, 6);
        SplittableRandom random = new SplittableRandom(3);
        int length = 0;
        while (length < 24) {
            int count = Math.min(24 - length, 1 + random.nextInt(length == 0 ? 11 : 5));
            a.append(ListModel.keys(length, count), ListModel.values(length, count));
            length += count;
            assertEquals(length, a.length());
            assertEquals(Math.max(0, length - 6) / 4 * 4, a.older().length());
            assertArrayEquals(ListModel.keys(a.older().length(), a.recent().length()).toArray(), a.recent().read(0, a.recent().length()).k().toArray());
        }
        Tensor exact = ListModel.values(0, 16);
        Tensor stored = a.older().read(0, 16).v();
        for (int e = 0; e < exact.shape().elements(); e++) {
            assertEquals(exact.get(e), stored.get(e), 0.1f);
        }
        QuantisedSequence fork = a.fork();
        String message = refusal(TesseraException.class, () -> fork.append(ListModel.keys(24, 12), ListModel.values(24, 12)));
        assertTrue(message.startsWith("sequence 2 cannot grow to 28 tokens: a sequence of this cache may hold 20"), message);
        assertEquals(24, fork.length());
        assertEquals(4, recent.usage().freePages());
        assertEquals(1, older.usage().freePages());
        KvSequence other = recent.sequence();
        other.append(ListModel.keys(0, 16), ListModel.values(0, 16));
        refusal(TesseraException.class, () -> fork.append(ListModel.keys(24, 4), ListModel.values(24, 4)));
        assertEquals(1, older.usage().freePages());
        other.free();
        fork.append(ListModel.keys(24, 4), ListModel.values(24, 4));
        assertEquals(20, fork.older().length());
        assertArrayEquals(ListModel.keys(20, 8).toArray(), fork.recent().read(0, 8).k().toArray());
        assertArrayEquals(ListModel.keys(16, 8).toArray(), a.recent().read(0, 8).k().toArray());
        a.free();
        fork.free();
        assertEquals(0, recent.usage().taken() + older.usage().taken());
        refusal(IllegalArgumentException.class, () -> new QuantisedSequence(recent, older, 6));
        assertEquals(0, recent.usage().sequences() + older.usage().sequences());
    }
}
