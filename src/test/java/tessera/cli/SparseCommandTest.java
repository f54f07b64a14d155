package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The sparse command as a user gives it. */
class SparseCommandTest {
    private static final String SMALL = "sparse --device jvm --budget 0.01 --heads 2 --head-dim 8 --length 64 ";

    private static Outcome sparse(String options) {
        return Outcome.of((SMALL + options).strip().split(" "));
    }

    @Test
    void pointsAndBreakEvenBelowTheMachine() {
        Outcome outcome = sparse("--block-size 8,16 --density 0.25,0.5");
        assertEquals(0, outcome.code(), outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.getFirst().startsWith("jvm: "), lines.getFirst());
        assertTrue(lines.get(2).startsWith("device  pattern  size  density  plan"), lines.get(2));
        assertTrue(lines.get(3).matches("jvm +dense +- +1\\.00 +ATTN strips FULL .* F32 .*"), lines.get(3));
        assertTrue(lines.get(4).matches("jvm +blocks +8 +0\\.25 +ATTN rows BSR F32 .*"), lines.get(4));
        assertEquals(5, lines.stream().filter(line -> line.contains("ATTN")).count());
        assertTrue(lines.get(9).endsWith("break-even density"), outcome.out());
        assertEquals(12, lines.size(), outcome.out());
    }

    @Test
    void efficiencyIsTheSpeedUpTimesTheDensity() throws IOException {
        JsonNode rows = sparse("--block-size 16 --density 0.5 --causal --window 8 --sink 2 --token-lists --maps 2 --format json").json().path("measurements");
        assertEquals(4, rows.size());
        double dense = rows.path(0).path("kernelMedian").asDouble();
        for (JsonNode row : rows) {
            double density = row.path("density").asDouble();
            assertEquals(dense / row.path("kernelMedian").asDouble() * density, row.path("efficiency").asDouble(), 1e-12);
            double flops = 2 * (8 + 8) * 2 * density * 64 * 65 / 2.0;
            assertEquals(flops / row.path("kernelMedian").asDouble() / 1e9, row.path("teraflops").asDouble(), 1e-12);
        }
        // the first 8 queries see 1 to 8 keys; the others 8, and two sinks as far as these lie outside
        double window = 36 + 56 * 8 + 1 + 55 * 2;
        assertEquals(window / (64 * 65 / 2.0), rows.path(3).path("density").asDouble(), 1e-12);
    }

    @Test
    void whatCannotBeDrawnIsRefused() {
        assertTrue(sparse("--density 1.5").err().contains("--density must be above 0 and at most 1, got 1.5"));
        assertTrue(sparse("--maps 3").err().contains("maps"), sparse("--maps 3").err());
    }
}
