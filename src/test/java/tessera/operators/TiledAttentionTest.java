package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessera.CausalAlignment.BOTTOM_RIGHT;
import static tessera.CausalAlignment.TOP_LEFT;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Engines;
import tessera.masks.Mask;
import tessera.masks.Window;
import tessera.planner.Candidates;
import tessera.planner.Plan;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;

/** The tiled kernel on work-groups emulated by threads, where a plan for a device with local memory can run without one. */
class TiledAttentionTest {
    private static final Device GPU = device(48 << 10, 1024);

    private static final List<AttentionSpec> SPECS = List.of(
            // batch, heads, kvHeads, queries, keys, headDim, valueDim
            attention(1, 1, 1, 1, 1, 1, 1).lse().build(),
            attention(1, 2, 2, 2, 17, 8, 8).build(),
            attention(2, 3, 3, 17, 17, 12, 12).lse().build(),
            attention(1, 1, 1, 63, 63, 60, 60).causal().lse().build(),
            attention(1, 4, 2, 17, 63, 8, 12).causal(BOTTOM_RIGHT).lse().build(),
            attention(1, 4, 1, 17, 63, 12, 1).causal(TOP_LEFT).build(),
            attention(1, 2, 2, 63, 17, 12, 8).causal(BOTTOM_RIGHT).lse().build(),
            attention(1, 2, 1, 63, 17, 1, 60).causal(TOP_LEFT).lse().build(),
            attention(1, 1, 1, 63, 63, 12, 12).mask(Mask.window(5, 3)).lse().build(),
            attention(1, 1, 1, 17, 100, 64, 64).mask(Mask.window(40, -1)).causal().build(),
            attention(1, 1, 1, 100, 17, 8, 8).mask(Mask.window(2, 2)).lse().build(),
            attention(1, 1, 1, 63, 63, 12, 12).mask(Mask.streaming(4, 9)).causal().lse().build(),
            attention(1, 1, 1, 17, 100, 8, 8).mask(new Window(35, 3, 2)).causal().lse().build(),
            attention(1, 1, 1, 63, 63, 8, 12).mask(new Window(40, -1, 1)).lse().build(),
            attention(1, 1, 1, 63, 17, 8, 8).mask(new Window(3, 1, 0)).causal().lse().build(),
            attention(1, 1, 1, 17, 33, 128, 60).lse().build(),
            attention(1, 1, 1, 9, 17, 60, 256).causal().build());

    private static AttentionBuilder attention(int batch, int heads, int kvHeads, int queries, int keys, int headDim, int valueDim) {
        return AttentionSpec.of(batch, heads, queries, headDim).kvHeads(kvHeads).keys(keys).valueDim(valueDim);
    }

    private static Device device(long localMemoryBytes, int maxGroupSize) {
        return new Device("emulated", "threads", "emulated", "GPU", "-", 8, 1L << 32, 1L << 32, localMemoryBytes, maxGroupSize, false);
    }

    private static List<Plan> tiled(Candidates candidates) {
        return candidates.legal().stream().filter(plan -> plan.variant().equals("tiles")).toList();
    }

    @TestFactory
    Stream<DynamicTest> everyTilingGivesTheTwinsResult() {
        return SPECS.stream().flatMap(spec -> tiled(new AttentionOperator().plans(spec, GPU)).stream()
                .map(plan -> DynamicTest.dynamicTest(plan.summary() + " for " + spec, () -> check(spec, plan, SelfCheck.inputs(spec, 3)))));
    }

    @Test
    void negativeAndLargeScores() {
        AttentionSpec spec = attention(1, 1, 1, 17, 35, 16, 5).scale(64).causal().lse().build();
        for (int from : new int[] {-8, 0}) {
            Map<String, Tensor> inputs = SelfCheck.inputs(spec, 3);
            inputs.put("q", AttentionNumericsTest.integers(spec.inputs().get("q"), 1, 8, 1));
            inputs.put("k", AttentionNumericsTest.integers(spec.inputs().get("k"), from, from + 7, 2));
            tiled(new AttentionOperator().plans(spec, GPU)).forEach(plan -> check(spec, plan, inputs));
        }
    }

    /** Runs a plan on emulated work-groups and compares with the twin. */
    static void check(AttentionSpec spec, Plan plan, Map<String, Tensor> inputs) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(inputs);
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
        Device jvm = Engines.device(Device.JVM);
        try (var session = Engines.of(jvm).prepare(jvm, new AttentionOperator().bind(spec, plan, tensors))) {
            session.run();
        }
        Accuracy accuracy = new AttentionOperator().reference(spec, tensors, Sample.ALL).compare(tensors);
        assertTrue(accuracy.within(DType.F32.tolerance()), accuracy::toString);
    }

    @Test
    void everyTilingIsTriedOnTheSmallShapes() {
        var all = SPECS.stream().flatMap(spec -> tiled(new AttentionOperator().plans(spec, GPU)).stream()).map(Plan::tuning)
                .collect(Collectors.toSet());
        assertEquals(4, all.size(), all::toString);
    }

    @Test
    void tilesThatDoNotFitAreRuledOutByTheLimit() {
        AttentionSpec spec = attention(1, 1, 1, 17, 17, 64, 64).build();
        assertLimit("bytes of local memory", spec, device(9 << 10, 1024), 1);
        assertLimit("work-items in a group", spec, device(48 << 10, 64), 1);
        assertLimit("no local memory", spec, device(0, 1024), 0);
    }

    private static void assertLimit(String words, AttentionSpec spec, Device device, int legal) {
        Candidates candidates = new AttentionOperator().plans(spec, device);
        var limits = new TreeSet<>(candidates.ruledOut().stream().map(Candidates.RuledOut::limit).toList());
        assertTrue(limits.stream().anyMatch(limit -> limit.contains(words)), limits::toString);
        assertEquals(legal, tiled(candidates).size(), () -> tiled(candidates).toString());
    }
}
