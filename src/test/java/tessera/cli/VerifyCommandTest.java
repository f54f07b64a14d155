package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tessera.Tensor;
import tessera.Tessera;
import tessera.io.Safetensors;

/** Results of other software: PyTorch for softmax attention, flash-linear-attention for recurrences. */
class VerifyCommandTest {

    @TempDir
    private Path folder;

    private static Outcome verify(Path file, String... arguments) {
        List<String> all = new ArrayList<>(List.of("verify", file.toString()));
        all.addAll(List.of(arguments));
        return Outcome.of(all.toArray(String[]::new));
    }

    private static Path references() throws URISyntaxException {
        return resource("reference-cases");
    }

    private static Path resource(String name) throws URISyntaxException {
        return Path.of(VerifyCommandTest.class.getResource("/" + name + ".safetensors").toURI());
    }

    @ParameterizedTest
    @CsvSource({"reference-cases, 19", "composed-references, 3", "ttt-linear, 1"})
    void everyCaseOfOursPassesOnEveryDevice(String name, int cases) throws IOException, URISyntaxException {
        JsonNode rows = verify(resource(name), "--format", "json").json();
        assertEquals(cases * Tessera.devices().size(), rows.size());
        for (JsonNode row : rows) {
            List<String> keys = new ArrayList<>();
            row.fieldNames().forEachRemaining(keys::add);
            assertEquals(List.of("case", "device", "status", "maxAbs", "rms", "reason"), keys);
            assertEquals("passed", row.path("status").asText(), row::toString);
            assertTrue(row.path("rms").asDouble() < 1e-5 && row.path("reason").isNull(), row::toString);
        }
    }

    @Test
    void whatIsNotOursIsUnsupported() throws IOException {
        Tensor t = Tensor.random(Tensor.zeros(1, 1, 9, 4).shape(), 1);
        Map<String, String> attributes = Map.of("c", "{\"layout\":\"BHLD\",\"rule\":\"j<i*i\"}");
        Path file = folder.resolve("other.safetensors");
        Safetensors.write(file, Map.of("c/q", t, "c/k", t, "c/v", t, "c/out0", t), attributes);
        JsonNode row = verify(file, "--device", "jvm", "--format", "json").json().path(0);
        assertEquals("unsupported", row.path("status").asText());
        assertEquals("the rule 'j<i*i' is not understood", row.path("reason").asText());
    }

    @Test
    void aWrongResultFails() {
        Tensor t = Tensor.random(Tensor.zeros(1, 1, 9, 4).shape(), 1);
        Path file = folder.resolve("wrong.safetensors");
        Safetensors.write(file, Map.of("c/q", t, "c/k", t, "c/v", t, "c/out0", t), Map.of("c", "{\"layout\":\"BHLD\",\"causal\":false}"));
        Outcome outcome = verify(file, "--device", "jvm");
        assertEquals(1, outcome.code());
        assertTrue(outcome.out().contains("the RMS ratio is not below") && outcome.out().contains("0 passed, 1 failed, 0 unsupported, 0 outside"), outcome.out());
    }

    /** The last memory of both passes is compared, not only what is read. */
    @ParameterizedTest
    @ValueSource(strings = {"gsa/out0", "gsa/out1_0", "gsa/out1_1"})
    void aWrongResultOfAnyStepFails(String wrong) throws URISyntaxException {
        Safetensors right = Safetensors.open(resource("composed-references"));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        right.names().stream().filter(name -> name.startsWith("gsa/")).forEach(name -> tensors.put(name, right.tensor(name)));
        tensors.get(wrong).set(7, 1000);
        Path file = folder.resolve("wrong.safetensors");
        Safetensors.write(file, tensors, Map.of("gsa", right.metadata().get("gsa")));
        Outcome outcome = verify(file, "--device", "jvm");
        assertEquals(1, outcome.code());
        assertTrue(outcome.out().contains("0 passed, 1 failed"), outcome.out());
    }

    @Test
    void whatIsOutsideOfTheCatalogueIsCountedAsSuch() {
        Tensor t = Tensor.zeros(1, 1, 9, 4);
        Path file = folder.resolve("outside.safetensors");
        Safetensors.write(file, Map.of("c/q", t, "d/q", t), Map.of("c", "{\"ref\":\"fla.naive_path_attn\"}", "d", "{}"));
        Outcome outcome = verify(file, "--device", "jvm");
        assertEquals(0, outcome.code());
        assertTrue(outcome.out().contains("needs softmax attention whose") && outcome.out().contains("0 passed, 0 failed, 1 unsupported, 1 outside"), outcome.out());
    }

    @Test
    void casesCanBeChosen() throws URISyntaxException {
        Outcome two = verify(references(), "--case", "gla,sdpa_gqa", "--device", "jvm", "--format", "csv");
        assertEquals(0, two.code());
        assertEquals(3, two.out().lines().count());
        verify(references(), "--case", "gls").assertRefused("no case 'gls'", "did you mean 'gla'?");
    }
}
