package tessera.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessera.DType;
import tessera.Spec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.reference.Accuracy;
import tessera.reference.Expected;

/** TTT-Linear as flash-linear-attention's naive code computed it, outputs and last weights: one head of one batch. */
class FastWeightCasesTest {

    @TempDir
    private Path folder;

    @Test
    void everyPlanOnEveryDeviceGivesWhatOthersComputed() throws URISyntaxException {
        Path file = Path.of(FastWeightCasesTest.class.getResource("/ttt-linear.safetensors").toURI());
        var known = (ReferenceCase.Known) ReferenceFile.open(file).read("ttt_linear");
        Spec spec = known.problem().spec();
        assertEquals(List.of("out", "w", "b"), List.copyOf(spec.outputs().keySet()));
        for (Device device : Tessera.devices()) {
            for (Plan plan : Planner.candidates(spec, device).legal()) {
                Map<String, Tensor> tensors = new LinkedHashMap<>(known.problem().inputs());
                spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
                try (var prepared = Tessera.plan(spec, device, plan)) {
                    prepared.run(tensors);
                }
                known.outputs().getFirst().forEach((name, expected) -> {
                    Accuracy accuracy = Accuracy.of(tensors.get(name), everything(expected));
                    assertTrue(accuracy.within(1e-5), () -> name + " by " + plan + " on " + device + ": " + accuracy);
                });
            }
        }
    }

    private static Expected.Values everything(Tensor tensor) {
        int[] at = IntStream.range(0, tensor.shape().elements()).toArray();
        return new Expected.Values(at, IntStream.of(at).mapToDouble(tensor::get).toArray());
    }

    @Test
    void whatIsNotUnderstoodIsNamed() {
        assertTrue(reason("\"mini_batch_size\":5").contains("mini-batches of 5"));
        assertEquals("the attribute 'dropout' is not understood", reason("\"mini_batch_size\":4,\"dropout\":0.5"));
        assertEquals("it has no tensor 'eta'", reason("\"mini_batch_size\":4"));
    }

    private String reason(String attributes) {
        Tensor t = Tensor.zeros(1, 1, 8, 4);
        Path file = folder.resolve(Math.abs(attributes.hashCode()) + ".safetensors");
        Safetensors.write(file, Map.of("c/q", t, "c/k", t, "c/v", t, "c/out0", t), Map.of("c", "{\"ref\":\"fla.ops.ttt.naive.ttt_linear\"," + attributes + "}"));
        return ((ReferenceCase.Unknown) ReferenceFile.open(file).read("c")).reason();
    }
}
