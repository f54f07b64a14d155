package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The overhead command as a user gives it. */
class OverheadCommandTest {
    private static final String SMALL = "overhead --device jvm --budget 0.01 --heads 2 --head-dim 8 ";

    private static Outcome overhead(String options) {
        return Outcome.of((SMALL + options).strip().split(" "));
    }

    @Test
    void aTableBelowTheMachine() {
        Outcome outcome = overhead("--lengths 33,16");
        assertEquals(0, outcome.code(), outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.getFirst().startsWith("jvm: ") && lines.getFirst().contains("JDK"), lines.getFirst());
        assertTrue(lines.get(2).matches("device +length +plan +kernel us +wall us +p10 +p90 +overhead us +copied us +timed us +first ms +compile ms"
                + " +again ms +RMS +note"), lines.get(2));
        assertTrue(lines.get(3).matches("jvm +16  ATTN .*") && lines.get(4).matches("jvm +33  ATTN .*"), outcome.out());
        assertEquals(5, lines.size());
    }

    @Test
    void aVerifiedResultHasEverySample() throws IOException {
        JsonNode row = overhead("--lengths 20 --format json").json().path("measurements").path(0);
        assertTrue(row.path("verified").asBoolean(), row::toString);
        assertEquals("all 40 rows", row.path("checked").asText());
        assertTrue(row.path("wallMicros").size() >= 5 && row.path("copiedMicros").size() >= 5, row::toString);
        assertTrue(row.path("overheadMedian").asDouble() > 0 && row.path("overheadP10").asDouble() <= row.path("overheadP90").asDouble(), row::toString);
        assertTrue(row.path("firstMillis").asDouble() > row.path("firstCompileMillis").asDouble(), row::toString);
    }
}
