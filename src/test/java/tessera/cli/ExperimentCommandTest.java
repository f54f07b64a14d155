package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The experiment command as a user gives it. */
class ExperimentCommandTest {

    private static Outcome experiment(String options) {
        return Outcome.of(("experiment --device jvm " + options).strip().split(" "));
    }

    @Test
    void theListHasEveryClaimAndNoVerdict() throws IOException {
        JsonNode list = experiment("--list --format json").json();
        assertTrue(list.size() > 42, list::toString);
        assertEquals("Q01", list.path(0).path("id").asText());
        assertEquals("a device", list.path(0).path("needs").asText());
        assertEquals("nothing", list.path(1).path("needs").asText());
        Outcome one = experiment("--list --only Q13");
        assertEquals(0, one.code());
        assertEquals(2, one.out().lines().count(), one.out());
        assertTrue(one.out().startsWith("id ") && !one.out().contains("out of scope"), one.out());
    }

    @Test
    void verdictsBelowTheMachineAndOnStandardErrorAsTheyCome() {
        Outcome outcome = experiment("--quick --only q06,Q02,Q13");
        assertEquals(0, outcome.code(), outcome.err());
        List<String> lines = outcome.out().lines().toList();
        assertTrue(lines.getFirst().startsWith("jvm: "), lines.getFirst());
        assertTrue(lines.get(2).startsWith("id   device  verdict "), lines.get(2));
        assertTrue(lines.get(3).startsWith("Q06  any     conditional "), lines.get(3));
        assertTrue(lines.get(4).startsWith("Q02  any     confirmed "), lines.get(4));
        assertTrue(lines.get(5).startsWith("Q13  any     out of scope"), lines.get(5));
        assertEquals("confirmed 1, conditional 1, out of scope 1", lines.getLast());
        assertEquals(3, outcome.err().lines().filter(line -> line.contains(" on any: ")).count(), outcome.err());
    }

    @Test
    void aDeviceIsMeasuredAndTheReportHasTheSamples(@TempDir Path folder) throws IOException {
        Outcome outcome = experiment("--quick --only Q33,V04 --format csv --output " + folder);
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals(2, outcome.out().lines().count(), outcome.out());
        JsonNode report = new ObjectMapper().readTree(Files.readString(folder.resolve("report.json")));
        JsonNode claim = report.path("claims").path(0);
        assertEquals("jvm", claim.path("device").asText());
        assertTrue(List.of("CONFIRMED", "CONDITIONAL").contains(claim.path("verdict").asText()), claim::toString);
        assertEquals(3, claim.path("measurements").size());
        assertTrue(claim.path("measurements").path(0).path("kernelMillis").size() >= 5, claim::toString);
        assertEquals("V04", report.path("notYet").path(0).asText());
        assertTrue(Files.readString(folder.resolve("report.html")).contains("Compact attention"));
        assertTrue(Files.readString(folder.resolve("report.csv")).startsWith("id,device,verdict,"));
    }

    @Test
    void whatHasNoExperimentIsSaidToHaveNone() {
        Outcome outcome = experiment("--only V04");
        assertEquals(0, outcome.code(), outcome.err());
        assertTrue(outcome.out().endsWith("not yet tested: V04\n"), outcome.out());
    }

    @Test
    void anUnknownClaimIsRefused() {
        experiment("--only Q99").assertRefused("--only takes ids of claims", "'Q99'", "--list");
        experiment("--only Q02 --device-id 3").assertRefused("unknown option");
    }
}
