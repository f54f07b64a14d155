package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.io.Safetensors;
import tessera.reference.AttentionReference;
import tessera.reference.Sample;

/** Commands as a user gives them: what they print, their exit codes, and one sentence for what is wrong. */
class CommandLineTest {

    @TempDir
    private Path folder;

    private record Outcome(int code, String out, String err) {

        JsonNode json() throws IOException {
            assertEquals(0, code, err);
            return new ObjectMapper().readTree(out);
        }

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

    private static Outcome tessera(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine commandLine = Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        return new Outcome(commandLine.execute(arguments), out.toString(), err.toString());
    }

    private static Outcome line(String arguments) {
        return tessera(arguments.split(" "));
    }

    private Path file(String name, Map<String, Tensor> tensors) {
        Path file = folder.resolve(name);
        Safetensors.write(file, tensors, Map.of());
        return file;
    }

    private static Map<String, Tensor> qkv(int length, int heads, int kvHeads) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("q", Tensor.random(Shape.of(1, heads, length, 16), 1));
        tensors.put("k", Tensor.random(Shape.of(1, kvHeads, length, 16), 2));
        tensors.put("v", Tensor.random(Shape.of(1, kvHeads, length, 16), 3));
        return tensors;
    }

    @ParameterizedTest
    @ValueSource(strings = {"devices", "plan", "run", "verify"})
    void helpShowsAnExample(String command) {
        Outcome help = tessera(command, "--help");
        assertEquals(0, help.code());
        assertTrue(help.out().contains("Example: tessera " + command), help.out());
    }

    @Test
    void devicesListsEveryDevice() throws IOException {
        JsonNode devices = line("devices --no-measure --format json").json();
        assertEquals(Tessera.devices().size(), devices.size());
        assertEquals("jvm", devices.path(0).path("id").asText());
        assertTrue(devices.path(0).path("gigaflops").isNull());
        assertTrue(line("devices --device jvm --format json").json().path(0).path("gigaflops").asDouble() > 0);
        assertTrue(line("devices --no-measure").out().startsWith("id "));
        assertTrue(line("devices --no-measure --format csv").out().startsWith("id,name,backend,"));
    }

    @Test
    void planExplainsEveryCandidate() throws IOException {
        JsonNode plan = line("plan --length 2k --heads 4 --kv-heads 2 --causal --window 127,0 --sink 4 --device jvm --no-measure --format json").json();
        assertEquals(2048, plan.path(0).path("spec").path("keys").asInt());
        assertEquals("ATTN rows RANGE F32", plan.path(0).path("chosen").asText());
        JsonNode blocks = line("explain --length 100 --causal --window 15,0 --block-size 16 --device jvm --no-measure --format json").json();
        assertEquals("BSR", blocks.path(0).path("candidates").path(0).path("layout").asText());
        JsonNode recurrence = line("plan --operator recurrence --gate head-token --feature-map elu-plus-one --normalised --device jvm --format json").json();
        assertEquals("GLR", recurrence.path(0).path("operator").asText());
        assertTrue(recurrence.path(0).path("candidates").path(0).path("predictedMillis").asDouble() > 0);
        assertTrue(line("plan --device jvm --no-measure --causal=top-left --keys 2k").out().contains("* ATTN rows"));
        assertTrue(line("plan --device jvm --no-measure --format csv").out().startsWith("device,plan,chosen,"));
    }

    @Test
    void runWritesWhatTheReferenceGives() throws IOException {
        Map<String, Tensor> tensors = qkv(33, 4, 2);
        Path input = file("in.safetensors", tensors);
        Path output = folder.resolve("out.safetensors");
        JsonNode row = tessera("run", "--input", input.toString(), "--output", output.toString(), "--causal", "--lse", "--format", "json").json().path(0);
        assertTrue(row.path("kernelMillis").asDouble() > 0 && row.path("selfCheckRms").asDouble() < 1e-5, row::toString);
        Safetensors written = Safetensors.open(output);
        assertEquals(row.path("plan").asText(), written.metadata().get("plan"));
        AttentionSpec spec = AttentionSpec.of(1, 4, 33, 16).kvHeads(2).causal().lse().build();
        var expected = AttentionReference.compute(spec, tensors.get("q"), tensors.get("k"), tensors.get("v"), Sample.ALL);
        assertTrue(expected.compare(Map.of("out", written.tensor("out"), "lse", written.tensor("lse"))).within(1e-5));
    }

    @Test
    void runKeepsTheTypeOfTheQuery() {
        Map<String, Tensor> tensors = qkv(20, 2, 2);
        tensors.replaceAll((name, tensor) -> tensor.to(DType.BF16));
        Path output = folder.resolve("out.safetensors");
        Outcome run = tessera("run", "--input", file("in.safetensors", tensors).toString(), "--output", output.toString(), "--lse");
        assertEquals(0, run.code(), run.err());
        assertEquals(DType.BF16, Safetensors.open(output).tensor("out").dtype());
        assertEquals(DType.F32, Safetensors.open(output).tensor("lse").dtype());
    }

    @Test
    void runTakesGatesAndStates() throws IOException {
        Map<String, Tensor> tensors = qkv(20, 2, 2);
        tensors.put("gate", Tensor.zeros(1, 2, 20).fill(-0.1f));
        tensors.put("s0", Tensor.zeros(1, 2, 16, 16));
        Path output = folder.resolve("out.safetensors");
        Outcome run = tessera("run", "--operator", "recurrence", "--final-state", "--input", file("in.safetensors", tensors).toString(), "--output",
                output.toString());
        assertEquals(0, run.code(), run.err());
        assertEquals(Shape.of(1, 2, 16, 16), Safetensors.open(output).tensor("s").shape());
    }

    @Test
    void runTakesABlockMask() {
        Map<String, Tensor> tensors = qkv(20, 2, 2);
        Tensor map = Tensor.zeros(DType.I8, Shape.of(3, 3)).fill(1);
        tensors.put("block_mask", map);
        Path input = file("in.safetensors", tensors);
        Outcome dry = tessera("run", "--input", input.toString(), "--dry", "--block-size", "8");
        assertTrue(dry.code() == 0 && dry.out().contains("BSR"), dry.out() + dry.err());
        tessera("run", "--input", input.toString(), "--dry").assertRefused("block_mask", "--block-size");
        tessera("run", "--input", input.toString(), "--dry", "--block-size", "4").assertRefused("'block_mask' must be [maps, 5, 5]");
    }

    @Test
    void dryRunsPrintTasksAndWriteNothing() throws IOException {
        Path input = file("in.safetensors", qkv(20, 2, 2));
        Outcome dry = tessera("run", "--input", input.toString(), "--dry");
        assertEquals(0, dry.code(), dry.err());
        assertTrue(dry.out().contains("attention: RangeAttention.rows over 40 rows"), dry.out());
        try (var files = Files.list(folder)) {
            assertEquals(List.of(input), files.toList());
        }
    }

    @Test
    void runRefusesWhatItCannotReadOrWrite() throws IOException {
        Path input = file("in.safetensors", qkv(20, 2, 2));
        String in = input.toString();
        tessera("run", "--input", in).assertRefused("--output FILE is missing");
        tessera("run", "--output", "x").assertRefused("Missing required option: '--input=FILE'");
        tessera("run", "--input", in, "--output", in).assertRefused("is the input file");
        tessera("run", "--input", in, "--output", folder.toString()).assertRefused("it is a folder");
        tessera("run", "--input", in, "--output", folder.resolve("no/out").toString()).assertRefused("there is no folder");
        tessera("run", "--input", folder.toString(), "--dry").assertRefused("it is not a file");
        tessera("run", "--input", folder.resolve("absent").toString(), "--dry").assertRefused("absent", "no such file");
        Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(Files.readAllBytes(input), 500));
        tessera("run", "--input", cut.toString(), "--output", folder.resolve("out").toString()).assertRefused("cut is not a valid safetensors file");
        assertFalse(Files.exists(folder.resolve("out")));
    }

    @Test
    void runRefusesTensorsThatDoNotFit() {
        Map<String, Tensor> tensors = qkv(20, 4, 3);
        tessera("run", "--input", file("heads", tensors).toString(), "--dry").assertRefused("kvHeads must divide heads");
        tensors.put("k", Tensor.zeros(1, 4, 20, 8));
        tessera("run", "--input", file("dims", tensors).toString(), "--dry").assertRefused("'k' must be 1x4x20x16, got 1x4x20x8");
        tensors.put("q", Tensor.zeros(4, 20, 16));
        tessera("run", "--input", file("rank", tensors).toString(), "--dry").assertRefused("'q' must be [batch, heads, length, dim]");
        tensors.put("q", Tensor.zeros(DType.I8, Shape.of(1, 4, 20, 16)));
        tessera("run", "--input", file("type", tensors).toString(), "--dry").assertRefused("F32, F16 or BF16");
        tensors.remove("q");
        tessera("run", "--input", file("missing", tensors).toString(), "--dry").assertRefused("has no tensor 'q'");
        tensors = qkv(20, 2, 2);
        tensors.put("gate", Tensor.zeros(3, 3));
        tessera("run", "--operator", "recurrence", "--input", file("gate", tensors).toString(), "--dry").assertRefused("'gate' must have shape");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "plam | unknown command 'plam'; did you mean 'plan'?",
        "plan --lenght 3 | unknown option '--lenght'; did you mean '--length'?",
        "plan extra | unexpected argument 'extra'",
        "plan --length 0 | queries must be at least 1",
        "plan --heads -2 | heads must be at least 1",
        "plan --length 5x | is not a length such as",
        "plan --length 8g | is not a length such as",
        "plan --length 4096m | past 2^31 - 1",
        "plan --length 4m --heads 64 | more than 2^31 - 1 elements",
        "plan --heads 3 --kv-heads 2 | kvHeads must divide heads",
        "plan --scale NaN | scale must be a finite number",
        "plan --scale Infinity | scale must be a finite number",
        "plan --scale much | '--scale'",
        "plan --window 3 | is not LEFT,RIGHT",
        "plan --window -5,0 | a window needs",
        "plan --sink 4 | --sink needs a --window",
        "plan --block-size 0 | --block-size must be at least 1",
        "plan --causal=middle | is not one of top-left",
        "plan --gate none | --gate does not go with an attention",
        "plan --gate decay | is not one of none",
        "plan --operator recurrence --causal | --causal does not go with a recurrence",
        "plan --operator recurrence --keys 3 | do not go with a recurrence",
        "plan --operator mamba | ATTENTION",
        "plan --dtype i8 | F32",
        "plan --dtype f99 | F32",
        "plan --format xml | [TABLE",
        "devices --device jwm | no device 'jwm'; did you mean 'jvm'?; present: jvm",
        "devices --device cuda:7 | no device 'cuda:7'",
        "run --input a --dry --device jvm,jvm | --device takes one device here",
        "verify | Missing required parameter: 'FILE'",
        "verify absent.safetensors | absent.safetensors"})
    void badInputIsOneSentence(String arguments, String reason) {
        line(arguments).assertRefused(reason);
    }

    @Test
    void noCommandIsRefused() {
        tessera().assertRefused("Missing required subcommand", "tessera --help");
    }

    @Test
    void verboseShowsWhere() {
        Outcome failed = line("plan --length 0 --verbose");
        assertEquals(2, failed.code());
        assertTrue(failed.err().contains("at tessera."), failed.err());
        assertNotEquals(1, failed.err().lines().count());
    }
}
