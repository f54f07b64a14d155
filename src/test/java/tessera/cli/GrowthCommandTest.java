package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The growth command as a user gives it. */
class GrowthCommandTest {
    private static final String SMALL = "growth --device jvm --budget 0.01 --heads 2 --head-dim 8 --lengths 64,32 --contexts 16,48 --chunk-length 64 --slope-from 32 ";

    private static Outcome growth(String options) {
        return Outcome.of((SMALL + options).strip().split(" "));
    }

    private static List<JsonNode> rows(JsonNode measurements, String part) {
        return StreamSupport.stream(measurements.spliterator(), false).filter(row -> row.path("part").asText().equals(part)).toList();
    }

    @Test
    void aTableForEachPartBelowTheMachine() {
        Outcome outcome = growth("");
        assertEquals(0, outcome.code(), outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.getFirst().startsWith("jvm: ") && lines.getFirst().contains("JDK"), lines.getFirst());
        assertEquals(3, below("Sequences: ", lines).size(), outcome.out());
        assertEquals(2, below("Decode step: ", lines).size(), outcome.out());
        assertEquals(5, below("Slopes: ", lines).size(), outcome.out());
        assertEquals(1, below("Crossover: ", lines).size(), outcome.out());
        List<String> chunks = below("Chunk length: ", lines);
        assertEquals(3, chunks.size(), outcome.out());
        assertEquals(1, chunks.stream().filter(line -> line.matches("jvm +\\d+ +\\* .*")).count(), outcome.out());
    }

    /** The rows of the table with that title. */
    private static List<String> below(String title, List<String> lines) {
        return lines.stream().dropWhile(line -> !line.startsWith(title)).skip(2).takeWhile(line -> !line.isBlank()).toList();
    }

    @Test
    void theDocumentHasEveryPartWithItsSamples() throws IOException {
        JsonNode document = growth("--gate key-token --format json").json();
        assertEquals("jvm", document.path("machine").path(0).path("device").asText());
        assertEquals("key-token", document.path("problem").path("gate").asText());
        JsonNode measurements = document.path("measurements");
        assertEquals(3 * 3, rows(measurements, "sequence").size());
        assertEquals(2 * 2, rows(measurements, "decode").size());
        assertEquals(3, rows(measurements, "chunks").size());
        for (JsonNode row : measurements) {
            assertTrue(row.path("verified").asBoolean(), row::toString);
            assertTrue(row.path("kernelMillis").size() >= 5, row::toString);
        }
        assertEquals(List.of(16, 32, 64), rows(measurements, "chunks").stream().map(row -> row.path("chunk").asInt()).toList());
        assertEquals(1, rows(measurements, "chunks").stream().filter(row -> row.path("best").asBoolean()).count());
        assertEquals(5, document.path("slopes").size());
        assertEquals(2, document.path("slopes").path(0).path("points").asInt());
        assertEquals(2 * 8 + 32, document.path("crossovers").path(0).path("model").asInt());
    }

    @Test
    void csvHasEverySample() {
        List<String> lines = growth("--gate delta --format csv").out().lines().toList();
        assertEquals("part,form,method,device,batch,heads,headDim,length,context,chunk,plan,verified,maxAbs,rms,checked,kernelMillis,transferMillis,"
                + "totalMillis,compileMillis,kernelMedian,kernelP10,kernelP90,best,reason", lines.getFirst());
        assertEquals(1 + 9 + 4 + 3, lines.size());
        assertTrue(lines.get(1).startsWith("sequence,chunk,T04,jvm,1,2,8,16,,16,GLR chunk chunk=16 F32,true,"), lines.get(1));
        assertTrue(lines.get(1).split(",")[15].split(" ").length >= 5, lines.get(1));
    }

    @Test
    void chartAndSamplesAreWrittenWhereTheyShould(@TempDir Path folder) throws IOException {
        Path reports = folder.resolve("reports");
        Outcome outcome = growth("--gate none --out " + reports);
        assertEquals(0, outcome.code(), outcome.err());
        assertTrue(outcome.out().contains(reports.resolve("growth.png").toString()), outcome.out());
        assertNotNull(ImageIO.read(reports.resolve("growth.png").toFile()));
        assertEquals(16, new ObjectMapper().readTree(reports.resolve("growth.json").toFile()).path("measurements").size());
        assertEquals(17, Files.readAllLines(reports.resolve("growth.csv")).size());
    }
}
