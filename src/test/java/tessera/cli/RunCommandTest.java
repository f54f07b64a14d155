package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.io.Safetensors;
import tessera.reference.AttentionReference;
import tessera.reference.Sample;

/** Tensors in, tensors out. */
class RunCommandTest {

    @TempDir
    private Path folder;

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

    @Test
    void runWritesWhatTheReferenceGives() throws IOException {
        Map<String, Tensor> tensors = qkv(33, 4, 2);
        Path input = file("in.safetensors", tensors);
        Path output = folder.resolve("out.safetensors");
        JsonNode row = Outcome.of("run", "--input", input.toString(), "--output", output.toString(), "--causal", "--lse", "--format", "json").json().path(0);
        assertTrue(row.path("kernelMillis").asDouble() > 0 && row.path("selfCheckRms").asDouble() < 1e-5, row::toString);
        Safetensors written = Safetensors.open(output);
        assertEquals(row.path("plan").asText(), written.metadata().get("plan"));
        AttentionSpec spec = AttentionSpec.of(1, 4, 33, 16).kvHeads(2).causal().lse().build();
        var expected = AttentionReference.compute(spec, tensors, Sample.ALL);
        assertTrue(expected.compare(Map.of("out", written.tensor("out"), "lse", written.tensor("lse"))).within(1e-5));
    }

    @Test
    void severalDevicesShareTheHeads() throws IOException {
        Map<String, Tensor> tensors = qkv(33, 6, 3);
        Path input = file("in.safetensors", tensors);
        Path output = folder.resolve("out.safetensors");
        String devices = String.join(",", Tessera.devices().stream().map(Device::id).toList());
        JsonNode row = Outcome.of("run", "--input", input.toString(), "--output", output.toString(), "--device", devices, "--lse", "--format", "json").json().path(0);
        assertEquals(devices.contains(","), row.path("plan").asText().startsWith("ATTN divided "), row::toString);
        Safetensors written = Safetensors.open(output);
        assertEquals(row.path("device").asText(), written.metadata().get("device"));
        var expected = AttentionReference.compute(AttentionSpec.of(1, 6, 33, 16).kvHeads(3).lse().build(), tensors, Sample.ALL);
        assertTrue(expected.compare(Map.of("out", written.tensor("out"), "lse", written.tensor("lse"))).within(1e-5));
    }

    @Test
    void runFindsTheFastestDevice() throws IOException {
        Path input = file("in.safetensors", qkv(20, 2, 2));
        JsonNode tasks = Outcome.of("run", "--input", input.toString(), "--dry", "--device", "fastest", "--format", "json").json();
        assertTrue(Tessera.devices().stream().anyMatch(device -> device.id().equals(tasks.path(0).path("device").asText())), tasks::toString);
    }

    @Test
    void runKeepsTheTypeOfTheQuery() {
        Map<String, Tensor> tensors = qkv(20, 2, 2);
        tensors.replaceAll((name, tensor) -> tensor.to(DType.BF16));
        Path output = folder.resolve("out.safetensors");
        Outcome run = Outcome.of("run", "--input", file("in.safetensors", tensors).toString(), "--output", output.toString(), "--lse");
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
        Outcome run = Outcome.of("run", "--operator", "recurrence", "--final-state", "--input", file("in.safetensors", tensors).toString(), "--output",
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
        Outcome dry = Outcome.of("run", "--input", input.toString(), "--dry", "--block-size", "8");
        assertTrue(dry.code() == 0 && dry.out().contains("BSR"), dry.out() + dry.err());
        Outcome.of("run", "--input", input.toString(), "--dry").assertRefused("block_mask", "--block-size");
        Outcome.of("run", "--input", input.toString(), "--dry", "--block-size", "4").assertRefused("'block_mask' must be [maps, 5, 5]");
    }

    @Test
    void runReadsWhatTheRuleTakes() {
        Map<String, Tensor> tensors = qkv(20, 2, 2);
        String[] line = {"run", "--operator", "recurrence", "--correction", "delta", "--gate", "key-const", "--input", "", "--dry"};
        tensors.put("gate", Tensor.zeros(2, 16));
        line[8] = file("lacking", tensors).toString();
        Outcome.of(line).assertRefused("no tensor 'beta'");
        tensors.put("beta", Tensor.zeros(1, 2, 20));
        line[8] = file("whole", tensors).toString();
        Outcome whole = Outcome.of(line);
        assertEquals(0, whole.code(), whole.err());
        assertTrue(whole.out().contains("DeltaFactors.rows over 40 rows"), whole.out());
    }

    @Test
    void dryRunsPrintTasksAndWriteNothing() throws IOException {
        Path input = file("in.safetensors", qkv(20, 2, 2));
        Outcome dry = Outcome.of("run", "--input", input.toString(), "--dry");
        assertEquals(0, dry.code(), dry.err());
        assertTrue(dry.out().contains("attention: StripAttention.rows over 2 rows"), dry.out());
        try (var files = Files.list(folder)) {
            assertEquals(List.of(input), files.toList());
        }
    }

    @Test
    void runRefusesWhatItCannotReadOrWrite() throws IOException {
        Path input = file("in.safetensors", qkv(20, 2, 2));
        String in = input.toString();
        Outcome.of("run", "--input", in).assertRefused("--output FILE is missing");
        Outcome.of("run", "--output", "x").assertRefused("Missing required option: '--input=FILE'");
        Outcome.of("run", "--input", in, "--output", in).assertRefused("is the input file");
        Outcome.of("run", "--input", in, "--output", folder.toString()).assertRefused("it is a folder");
        Outcome.of("run", "--input", in, "--output", folder.resolve("no/out").toString()).assertRefused("there is no folder");
        Outcome.of("run", "--input", folder.toString(), "--dry").assertRefused("it is not a file");
        Outcome.of("run", "--input", folder.resolve("absent").toString(), "--dry").assertRefused("absent", "no such file");
        Path cut = Files.write(folder.resolve("cut"), Arrays.copyOf(Files.readAllBytes(input), 500));
        Outcome.of("run", "--input", cut.toString(), "--output", folder.resolve("out").toString()).assertRefused("cut is not a valid safetensors file");
        assertFalse(Files.exists(folder.resolve("out")));
    }

    @Test
    void runRefusesTensorsThatDoNotFit() {
        Map<String, Tensor> tensors = qkv(20, 4, 3);
        Outcome.of("run", "--input", file("heads", tensors).toString(), "--dry").assertRefused("kvHeads must divide heads");
        tensors.put("k", Tensor.zeros(1, 4, 20, 8));
        Outcome.of("run", "--input", file("dims", tensors).toString(), "--dry").assertRefused("'k' must be 1x4x20x16, got 1x4x20x8");
        tensors.put("q", Tensor.zeros(4, 20, 16));
        Outcome.of("run", "--input", file("rank", tensors).toString(), "--dry").assertRefused("'q' must be [batch, heads, length, dim]");
        tensors.put("q", Tensor.zeros(DType.I8, Shape.of(1, 4, 20, 16)));
        Outcome.of("run", "--input", file("type", tensors).toString(), "--dry").assertRefused("F32, F16 or BF16");
        tensors.remove("q");
        Outcome.of("run", "--input", file("missing", tensors).toString(), "--dry").assertRefused("has no tensor 'q'");
        tensors = qkv(20, 2, 2);
        tensors.put("gate", Tensor.zeros(1, 1, 1, 3, 3));
        Outcome.of("run", "--operator", "recurrence", "--input", file("gate", tensors).toString(), "--dry").assertRefused("'gate' must have shape");
    }
}
