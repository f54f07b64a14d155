package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.DType;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
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

/** Recurrences on matrix units, on work-groups emulated by threads: the kernels as they are written, and specialised. */
class MatrixChunksTest {
    private static final Device GPU = new Device("emulated", "threads", "emulated", "GPU", "-", 8, 1L << 32, 1L << 32, 48 << 10, 1024, true, true);

    private static final List<RecurrenceSpec> SPECS = List.of(
            recurrence(1, 2, 150, 32, 32).gate(Gate.HEAD_TOKEN).initialState().finalState().build(),
            recurrence(2, 2, 63, 16, 48).gate(Gate.HEAD_CONST).scale(0.3f).finalState().build(),
            recurrence(1, 1, 300, 16, 16).gate(Gate.HEAD_TOKEN).initialState().finalState().build(),
            recurrence(1, 1, 100, 64, 16).build(),
            recurrence(1, 4, 70, 16, 16).keyHeads(2, 4).gate(Gate.HEAD_TOKEN).finalState().build(),
            recurrence(1, 2, 33, 16, 16).keyHeads(1, 4).gate(Gate.HEAD_TOKEN).finalState().build(),
            recurrence(1, 1, 1, 16, 16).gate(Gate.HEAD_TOKEN).initialState().finalState().build(),
            recurrence(1, 1, 129, 128, 128).gate(Gate.HEAD_TOKEN).finalState().build(),
            recurrence(1, 2, 150, 32, 32).gate(Gate.KEY_TOKEN).initialState().finalState().build(),
            recurrence(2, 2, 63, 16, 48).gate(Gate.KEY_CONST).scale(0.3f).finalState().build(),
            recurrence(1, 4, 70, 16, 16).keyHeads(2, 4).gate(Gate.KEY_TOKEN).finalState().build(),
            recurrence(1, 1, 300, 32, 16).gate(Gate.KEY_TOKEN).initialState().finalState().build(),
            recurrence(1, 1, 1, 16, 16).gate(Gate.KEY_TOKEN).initialState().build(),
            recurrence(1, 1, 129, 128, 128).gate(Gate.KEY_TOKEN).finalState().build(),
            recurrence(1, 2, 150, 32, 32).delta().gate(Gate.HEAD_TOKEN).initialState().finalState().build(),
            recurrence(2, 2, 63, 16, 48).delta().scale(0.3f).finalState().build(),
            recurrence(1, 4, 70, 64, 32).keyHeads(2, 4).delta().gate(Gate.HEAD_CONST).finalState().build(),
            recurrence(1, 1, 300, 16, 64).delta().gate(Gate.HEAD_TOKEN).initialState().finalState().build(),
            recurrence(1, 1, 1, 16, 16).delta().initialState().build(),
            recurrence(1, 1, 129, 128, 128).delta().gate(Gate.HEAD_TOKEN).finalState().build());

    private static RecurrenceBuilder recurrence(int batch, int heads, int length, int keyDim, int valueDim) {
        return RecurrenceSpec.of(batch, heads, length, keyDim).valueDim(valueDim).dtype(DType.F16);
    }

    private static List<Plan> plans(RecurrenceSpec spec) {
        return Planner.candidates(spec, GPU).legal().stream().filter(plan -> plan.variant().equals("matrix")).toList();
    }

    /** Every problem by two of its plans, in turn. */
    @TestFactory
    Stream<DynamicTest> theTwinsResult() {
        return IntStream.range(0, SPECS.size()).boxed().flatMap(n -> {
            RecurrenceSpec spec = SPECS.get(n);
            List<Plan> plans = plans(spec);
            return IntStream.of(n, n + plans.size() / 2).mapToObj(p -> plans.get(p % plans.size())).distinct()
                    .map(plan -> DynamicTest.dynamicTest(plan.summary() + " for " + spec, () -> check(spec, plan, inputs(spec))));
        });
    }

    private static Map<String, Tensor> inputs(RecurrenceSpec spec) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        SelfCheck.inputs(spec, 3).forEach((name, tensor) -> inputs.put(name, tensor.to(spec.type(name))));
        return inputs;
    }

    /** Gates that forget everything, slowly and at once, among them minus infinity. */
    @Test
    void strongGates() {
        RecurrenceBuilder builder = recurrence(1, 2, 140, 16, 16).initialState().finalState();
        for (RecurrenceSpec spec : List.of(builder.gate(Gate.HEAD_TOKEN).build(), builder.gate(Gate.KEY_TOKEN).build(),
                builder.gate(Gate.HEAD_TOKEN).delta().build())) {
            for (float strong : new float[] {-3, -9, -90, Float.NEGATIVE_INFINITY}) {
                Map<String, Tensor> inputs = inputs(spec);
                Tensor gate = inputs.get("gate");
                for (int i = 0; i < gate.shape().elements(); i += i % 5 + 1) {
                    gate.set(i, strong);
                }
                plans(spec).subList(0, 2).forEach(plan -> check(spec, plan, inputs));
            }
        }
    }

    /** The kernels as written define the result; specialised they give the same bits. */
    private static void check(RecurrenceSpec spec, Plan plan, Map<String, Tensor> inputs) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(inputs);
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
        Program program = Storage.bind(spec, plan, tensors);
        run(program.tasks(), program);
        Accuracy accuracy = new RecurrenceOperator().reference(spec, tensors, Sample.ALL).compare(tensors);
        assertTrue(accuracy.within(DType.F16.tolerance()), accuracy::toString);
        Map<String, float[]> written = new LinkedHashMap<>();
        spec.outputs().keySet().forEach(name -> {
            written.put(name, tensors.get(name).toArray());
            tensors.get(name).fill(Float.NaN);
        });
        List<Task> specialised = program.tasks().stream().map(task -> Specialiser.isFor(task.kernel()) ? Specialiser.specialise(task) : task).toList();
        assertFalse(specialised.equals(program.tasks()));
        run(specialised, program);
        written.forEach((name, values) -> assertArrayEquals(values, tensors.get(name).toArray(), name));
    }

    private static void run(List<Task> tasks, Program program) {
        Device jvm = Engines.device(Device.JVM);
        try (var session = Engines.of(jvm).prepare(jvm, new Program(tasks, program.inputs(), program.constants(), program.outputs(), program.start(), program.finish()))) {
            session.run();
        }
    }

    @Test
    void whatMatrixUnitsCannotDoIsRuledOutByTheLimit() {
        assertLimit("reads float16", recurrence(1, 1, 200, 16, 16).dtype(DType.F32).build());
        assertLimit("multiples of 16", recurrence(1, 1, 200, 24, 16).build());
        assertLimit("takes a gate of heads or key channels, or", recurrence(1, 1, 200, 16, 16).gate(Gate.VALUE_TOKEN).build());
        assertLimit("no norm, bonus", recurrence(1, 1, 200, 16, 16).readsPrevious().build());
        assertEquals(List.of(), plans(recurrence(1, 1, 200, 16, 16).normalised().build()));
    }

    private static void assertLimit(String words, RecurrenceSpec spec) {
        List<String> limits = Planner.candidates(spec, GPU).ruledOut().stream().map(r -> r.plan() + ": " + r.limit()).toList();
        assertTrue(limits.stream().anyMatch(limit -> limit.startsWith("matrix") && limit.contains(words)), limits::toString);
    }
}
