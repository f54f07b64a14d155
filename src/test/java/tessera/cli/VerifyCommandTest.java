package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tessera.Tensor;
import tessera.Tessera;
import tessera.io.Safetensors;

/** Results of other software: PyTorch for softmax attention, flash-linear-attention for recurrences. */
class VerifyCommandTest {

    private static final Set<String> NOT_OURS = Set.of("alibi_causal", "softcap20_scale3", "dilated_w8_d4_causal");

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int verify(Path file, String... arguments) {
        CommandLine commandLine = Main.commandLine().setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        List<String> all = new ArrayList<>(List.of("verify", file.toString()));
        all.addAll(List.of(arguments));
        return commandLine.execute(all.toArray(String[]::new));
    }

    private static Path references() throws URISyntaxException {
        return Path.of(VerifyCommandTest.class.getResource("/reference-cases.safetensors").toURI());
    }

    @Test
    void everyCaseOfOursPassesOnEveryDevice() throws IOException, URISyntaxException {
        int code = verify(references(), "--format", "json");
        JsonNode rows = new ObjectMapper().readTree(out.toString());
        assertEquals(18 * Tessera.devices().size(), rows.size());
        for (JsonNode row : rows) {
            List<String> keys = new ArrayList<>();
            row.fieldNames().forEachRemaining(keys::add);
            assertEquals(List.of("case", "device", "status", "maxAbs", "rms", "reason"), keys);
            boolean ours = !NOT_OURS.contains(row.path("case").asText());
            assertEquals(ours ? "passed" : "unsupported", row.path("status").asText(), row::toString);
            assertTrue(ours ? row.path("rms").asDouble() < 1e-5 && row.path("reason").isNull() : row.path("reason").asText().contains("not implemented"),
                    row::toString);
        }
        assertEquals(0, code);
    }

    @Test
    void aWrongResultFails() {
        Tensor t = Tensor.random(Tensor.zeros(1, 1, 9, 4).shape(), 1);
        Path file = folder.resolve("wrong.safetensors");
        Safetensors.write(file, Map.of("c/q", t, "c/k", t, "c/v", t, "c/out0", t), Map.of("c", "{\"layout\":\"BHLD\",\"causal\":false}"));
        assertEquals(1, verify(file, "--device", "jvm"));
        assertTrue(out.toString().contains("failed") && out.toString().contains("0 passed, 1 failed, 0 unsupported"), out.toString());
    }

    @Test
    void casesCanBeChosen() throws URISyntaxException {
        assertEquals(0, verify(references(), "--case", "gla,sdpa_gqa", "--device", "jvm", "--format", "csv"));
        assertEquals(3, out.toString().lines().count());
        assertEquals(2, verify(references(), "--case", "gls"));
        assertTrue(err.toString().contains("no case 'gls'") && err.toString().contains("did you mean 'gla'?"), err.toString());
    }
}
