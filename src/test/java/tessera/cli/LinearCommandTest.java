package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The linear command as a user gives it. */
class LinearCommandTest {
    private static final String SMALL = "linear --device jvm --budget 0.01 --heads 2 --head-dim 8 --lengths 20 ";

    private static Outcome linear(String options) {
        return Outcome.of((SMALL + options).strip().split(" "));
    }

    @Test
    void everyGateInATableBelowTheMachine() {
        Outcome outcome = linear("--gate scalar,channel,delta");
        assertEquals(0, outcome.code(), outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.getFirst().startsWith("jvm: "), lines.getFirst());
        assertTrue(lines.get(2).matches("device +gate +length +headDim +plan +kernel ms +p10 +p90 +GB/s +TFLOP/s +RMS +note"), lines.get(2));
        assertTrue(lines.get(3).startsWith("jvm     scalar") && lines.get(4).startsWith("jvm     channel") && lines.get(5).startsWith("jvm     delta"), outcome.out());
    }

    @Test
    void bytesAndOperationsOverTheMedianTime() throws IOException {
        JsonNode row = linear("--dtype f16 --format json").json().path("measurements").path(0);
        double millis = row.path("kernelMedian").asDouble();
        assertEquals(4 * 2 * 20 * 8 * 8 / millis / 1e9, row.path("teraflops").asDouble(), 1e-12);
        assertEquals(2 * 20 * (8 * (3 * 2 + 4) + 2) / millis / 1e6, row.path("gigabytesPerSecond").asDouble(), 1e-12);
    }

    @Test
    void onlyTheVariantsAskedFor() throws IOException {
        JsonNode rows = linear("--variants recurrent,quadratic --format json").json().path("measurements");
        assertEquals(2, rows.size());
        assertEquals(1, linear("--variants nothing").code());
    }

    /** Whole heads would take too long, so that both ends are compared. */
    @Test
    void theEndsOfLongHeads() throws IOException {
        JsonNode row = Outcome.of("linear --device jvm --budget 0.01 --heads 1 --head-dim 128 --lengths 32k --gate scalar --format json".split(" "))
                .json().path("measurements").path(0);
        assertTrue(row.path("verified").asBoolean(), row::toString);
        assertTrue(row.path("checked").asText().contains("last 256 tokens"), row::toString);
    }
}
