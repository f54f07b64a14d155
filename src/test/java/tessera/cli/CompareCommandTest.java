package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tessera.Shape;
import tessera.Tensor;
import tessera.experiments.Sketches;
import tessera.io.Safetensors;

/** The compare command as a user gives it. */
class CompareCommandTest {

    @TempDir
    private Path folder;
    private Path reports;
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeEach
    void name() {
        reports = folder.resolve("reports");
    }

    private int compare(String options) {
        return execute(Main.commandLine(), "compare --device jvm --budget 0.01 --output " + reports + " " + options);
    }

    private int execute(CommandLine commandLine, String line) {
        return commandLine.setOut(new PrintWriter(out)).setErr(new PrintWriter(err)).execute(line.strip().split(" "));
    }

    private void assertRefused(String options, String... parts) {
        out.getBuffer().setLength(0);
        err.getBuffer().setLength(0);
        assertEquals(2, compare(options), out.toString() + err);
        assertEquals("", out.toString());
        assertEquals(1, err.toString().lines().count(), err.toString());
        for (String part : parts) {
            assertTrue(err.toString().contains(part), err.toString());
        }
        assertFalse(Files.exists(reports.resolve("report.json")), "nothing is written");
    }

    private Path file() {
        Path file = folder.resolve("qkv.safetensors");
        Shape shape = Shape.of(1, 2, 20, 4);
        Safetensors.write(file, Map.of("q", Tensor.random(shape, 1), "k", Tensor.random(shape, 2), "v", Tensor.random(shape, 3)), Map.of());
        return file;
    }

    @Test
    void tableCrossoversAndPaths() throws IOException {
        assertEquals(0, compare("--methods H03,P08,L01 --lengths 16,8 --heads 2 --head-dim 4"), err.toString());
        assertEquals(6, err.toString().lines().filter(l -> l.contains("ms in kernels")).count(), err.toString());
        assertTrue(err.toString().startsWith("H03 (FlashAttention-2) at 8 on jvm: "), err.toString());
        List<String> lines = out.toString().lines().toList();
        assertTrue(lines.getFirst().startsWith("jvm: ") && lines.getFirst().contains("JDK"), lines.getFirst());
        assertTrue(lines.stream().anyMatch(l -> l.startsWith("H03 FlashAttention-2") && l.contains("dense")));
        assertTrue(lines.stream().anyMatch(l -> l.startsWith("linear L01 ") && l.contains("dense H03")));
        for (String name : List.of("report.html", "report.json", "report.csv")) {
            assertTrue(lines.contains(reports.resolve(name).toString()), name);
            assertTrue(Files.size(reports.resolve(name)) > 1000);
        }
        try (var files = Files.list(reports)) {
            assertEquals(3, files.count(), "no temporary file is left");
        }
        assertTrue(Files.readString(reports.resolve("report.csv")).startsWith("method,name,family,device,length,plan,verified,maxAbs,rms,"));
    }

    @Test
    void jsonIsTheDocumentAndNothingElse() throws IOException {
        assertEquals(0, compare("--methods H03 --lengths 8 --heads 1 --head-dim 4 --format json"), err.toString());
        JsonNode document = new ObjectMapper().readTree(out.toString());
        assertEquals(document, new ObjectMapper().readTree(reports.resolve("report.json").toFile()));
        assertTrue(document.get("measurements").get(0).get("verified").asBoolean());
    }

    @Test
    void aFileAtItsOwnLengthAndItsPrefixes() throws IOException {
        assertEquals(0, compare("--methods H03 --input " + file() + " --format json"), err.toString());
        assertEquals(20, new ObjectMapper().readTree(out.toString()).get("measurements").get(0).get("length").asInt());
        out.getBuffer().setLength(0);
        assertEquals(0, compare("--methods H03 --lengths 7 --format csv --input " + file()), err.toString());
        assertTrue(out.toString().contains(",jvm,7,"), out.toString());
    }

    @Test
    void aNeedleAndWhatIsKeptOfDenseAttention() throws IOException {
        assertEquals(0, compare("--data needle --methods H03,P08 --lengths 64 --heads 1 --head-dim 8"), err.toString());
        assertTrue(out.toString().lines().anyMatch(l -> l.startsWith("method ") && l.contains("recall") && l.contains("needle") && !l.contains("selection")),
                out.toString());
        JsonNode measured = new ObjectMapper().readTree(reports.resolve("report.json").toFile()).get("measurements");
        assertEquals(1, measured.get(0).get("needle").asDouble());
        assertEquals(0, measured.get(1).get("needle").asDouble());
        assertTrue(Files.readString(reports.resolve("report.html")).contains("<th class=\"n\">recall</th>"));
    }

    @Test
    void fromWhichLengthOnMethodsBeatDenseAttention() throws IOException {
        assertEquals(0, compare("--crossover --methods P08 --lengths 8,16 --heads 1 --head-dim 4"), err.toString());
        assertTrue(out.toString().lines().anyMatch(l -> l.startsWith("method ") && l.contains("from call to result from")), out.toString());
        assertTrue(out.toString().lines().anyMatch(l -> l.startsWith("P08 ") && l.contains("H03") && l.endsWith("8 to 16")), out.toString());
        JsonNode one = new ObjectMapper().readTree(reports.resolve("report.json").toFile()).get("breakEvens").get(0);
        assertTrue(one.get("method").asText().equals("P08") && one.has("kernelsFrom") && one.has("totalFrom"), one.toString());
        out.getBuffer().setLength(0);
        assertEquals(0, compare("--crossover --methods P08 --lengths 8 --format csv"), err.toString());
        assertTrue(out.toString().startsWith("method,name,family,device,dense,shortest,longest,kernelsFrom,totalFrom"), out.toString());
    }

    @Test
    void aWrongMethodIsExitCodeOne() {
        CommandLine wrong = new CommandLine(new CompareCommand(_ -> Sketches.WRONG)).setCaseInsensitiveEnumValuesAllowed(true);
        assertEquals(1, execute(wrong, "--device jvm --budget 0.01 --methods x --lengths 9 --output " + reports), err.toString());
        assertTrue(out.toString().contains("NOT VERIFIED: wrong result"), out.toString());
    }

    @Test
    void badInputIsOneSentenceAndExitCodeTwo() {
        assertRefused("--methods H33 --lengths 8", "unknown method 'H33'", "H03");
        assertRefused("--methods X08 --lengths 8", "X08", "cannot be run");
        assertRefused("--lengths 0", "at least 1");
        assertRefused("--lengths -5", "at least 1");
        assertRefused("--lengths 1q", "1q");
        assertRefused("--lengths 4k,99g", "99g");
        assertRefused("--heads 0 --lengths 8", "at least 1");
        assertRefused("--budget 0 --lengths 8", "budget");
        assertRefused("--input " + folder.resolve("none.safetensors"), "none.safetensors");
        assertRefused("--lengths 21 --input " + file(), "length 21 is more than the 20 tokens");
        assertRefused("--heads 3 --input " + file(), "--heads");
        assertRefused("--data needle --input " + file(), "--data");
        assertRefused("--data hay --lengths 8", "hay", "NEEDLE");
        assertRefused("--lengths 8 --device cuda:9", "no device 'cuda:9'");
    }

    @Test
    void anUnwritableFolderIsFoundOutBeforeMeasuring() throws IOException {
        Files.writeString(folder.resolve("taken"), "a file");
        reports = folder.resolve("taken");
        assertRefused("--methods H03 --lengths 8", "taken", "--output");
        reports = folder.resolve("taken").resolve("below");
        assertRefused("--methods H03 --lengths 8", "taken", "--output");
    }
}
