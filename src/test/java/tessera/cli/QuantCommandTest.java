package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/** The quant command as a user gives it. */
class QuantCommandTest {
    private static final String SMALL = "quant --device jvm --heads 2 --length 160 --head-dim 32 ";

    private static Outcome quant(String options) {
        return Outcome.of((SMALL + options).strip().split(" "));
    }

    /** The row of a combination. */
    private static JsonNode row(JsonNode rows, String keys, String values, String smoothed) {
        return StreamSupport.stream(rows.spliterator(), false).filter(row -> row.path("keys by").asText().equals(keys)
                && row.path("values by").asText().equals(values) && row.path("keys smoothed").asText().equals(smoothed)).findFirst().orElseThrow();
    }

    @Test
    void largeChannelsAreBestQuantisedByChannel() throws IOException {
        JsonNode rows = quant("--data outliers --bits 2 --residual 32 --format json").json();
        assertEquals(12, rows.size());
        double byChannel = row(rows, "channel", "token", "no").path("output RMS").asDouble();
        assertTrue(2 * byChannel < row(rows, "token", "token", "no").path("output RMS").asDouble(), rows::toPrettyString);
        assertTrue(2 * byChannel < row(rows, "block", "token", "no").path("output RMS").asDouble(), rows::toPrettyString);
        double kivi = row(rows, "channel", "token", "no").path("bytes/token").asDouble();
        assertEquals((128 * (8 + 4 + 8 + 4) + 32 * 128) / 160.0, kivi, 2.0);
        rows.forEach(row -> assertTrue(row.path("kernel RMS").asDouble() < 2e-3, row::toString));
    }

    @Test
    void constantsOfChannelsAreSmoothedAway() throws IOException {
        JsonNode rows = quant("--data offset --bits 8 --symmetric --format json").json();
        double smoothed = row(rows, "block", "token", "yes").path("output RMS").asDouble();
        assertTrue(3 * smoothed < row(rows, "block", "token", "no").path("output RMS").asDouble(), rows::toPrettyString);
    }

    @Test
    void aTableBelowTheMachine() {
        Outcome outcome = quant("--bits 4 --dtype f32");
        assertEquals(0, outcome.code(), outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.getFirst().startsWith("jvm: "), lines.getFirst());
        assertTrue(lines.get(2).matches("bits +keys by +values by +keys smoothed +bytes/token +of float16 +key error +value error +output RMS +kernel RMS"), lines.get(2));
        assertEquals(3 + 12, lines.size());
    }

    @Test
    void whatDoesNotFitIsRefused() {
        Outcome outcome = quant("--residual 160");
        assertEquals(2, outcome.code());
        assertTrue(outcome.err().contains("residual must be from 0 to below length = 160, got 160"), outcome.err());
        assertTrue(quant("--bits 3").err().contains("bits must be 2, 4 or 8, got 3"));
    }
}
