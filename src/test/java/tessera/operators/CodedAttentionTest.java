package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.CodedAttentionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Engines;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;
import tessera.specialise.Specialiser;

/** Attention over codes: the kernel of matrix units on emulated work-groups, as written and specialised; what it refuses. */
class CodedAttentionTest {
    private static final Device GPU = new Device("emulated", "threads", "emulated", "GPU", "-", 8, 1L << 32, 1L << 32, 48 << 10, 1024, true, true);

    private static CodedAttentionSpec half(int batch, int heads, int length, int headDim) {
        return CodedAttentionSpec.of(batch, heads, length, headDim).withDType(DType.F16);
    }

    private static final List<CodedAttentionSpec> SPECS = List.of(
            half(1, 1, 130, 64).withCausal(),
            half(1, 1, 70, 32).withKeys(128, 1, 32).withBlocks(16, 64),
            half(1, 4, 23, 32).withKeys(40, 2, 32).withCausal().withBlocks(8, 16),
            half(2, 2, 33, 32).withKeys(17, 1, 32).withCausal(),
            half(1, 1, 63, 96).withKeys(100, 1, 96).withScale(0.4f),
            half(1, 1, 9, 128).withKeys(40, 1, 128),
            half(1, 1, 1, 32));

    private static List<Plan> plans(CodedAttentionSpec spec) {
        return Planner.candidates(spec, GPU).legal().stream().filter(plan -> plan.variant().equals("matrix")).toList();
    }

    /** Every problem by two of its plans, in turn. */
    @TestFactory
    Stream<DynamicTest> theTwinsResultOnMatrixUnits() {
        return SPECS.stream().flatMap(spec -> {
            List<Plan> plans = plans(spec);
            int n = SPECS.indexOf(spec);
            return Stream.of(n, n + plans.size() / 2).map(p -> plans.get(p % plans.size())).distinct()
                    .map(plan -> DynamicTest.dynamicTest(plan.summary() + " for " + spec, () -> check(spec, plan)));
        });
    }

    /** The kernel as written defines the result; specialised it gives the same bits. */
    private static void check(CodedAttentionSpec spec, Plan plan) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        SelfCheck.inputs(spec, 3).forEach((name, tensor) -> tensors.put(name, tensor.to(Storage.type(spec, plan, name))));
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).poison()));
        Program program = Storage.bind(spec, plan, tensors);
        run(program.tasks(), program);
        Accuracy accuracy = Operators.of(spec).reference(spec, tensors, Sample.ALL).compare(tensors);
        assertTrue(accuracy.within(DType.F16.tolerance()), accuracy::toString);
        float[] written = tensors.get("out").toArray();
        tensors.get("out").poison();
        List<Task> specialised = program.tasks().stream().map(Specialiser::specialise).toList();
        assertNotEquals(specialised, program.tasks());
        run(specialised, program);
        assertArrayEquals(written, tensors.get("out").toArray());
    }

    private static void run(List<Task> tasks, Program program) {
        Device jvm = Engines.device(Device.JVM);
        try (var session = Engines.of(jvm).prepare(jvm, new Program(tasks, program.inputs(), program.constants(), program.outputs()))) {
            session.run();
        }
    }

    @TestFactory
    Stream<DynamicTest> theTwinsResultByRows() {
        List<CodedAttentionSpec> specs = List.of(CodedAttentionSpec.of(1, 1, 1, 1), CodedAttentionSpec.of(2, 3, 63, 60).withCausal(),
                CodedAttentionSpec.of(1, 4, 100, 32).withKeys(150, 2, 48).withBlocks(16, 24), SPECS.getFirst());
        return Engines.devices().stream().flatMap(device -> specs.stream().map(spec -> DynamicTest.dynamicTest(device.id() + " " + spec, () -> {
            Plan rows = Planner.plan(spec, device, plan -> plan.variant().equals("rows") && plan.storage() == DType.F32, "rows");
            Accuracy accuracy = SelfCheck.of(spec, rows, device);
            assertTrue(accuracy.within(1e-5), accuracy::toString);
        })));
    }

    @Test
    void whatMatrixUnitsCannotDoIsRuledOutByTheLimit() {
        assertLimit("reads values in float16", CodedAttentionSpec.of(1, 1, 20, 32));
        assertLimit("a multiple of 32, not 48", half(1, 1, 20, 48));
        assertLimit("not 32 and 64", half(1, 1, 20, 32).withKeys(20, 1, 64));
        assertLimit("a scale above 0", half(1, 1, 20, 32).withScale(-1));
        assertLimit("multiples of 64, not 24", half(1, 1, 20, 32).withKeys(40, 1, 32).withBlocks(16, 24));
        assertLimit("registers for queries", half(1, 1, 20, 256));
        assertFalse(plans(half(1, 1, 20, 128)).isEmpty());
        assertEquals(0, plans(half(1, 1, 20, 24)).size());
    }

    private static void assertLimit(String words, CodedAttentionSpec spec) {
        List<String> limits = Planner.candidates(spec, GPU).ruledOut().stream().map(r -> r.plan() + ": " + r.limit()).toList();
        assertTrue(limits.stream().anyMatch(limit -> limit.startsWith("matrix") && limit.contains(words)), limits::toString);
    }

    @Test
    void specsThatDoNotFitAreRefusedByName() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> CodedAttentionSpec.of(1, 3, 20, 32).withKeys(20, 2, 32)).getMessage()
                .contains("kvHeads must divide heads"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> CodedAttentionSpec.of(1, 1, 20, 2048)).getMessage().contains("at most 1024"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> CodedAttentionSpec.of(1, 1, 20, 32).withBlocks(0, 64)).getMessage().contains("blockQ"));
    }
}
