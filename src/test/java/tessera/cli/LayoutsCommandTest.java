package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Layouts as a user asks for them: by their own command, and in plans. */
class LayoutsCommandTest {

    private static Outcome line(String arguments) {
        return Outcome.of(arguments.split(" "));
    }

    @Test
    void aTableBelowTheMachine() {
        Outcome outcome = line("layouts --length 500 --block-size 24 --runs 3");
        assertEquals(0, outcome.code(), outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.getFirst().startsWith("jvm: "), lines.getFirst());
        assertEquals("Block maps of 500 x 500 pairs in blocks of 24 x 24, 3 runs, one thread", lines.get(2));
        assertEquals(4 + 9, lines.size());
        lines.subList(4, lines.size()).forEach(row -> assertTrue(row.endsWith("512 right"), row));
        assertTrue(line("layouts --length 1 --block-size 7 --runs 1 --format csv").out().startsWith("mask,blocks,visited,partial,"));
    }

    @Test
    void timesMemoryAndStatistics() throws IOException {
        JsonNode causal = line("layouts --length 512 --block-size 64 --runs 3 --format json").json().path("layouts").path(0);
        assertEquals("causal", causal.path("mask").asText());
        assertTrue(causal.path("verified").asBoolean());
        assertEquals(3, causal.path("millis").size());
        assertTrue(causal.path("medianMillis").asDouble() > 0);
        assertTrue(causal.path("allocatedBytes").asLong() >= causal.path("resultBytes").asLong());
        assertEquals(36, causal.path("statistics").path("visitedBlocks").asInt());
        assertEquals(8, causal.path("statistics").path("partialBlocks").asInt());
    }

    @Test
    void plansSayWhatBlocksVisit() throws IOException {
        JsonNode blocks = line("plan --length 1k --causal --window 127,0 --block-size 64 --device jvm --no-measure --format json").json().path(0).path("blocks");
        long allowed = 1024L * 128 - 127 * 128 / 2;
        assertEquals(64, blocks.path("blockSize").asInt());
        assertEquals(16 + 15 + 14, blocks.path("visitedBlocks").asInt());
        assertEquals(allowed, blocks.path("allowedPairs").asLong());
        assertEquals(45.0 * 64 * 64 / allowed - 1, blocks.path("waste").asDouble(), 1e-12);
        assertEquals(30.0 / 45, blocks.path("partialShare").asDouble(), 1e-12);
        assertEquals(45.0 / 256, blocks.path("blockDensity").asDouble(), 1e-12);
        String text = line("plan --length 1k --causal --window 127,0 --map-block 64 --device jvm --no-measure").out();
        assertTrue(text.contains("Blocks of 64 x 64: 45 of 256 visited (density 0.1758), 30 of them partial (66.7 %)"), text);
        JsonNode recurrence = line("plan --operator recurrence --device jvm --no-measure --format json").json().path(0);
        assertFalse(recurrence.has("blocks"));
    }

    @Test
    void patternsAreJoined() throws IOException {
        JsonNode plan = line("plan --length 256 --window 15,15 --global 16 --stride 8,4 --neighbourhood 16x16,3x3 --random 1 --block-size 16 "
                + "--device jvm --no-measure --format json").json().path(0);
        assertEquals("BSR", plan.path("candidates").path(0).path("layout").asText());
        String mask = line("plan --length 256 --global 2 --stride 8,4 --device jvm --no-measure --format json").json().path(0).path("spec").path("mask").asText();
        assertEquals("(global tokens {0, 1} or stride(8, reach 4))", mask);
    }

    /** No whole pairs of a long sequence are looked at one by one, and none of its lists outgrow the memory. */
    @Test
    void whatIsTooLargeIsRuledOutAtOnce() {
        line("plan --length 40k --block-size 1 --device jvm --no-measure").assertRefused(
                "--block-size 1 cuts 40960 queries x 40960 keys into 1677721600 blocks, more than 67108864; use --block-size 5 or more");
        line("plan --length 40k --map-block 2 --device jvm --no-measure").assertRefused("use --map-block 5 or more");
        line("layouts --block-size 8").assertRefused("use --block-size 16 or more");
    }
}
