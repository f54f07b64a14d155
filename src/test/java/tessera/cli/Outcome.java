package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** What a command did: its exit code and what it printed. */
record Outcome(int code, String out, String err) {

    static Outcome of(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine commandLine = Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return new Outcome(commandLine.execute(arguments), out.toString(), err.toString());
    }

    /** The output of a command that succeeded. */
    JsonNode json() throws IOException {
        assertEquals(0, code, err);
        return new ObjectMapper().readTree(out);
    }

    /** Exit code 2, one line of error, nothing else. */
    void assertRefused(String... parts) {
        assertEquals(2, code, out + err);
        assertEquals("", out);
        assertEquals(1, err.lines().count(), err);
        assertTrue(err.startsWith("tessera: "), err);
        for (String part : parts) {
            assertTrue(err.contains(part), err);
        }
    }
}
