package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessera.CausalAlignment.TOP_LEFT;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
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
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.masks.Mask;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;
import tessera.specialise.Specialiser;

/** The kernels that are specialised to their plan, on work-groups emulated by threads: as they are written, and specialised. */
class MatrixAttentionTest {
    private static final Device GPU = new Device("emulated", "threads", "emulated", "GPU", "-", 8, 1L << 32, 1L << 32, 48 << 10, 1024, true, true);
    private static final Set<String> VARIANTS = Set.of("matrix", "registers");

    private static final List<AttentionSpec> SPECS = List.of(
            attention(1, 2, 1, 130, 130, 64, 64).causal().lse().build(),
            attention(1, 1, 1, 70, 128, 32, 48).lse().build(),
            attention(1, 6, 2, 23, 40, 16, 16).causal().lse().build(),
            attention(2, 4, 1, 50, 50, 16, 16).mask(Mask.window(7, 2)).lse().build(),
            attention(1, 2, 2, 17, 63, 16, 96).causal().lse().build(),
            attention(1, 1, 1, 63, 17, 32, 16).causal(TOP_LEFT).lse().build(),
            attention(1, 1, 1, 63, 17, 16, 16).causal().lse().build(),
            attention(1, 1, 1, 150, 150, 16, 32).mask(Mask.window(20, 3)).lse().build(),
            attention(1, 1, 1, 100, 17, 16, 16).mask(Mask.window(2, 2)).lse().build(),
            attention(2, 2, 2, 33, 33, 8, 24).causal().lse().build(),
            attention(1, 1, 1, 9, 40, 128, 128).lse().build(),
            attention(1, 1, 1, 9, 40, 256, 256).causal().build(),
            attention(1, 1, 1, 1, 1, 16, 16).lse().build());

    private static AttentionBuilder attention(int batch, int heads, int kvHeads, int queries, int keys, int headDim, int valueDim) {
        return AttentionSpec.of(batch, heads, queries, headDim).kvHeads(kvHeads).keys(keys).valueDim(valueDim);
    }

    private static List<Plan> plans(AttentionSpec spec) {
        return Planner.candidates(spec, GPU).legal().stream().filter(plan -> VARIANTS.contains(plan.variant())).toList();
    }

    /** Every problem in both types by two of its plans, in turn. */
    @TestFactory
    Stream<DynamicTest> theTwinsResult() {
        return IntStream.range(0, SPECS.size()).boxed().flatMap(n -> Stream.of(DType.F32, DType.F16).flatMap(type -> {
            AttentionSpec spec = SPECS.get(n).toBuilder().dtype(type).build();
            List<Plan> plans = plans(spec);
            return IntStream.of(n, n + plans.size() / 2).mapToObj(p -> plans.get(p % plans.size())).distinct()
                    .map(plan -> DynamicTest.dynamicTest(plan.summary() + " for " + spec, () -> check(spec, plan, SelfCheck.inputs(spec, 3))));
        }));
    }

    @Test
    void largeScores() {
        AttentionSpec spec = attention(1, 1, 1, 40, 90, 16, 16).scale(64).causal().lse().build();
        for (DType type : List.of(DType.F32, DType.F16)) {
            AttentionSpec stored = spec.toBuilder().dtype(type).build();
            Map<String, Tensor> inputs = new LinkedHashMap<>();
            SelfCheck.inputs(stored, 3).forEach((name, tensor) -> inputs.put(name, tensor.to(type)));
            inputs.put("q", AttentionNumericsTest.integers(stored.inputs().get("q"), 1, 8, 1).to(type));
            inputs.put("k", AttentionNumericsTest.integers(stored.inputs().get("k"), -8, -1, 2).to(type));
            plans(stored).forEach(plan -> check(stored, plan, inputs));
        }
    }

    /** The kernel as written defines the result; specialised it gives the same bits. */
    static void check(AttentionSpec spec, Plan plan, Map<String, Tensor> inputs) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        inputs.forEach((name, tensor) -> tensors.put(name, tensor.to(Storage.type(spec, plan, name))));
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
        Program program = Storage.bind(spec, plan, tensors);
        run(program.tasks(), program);
        Accuracy accuracy = new AttentionOperator().reference(spec, tensors, Sample.ALL).compare(tensors);
        assertTrue(accuracy.within(plan.operands().tolerance()), accuracy::toString);
        float[] written = tensors.get("out").toArray();
        tensors.get("out").fill(Float.NaN);
        List<Task> specialised = program.tasks().stream().map(task -> Specialiser.isFor(task.kernel()) ? Specialiser.specialise(task) : task).toList();
        assertFalse(specialised.equals(program.tasks()));
        run(specialised, program);
        assertArrayEquals(written, tensors.get("out").toArray());
    }

    private static void run(List<Task> tasks, Program program) {
        Device jvm = Engines.device(Device.JVM);
        try (var session = Engines.of(jvm).prepare(jvm, new Program(tasks, program.inputs(), program.constants(), program.outputs(), program.start(), program.finish()))) {
            session.run();
        }
    }

    @Test
    void whatMatrixUnitsCannotDoIsRuledOutByTheLimit() {
        assertLimit("multiples of 16", attention(1, 1, 1, 20, 20, 24, 24).dtype(DType.F16).build());
        assertLimit("multiples of 8", attention(1, 1, 1, 20, 20, 12, 12).build());
        assertLimit("a scale above 0", attention(1, 1, 1, 20, 20, 16, 16).scale(-1).build());
        assertLimit("plain scores", attention(1, 1, 1, 20, 20, 16, 16).slopes().build());
        assertLimit("registers for queries", attention(1, 1, 1, 20, 20, 256, 256).build());
        assertEquals(0, plans(attention(1, 1, 1, 20, 20, 12, 12).build()).stream().filter(plan -> plan.variant().equals("matrix")).count());
    }

    private static void assertLimit(String words, AttentionSpec spec) {
        List<String> limits = Planner.candidates(spec, GPU).ruledOut().stream().map(r -> r.plan() + ": " + r.limit()).toList();
        assertTrue(limits.stream().anyMatch(limit -> limit.startsWith("matrix") && limit.contains(words)), limits::toString);
    }
}
