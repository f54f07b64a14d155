package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The dense command as a user gives it. */
class DenseCommandTest {
    private static final String SMALL = "dense --device jvm --budget 0.01 --heads 2 --head-dim 8,4 --lengths 20 ";

    private static Outcome dense(String options) {
        return Outcome.of((SMALL + options).strip().split(" "));
    }

    @Test
    void aTableBelowTheMachine() {
        Outcome outcome = dense("");
        assertEquals(0, outcome.code(), outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.getFirst().startsWith("jvm: "), lines.getFirst());
        assertTrue(lines.get(2).matches("device +length +dim +causal +plan +kernel ms +p10 +p90 +TFLOP/s +RMS +note"), lines.get(2));
        assertTrue(lines.get(3).matches("jvm +20 +8  no +ATTN .*") && lines.get(4).matches("jvm +20 +4  no +ATTN .*"), outcome.out());
    }

    @Test
    void operationsOfVisiblePairsOverTheMedianTime() throws IOException {
        JsonNode row = dense("--causal --format json").json().path("measurements").path(0);
        double flops = 2 * (8 + 8) * 2 * 20 * 21 / 2.0;
        assertEquals(flops / row.path("kernelMedian").asDouble() / 1e9, row.path("teraflops").asDouble(), 1e-12);
    }

    @Test
    void onlyTheVariantsAskedFor() throws IOException {
        JsonNode rows = dense("--variants rows,stored --format json").json().path("measurements");
        assertEquals(4, rows.size());
        rows.forEach(row -> assertTrue(row.path("plan").asText().matches("ATTN (rows|stored) .*"), row::toString));
        Outcome none = dense("--variants nothing");
        assertEquals(1, none.code());
        assertTrue(none.out().contains("not run: no plan"), none.out());
    }
}
