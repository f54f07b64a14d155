package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class MethodsCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int execute(String... arguments) {
        CommandLine commandLine = Main.commandLine();
        commandLine.setOut(new PrintWriter(out, true));
        commandLine.setErr(new PrintWriter(err, true));
        return commandLine.execute(arguments);
    }

    @Test
    void listsEveryRow() {
        assertEquals(0, execute("methods"));
        assertEquals(148, out.toString().lines().count());
        assertTrue(out.toString().lines().findFirst().orElseThrow().matches("id +name +family +status +source +recipe"));
    }

    @Test
    void jsonCarriesTheFields() throws Exception {
        assertEquals(0, execute("methods", "--format", "json"));
        JsonNode rows = new ObjectMapper().readTree(out.toString());
        assertEquals(147, rows.size());
        for (JsonNode row : rows) {
            for (String field : new String[] {"id", "name", "family", "status", "source", "recipe", "formula"}) {
                assertTrue(row.path(field).isTextual(), field);
            }
        }
    }

    @Test
    void filtersByFamilyAndStatus() {
        assertEquals(0, execute("methods", "--family", "Sparse", "--status", "implemented", "--format", "csv"));
        assertTrue(out.toString().contains("P08,StreamingLLM,sparse,implemented"), out.toString());
        assertFalse(out.toString().contains("D09,"));
        assertFalse(out.toString().contains("H01"));
    }

    @Test
    void anIdShowsItsFormula() {
        assertEquals(0, execute("methods", "p08", "Random attention"));
        assertTrue(out.toString().contains("P08  StreamingLLM") && out.toString().contains("formula  allowed: j < s (sinks)"), out.toString());
        assertTrue(out.toString().contains("P04"));
    }

    @Test
    void verifyCountsPassedAndPlanned() throws Exception {
        assertEquals(0, execute("methods", "H01", "X01", "K02", "--verify", "--device", "jvm", "--format", "json"));
        JsonNode rows = new ObjectMapper().readTree(out.toString());
        assertEquals(3, rows.size());
        assertEquals("passed", rows.path(0).path("status").asText());
        assertTrue(rows.path(0).path("rms").asDouble() < 1e-5);
        assertEquals("planned", rows.path(1).path("status").asText());
        assertTrue(rows.path(1).path("rms").isNull());
        assertEquals("2 passed, 0 failed, 1 planned", err.toString().strip());
    }

    @Test
    void verifyPrintsATable() {
        assertEquals(0, execute("methods", "P08", "--verify", "--device", "jvm"));
        assertTrue(out.toString().contains("passed") && out.toString().endsWith("1 passed, 0 failed, 0 planned" + System.lineSeparator()));
    }

    @Test
    void badInputIsExplained() {
        assertEquals(2, execute("methods", "StremingLM"));
        assertTrue(err.toString().contains("P08 (StreamingLLM)"), err.toString());
        assertEquals(2, execute("methods", "--family", "dens"));
        assertTrue(err.toString().contains("dense, "), err.toString());
        assertEquals(2, execute("methods", "--verify", "--device", "gpu9"));
        assertTrue(err.toString().contains("gpu9"), err.toString());
        assertEquals("", out.toString());
    }

    @Test
    void helpHasAnExample() {
        assertEquals(0, execute("methods", "--help"));
        assertTrue(out.toString().contains("tessera methods P08 H03"));
    }
}
