package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code compare} on stacks, as a user gives it. */
class StackCommandTest {

    @TempDir
    private Path folder;

    private Outcome compare(String options) {
        List<String> arguments = new ArrayList<>(List.of("compare", "--device", "jvm", "--budget", "0.01", "--heads", "4", "--kv-heads", "2", "--head-dim", "8",
                "--output", folder.toString()));
        arguments.addAll(List.of(options.split(" ")));
        return Outcome.of(arguments.toArray(String[]::new));
    }

    private static JsonNode layer(JsonNode row, String kind) {
        return StreamSupport.stream(row.path("layers").spliterator(), false).filter(l -> l.path("kind").asText().equals(kind)).findFirst().orElseThrow();
    }

    @Test
    void aStackTakesAsLongAsItsLayersTogether() throws IOException {
        JsonNode rows = compare("--stack jamba,dense --lengths 100,33 --format json").json().path("measurements");
        assertEquals(4, rows.size());
        JsonNode jamba = rows.path(2);
        assertEquals("jamba", jamba.path("stack").asText());
        assertEquals(100, jamba.path("length").asInt());
        assertEquals(2, jamba.path("layers").size());
        JsonNode mamba = layer(jamba, "mamba:16");
        JsonNode full = layer(jamba, "full");
        assertEquals(28, mamba.path("layers").size());
        assertEquals(4, full.path("layers").size());
        for (String phase : List.of("prefill", "decode")) {
            double sum = 28 * mamba.path(phase).path("kernelMedian").asDouble() + 4 * full.path(phase).path("kernelMedian").asDouble();
            assertTrue(sum > 0);
            assertEquals(sum, jamba.path(phase + "Millis").asDouble(), 1e-9 * sum);
            assertEquals(28 * mamba.path(phase).path("flops").asLong() + 4 * full.path(phase).path("flops").asLong(), jamba.path(phase + "Flops").asLong());
            assertTrue(mamba.path(phase).path("verified").asBoolean() && mamba.path(phase).path("rms").asDouble() < 1e-5, mamba::toString);
        }
        assertEquals(4 * 2 * 2 * 8 * 100 * 4 + 28 * 8 * 16 * 8 * 4, jamba.path("cacheBytes").asLong());
        assertEquals(4 * 2 * 2 * 8 * 4, jamba.path("cacheBytesNextToken").asLong());
        assertTrue(jamba.path("endToEndRms").asDouble() > 0 && jamba.path("endToEndRms").asDouble() < 1e-5);
        assertEquals(full.path("decode"), layer(rows.path(3), "full").path("decode"), "layers that do the same are measured once");
    }

    @Test
    void aTableBelowTheMachineAndFiles() throws IOException {
        Outcome outcome = compare("--stack gemma3,full --layers 1 --lengths 16");
        assertEquals(0, outcome.code(), outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.get(2).matches("stack +layers +device +length +prefill ms +decode ms/token +cache MiB +B/next token +prefill GFLOP +decode MFLOP +RMS +note"),
                lines.get(2));
        assertTrue(lines.get(3).startsWith("gemma3       1  jvm") && lines.get(4).startsWith("full         1  jvm"), outcome.out());
        assertTrue(Files.readString(folder.resolve("report.csv")).lines().count() == 5 && Files.size(folder.resolve("report.json")) > 1000);
        assertTrue(Files.readString(folder.resolve("report.html")).contains("<td>gemma3</td>"));
    }

    @Test
    void ratiosGoFromLinearToFull() throws IOException {
        JsonNode rows = compare("--ratio --linear delta --lengths 64 --format json").json().path("measurements");
        assertEquals(9, rows.size());
        long before = -1;
        for (JsonNode row : rows) {
            assertTrue(row.path("cacheBytesNextToken").asLong() > before);
            before = row.path("cacheBytesNextToken").asLong();
        }
        assertEquals("8:0", rows.path(8).path("stack").asText());
        assertEquals(2, compare("--ratio 1:7,4:4 --lengths 16 --format json").json().path("measurements").size());
    }

    @Test
    void aCrossDecoderReadsAPromptForItsLastTokenOnly() throws IOException {
        JsonNode row = compare("--stack yoco --lengths 50 --format json").json().path("measurements").path(0);
        JsonNode reader = row.path("layers").path(2);
        assertEquals(12, reader.path("layers").size());
        assertEquals(reader.path("decode"), reader.path("prefill"));
        assertEquals(0, reader.path("cacheBytes").asLong());
        assertTrue(reader.path("readsAnother").asBoolean());
    }

    @Test
    void whatTakesTooLongIsLeftOutAndSaysSo() throws IOException {
        JsonNode rows = compare("--stack full --lengths 16,2k --limit 0.0001 --format json").json().path("measurements");
        assertTrue(rows.path(0).path("prefillMillis").isNumber() && rows.path(1).path("prefillMillis").isNull());
        assertTrue(rows.path(1).path("decodeMillis").isNumber() && rows.path(1).path("prefillFlops").asLong() > 0);
        assertTrue(rows.path(1).path("note").asText().startsWith("prefill of full not run: its 7 runs would take about"), rows.path(1).path("note").asText());
    }

    @Test
    void badOptionsAreExplained() {
        compare("--stack jmba").assertRefused("no stack 'jmba'", "jamba");
        compare("--stack 2(full").assertRefused("not closed");
        compare("--ratio 3:4").assertRefused("--ratio", "1:7", "'3:4'");
        compare("--stack jamba --layers 33").assertRefused("1 to 32 layers");
        compare("--stack jamba --crossover").assertRefused("--crossover", "--stack");
        compare("--stack jamba --lengths 0").assertRefused("at least 1");
        Outcome.of("compare", "--stack", "jamba", "--kv-heads", "3").assertRefused("kvHeads must divide heads");
    }
}
