package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class KvCacheCommandTest {
    private static final String SMALL = "kvcache --kv-heads 2 --dim 6 --page-size 4 --sequences 3 --prompt 21 --shared 10 --decoded 8 --window 9";

    @Test
    void bytesOfEveryKindOfCache() throws IOException {
        JsonNode caches = Outcome.of((SMALL + " --format json").split(" ")).json().path("caches");
        assertEquals(5, caches.size());
        int token = 2 * 2 * 6 * 4;
        assertBytes(caches.path(0), 3 * 29, 3 * 29, 3 * 29, 3 * 29, token);
        assertBytes(caches.path(1), 3 * 32, 3 * 32, 3 * 29, 3 * 29, token);
        assertBytes(caches.path(2), 3 * 32, 8 + 3 * 24, 8 + 3 * 21, 3 * 29, token);
        assertBytes(caches.path(3), 3 * 16, 3 * 16, 3 * 13, 3 * 13, token);
        int small = 2 * 2 * (6 + 4);
        assertEquals(3 * 20 * small + 3 * 9 * token, caches.path(4).path("usedBytes").asLong());
        caches.forEach(cache -> assertTrue(cache.path("verified").asBoolean() && cache.path("appendMicros").size() == 8));
    }

    private static void assertBytes(JsonNode cache, int allocated, int taken, int used, int unshared, int token) {
        assertEquals(List.of(allocated * token, taken * token, used * token, unshared * token), List.of(cache.path("allocatedBytes").asInt(),
                cache.path("takenBytes").asInt(), cache.path("usedBytes").asInt(), cache.path("unsharedBytes").asInt()), cache.path("cache").asText());
    }

    @Test
    void aTableOrCsv() {
        Outcome table = Outcome.of(SMALL.split(" "));
        assertEquals(0, table.code(), table.err());
        assertTrue(table.out().contains("3 sequences of 21 + 8 tokens, 2 key/value heads of 6 float32 elements, pages of 4"), table.out());
        assertTrue(Outcome.of((SMALL + " --format csv").split(" ")).out().startsWith("cache,allocated MB,taken MB,used MB,unshared MB,first us,last us,checked"));
        Outcome wrong = Outcome.of("kvcache", "--prompt", "5", "--shared", "5");
        assertEquals(2, wrong.code());
        assertTrue(wrong.err().contains("shared must be between 0 and less than the prompt's 5 tokens, got 5"), wrong.err());
    }
}
