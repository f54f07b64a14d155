package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessera.CausalAlignment.BOTTOM_RIGHT;
import static tessera.CausalAlignment.TOP_LEFT;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.engine.Engines;
import tessera.masks.Mask;
import tessera.masks.Window;
import tessera.planner.Plan;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;

/** Attention in strips on every CPU: all tiles on the JVM; a device that compiles each plan anew takes one for every fourth spec. */
class StripAttentionTest {
    private static final List<Device> CPUS = Tessera.devices().stream().filter(device -> device.kind().equals("CPU")).toList();

    private static final List<AttentionSpec> SPECS = List.of(
            // batch, heads, kvHeads, queries, keys, headDim, valueDim
            attention(1, 1, 1, 1, 1, 1, 1).lse().build(),
            attention(2, 3, 3, 63, 63, 60, 60).lse().build(),
            attention(1, 2, 1, 100, 100, 64, 64).causal().lse().build(),
            attention(1, 1, 1, 200, 200, 128, 128).causal().lse().build(),
            attention(1, 4, 2, 17, 163, 8, 12).causal(BOTTOM_RIGHT).lse().build(),
            attention(1, 4, 1, 17, 63, 12, 1).causal(TOP_LEFT).build(),
            attention(1, 2, 2, 163, 17, 12, 8).causal(BOTTOM_RIGHT).lse().build(),
            attention(1, 2, 1, 63, 17, 1, 60).causal(TOP_LEFT).lse().build(),
            attention(1, 1, 1, 263, 263, 12, 12).mask(Mask.window(5, 3)).lse().build(),
            attention(1, 1, 1, 300, 300, 16, 16).mask(Mask.window(120, 0)).lse().build(),
            attention(1, 1, 1, 17, 100, 64, 64).mask(Mask.window(40, -1)).causal().build(),
            attention(1, 1, 1, 200, 17, 8, 8).mask(Mask.window(2, 2)).lse().build(),
            attention(1, 1, 1, 263, 263, 12, 12).mask(Mask.streaming(4, 9)).causal().lse().build(),
            attention(1, 1, 1, 17, 200, 8, 8).mask(new Window(35, 3, 2)).causal().lse().build(),
            attention(1, 1, 1, 163, 163, 8, 12).mask(new Window(40, -1, 1)).lse().build(),
            attention(1, 1, 1, 63, 17, 8, 8).mask(new Window(3, 1, 0)).causal().lse().build(),
            attention(1, 1, 1, 49, 97, 256, 256).causal().lse().build(),
            attention(1, 1, 1, 100, 35, 16, 5).scale(-0.3f).lse().build());

    private static AttentionBuilder attention(int batch, int heads, int kvHeads, int queries, int keys, int headDim, int valueDim) {
        return AttentionSpec.of(batch, heads, queries, headDim).kvHeads(kvHeads).keys(keys).valueDim(valueDim);
    }

    private static List<Plan> strips(AttentionSpec spec, Device device) {
        return new AttentionOperator().plans(spec, device).legal().stream().filter(plan -> plan.variant().equals("strips")).toList();
    }

    @TestFactory
    Stream<DynamicTest> everyTilingGivesTheTwinsResult() {
        return CPUS.stream().flatMap(device -> IntStream.range(0, SPECS.size()).filter(n -> device.isJvm() || n % 4 == 2).boxed().flatMap(n -> {
            List<Plan> plans = strips(SPECS.get(n), device);
            return (device.isJvm() ? plans : List.of(plans.get(n / 4 % plans.size()))).stream().map(plan -> DynamicTest.dynamicTest(
                    device.id() + " " + plan.summary() + " for " + SPECS.get(n), () -> check(SPECS.get(n), plan, device, SelfCheck.inputs(SPECS.get(n), 3))));
        }));
    }

    @Test
    void negativeAndLargeScores() {
        AttentionSpec spec = attention(1, 1, 1, 63, 135, 16, 5).scale(64).causal().lse().build();
        for (int from : new int[] {-8, 0}) {
            Map<String, Tensor> inputs = SelfCheck.inputs(spec, 3);
            inputs.put("q", AttentionNumericsTest.integers(spec.inputs().get("q"), 1, 8, 1));
            inputs.put("k", AttentionNumericsTest.integers(spec.inputs().get("k"), from, from + 7, 2));
            CPUS.forEach(device -> check(spec, strips(spec, device).getLast(), device, inputs));
        }
    }

    @Test
    void aRowWithoutKeysGivesZero() {
        AttentionSpec spec = attention(1, 1, 1, 100, 20, 8, 8).causal(BOTTOM_RIGHT).lse().build();
        for (Device device : CPUS) {
            Map<String, Tensor> tensors = check(spec, strips(spec, device).getFirst(), device, SelfCheck.inputs(spec, 3));
            assertEquals(0, tensors.get("out").get(0));
            assertEquals(Float.NEGATIVE_INFINITY, tensors.get("lse").get(0));
        }
    }

    private static Map<String, Tensor> check(AttentionSpec spec, Plan plan, Device device, Map<String, Tensor> inputs) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(inputs);
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).poison()));
        try (var session = Engines.of(device).prepare(device, new AttentionOperator().bind(spec, plan, tensors))) {
            session.run();
        }
        Accuracy accuracy = new AttentionOperator().reference(spec, tensors, Sample.ALL).compare(tensors);
        assertTrue(accuracy.within(DType.F32.tolerance()), accuracy::toString);
        return tensors;
    }
}
