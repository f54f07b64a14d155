package tessera.io.onnx;

import static org.junit.jupiter.api.Assertions.fail;

import ai.onnxruntime.OrtException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.experiments.Conformance;
import tessera.experiments.Machine;

/**
 * Random models of one Attention node, run by ONNX Runtime and by us from the same files. System properties:
 * {@code tessera.differential.specs} says how many, {@code tessera.differential.seed} where to start (one spec and the seed of a
 * mismatch repeat that mismatch), and {@code tessera.differential.record} names a file to write the result to.
 */
@DisabledOnOs(value = OS.MAC, architectures = "x86_64", disabledReason = "ONNX Runtime comes without a library for it")
class AttentionDifferentialTest {
    private static final double TOLERANCE = 1e-5;
    private static final int SHOWN = 10;

    private final Device device = Tessera.device(Device.JVM);
    private final List<String> mismatches = new ArrayList<>();
    private double worst;

    @TempDir
    private Path folder;

    @Test
    void attentionIsWhatOnnxRuntimeComputes() throws IOException {
        int specs = Integer.getInteger("tessera.differential.specs", 300);
        long seed = Long.getLong("tessera.differential.seed", System.nanoTime() % 1_000_000_000);
        System.out.println("differential test of " + specs + " specs from seed " + seed);
        long start = System.nanoTime();
        for (int n = 0; n < specs; n++) {
            compare(DrawnAttention.of(seed + n));
        }
        String result = String.format(Locale.ROOT, """
                specs            %d
                mismatches       %d
                worst RMS ratio  %.2e (tolerance %.0e)
                seed             %d
                time             %.1f s
                ONNX Runtime     %s (CPU)
                machine          %s
                """, specs, mismatches.size(), worst, TOLERANCE, seed, (System.nanoTime() - start) / 1e9, OnnxRuntime.version(),
                Machine.here(List.of(device)).line(device));
        System.out.print(result);
        String record = System.getProperty("tessera.differential.record");
        if (record != null) {
            Files.writeString(Path.of(record), result);
        }
        if (!mismatches.isEmpty()) {
            fail(mismatches.size() + " of " + specs + " specs differ from ONNX Runtime; repeat one with -Dtessera.differential.specs=1"
                    + " -Dtessera.differential.seed=SEED\n" + mismatches.stream().limit(SHOWN).collect(Collectors.joining("\n")));
        }
    }

    private void compare(DrawnAttention drawn) throws IOException {
        try {
            List<OnnxRuntime.Input> inputs = drawn.inputs();
            OnnxBytes model = drawn.model(inputs);
            OnnxBytes.writeCase(folder, model, inputs.stream().map(OnnxRuntime.Input::tensor).toList(), OnnxRuntime.run(model, inputs));
            Conformance result = Conformance.of(OnnxCase.below(folder).getFirst().problem(), device);
            if (result.accuracy() == null) {
                mismatches.add(result.status() + ": " + result.reason() + "\n    " + drawn);
                return;
            }
            worst = Math.max(worst, result.accuracy().rms());
            if (!result.accuracy().within(TOLERANCE)) {
                mismatches.add(result.accuracy() + "\n    " + drawn);
            }
        } catch (OrtException | RuntimeException e) {
            mismatches.add(e + "\n    " + drawn);
        }
    }
}
