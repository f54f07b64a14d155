package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tessera.DType;
import tessera.Prepared;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.UpdateRule.Gate;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Expected;
import tessera.reference.Sample;

/** The gated linear recurrence by every plan, against its float64 twin and against itself. */
class RecurrenceOperatorTest {

    /** Length, key dim, value dim. */
    private static final int[][] SIZES = {{1, 8, 12}, {2, 1, 8}, {17, 12, 1}, {63, 60, 64}, {100, 64, 12}, {129, 8, 60}};

    /** A device that compiles every problem anew takes one in so many: prime to all counts of options, it meets every gate and every size. */
    private static final int STRIDE = 127;

    @TestFactory
    Stream<DynamicTest> everyOption() {
        List<RecurrenceSpec> specs = new ArrayList<>();
        for (int[] size : SIZES) {
            for (Gate gate : Gate.values()) {
                for (FeatureMap map : FeatureMap.values()) {
                    for (int flags = 0; flags < 8; flags++) {
                        RecurrenceBuilder builder = RecurrenceSpec.of(2, 3, size[0], size[1]).valueDim(size[2]).scale(0.3f).gate(gate).featureMap(map);
                        apply((flags & 1) != 0 && gate.isOfKeys(), builder::normalised);
                        apply((flags & 2) != 0, builder::initialState);
                        apply((flags & 4) != 0, builder::finalState);
                        specs.add(builder.build());
                    }
                }
            }
        }
        return Tessera.devices().stream().flatMap(device -> IntStream.range(0, specs.size())
                .filter(n -> device.isJvm() || n % STRIDE == 0)
                .mapToObj(n -> DynamicTest.dynamicTest(device.id() + " " + specs.get(n), () -> {
                    List<Plan> plans = Planner.candidates(specs.get(n), device).legal();
                    Map<String, Tensor> inputs = SelfCheck.inputs(specs.get(n), 3);
                    Expected expected = Operators.of(specs.get(n)).reference(specs.get(n), inputs, Sample.ALL);
                    for (Plan plan : device.isJvm() ? plans : List.of(plans.get(n / STRIDE % plans.size()))) {
                        check(specs.get(n), device, plan, inputs, expected);
                    }
                })));
    }

    private static void apply(boolean wanted, Runnable option) {
        if (wanted) {
            option.run();
        }
    }

    private static Map<String, Tensor> check(RecurrenceSpec spec, Device device, Plan plan, Map<String, Tensor> inputs) {
        return check(spec, device, plan, inputs, Operators.of(spec).reference(spec, inputs, Sample.ALL));
    }

    private static Map<String, Tensor> check(RecurrenceSpec spec, Device device, Plan plan, Map<String, Tensor> inputs, Expected expected) {
        Map<String, Tensor> outputs = run(spec, device, plan, inputs);
        Accuracy accuracy = expected.compare(outputs);
        assertTrue(accuracy.within(DType.F32.tolerance()), () -> plan + ": " + accuracy + " for " + spec);
        return outputs;
    }

    private static Map<String, Tensor> run(RecurrenceSpec spec, Device device, Plan plan, Map<String, Tensor> inputs) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(inputs);
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
        try (Prepared prepared = Tessera.unchecked(spec, device, plan)) {
            return prepared.run(tensors).outputs();
        }
    }

    @TestFactory
    Stream<DynamicTest> aSequenceInTwoPartsIsOneSequence() {
        return onEveryDevice((device, variant) -> {
            RecurrenceSpec whole = RecurrenceSpec.of(2, 2, 200, 12).valueDim(20).gate(Gate.KEY_TOKEN).featureMap(FeatureMap.ELU_PLUS_ONE)
                    .normalised().finalState().build();
            Map<String, Tensor> inputs = SelfCheck.inputs(whole, 5);
            Map<String, Tensor> atOnce = run(whole, device, plan(whole, device, variant), inputs);
            RecurrenceSpec first = part(whole, 137, false);
            Map<String, Tensor> begun = run(first, device, plan(first, device, variant), slice(first, inputs, 0, 200));
            RecurrenceSpec second = part(whole, 63, true);
            Map<String, Tensor> rest = slice(second, inputs, 137, 200);
            rest.put("s0", begun.get("s"));
            rest.put("z0", begun.get("z"));
            Map<String, Tensor> ended = run(second, device, plan(second, device, variant), rest);
            assertSame(atOnce.get("s"), ended.get("s"));
            assertSame(atOnce.get("z"), ended.get("z"));
            assertSame(slice(atOnce.get("out"), 0, 137, 200), begun.get("out"));
            assertSame(slice(atOnce.get("out"), 137, 63, 200), ended.get("out"));
        });
    }

    private static RecurrenceSpec part(RecurrenceSpec s, int length, boolean initialState) {
        RecurrenceBuilder builder = RecurrenceSpec.of(s.batch(), s.heads(), length, s.keyDim()).valueDim(s.valueDim()).scale(s.scale())
                .rule(s.rule()).featureMap(s.featureMap()).finalState();
        return (initialState ? builder.initialState() : builder).build();
    }

    private static Map<String, Tensor> slice(RecurrenceSpec spec, Map<String, Tensor> inputs, int from, int length) {
        Map<String, Tensor> slices = new LinkedHashMap<>();
        inputs.forEach((name, tensor) -> slices.put(name, slice(tensor, from, spec.length(), length)));
        return slices;
    }

    /** Tokens [from, from + count) of a tensor [batch, heads, length, dim]. */
    private static Tensor slice(Tensor tensor, int from, int count, int length) {
        int dim = tensor.shape().dim(3);
        Tensor slice = Tensor.zeros(tensor.shape().dim(0), tensor.shape().dim(1), count, dim);
        for (int i = 0; i < slice.shape().elements(); i++) {
            int head = i / (count * dim);
            slice.set(i, tensor.get((head * length + from) * dim + i - head * count * dim));
        }
        return slice;
    }

    private static void assertSame(Tensor expected, Tensor actual) {
        double[] values = new double[expected.shape().elements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = expected.get(i);
        }
        Accuracy accuracy = Accuracy.of(actual, new Expected.Values(IntStream.range(0, values.length).toArray(), values));
        assertTrue(accuracy.within(1e-6), accuracy::toString);
    }

    /** Log gates between 0 and -20 in one head and all -20 in the other: over 128 tokens the cumulated gate is far below what float32 can hold. */
    @TestFactory
    Stream<DynamicTest> strongDecayDoesNotOverflow() {
        return onEveryDevice((device, variant) -> {
            for (Gate gate : List.of(Gate.HEAD_TOKEN, Gate.KEY_TOKEN)) {
                RecurrenceSpec spec = RecurrenceSpec.of(1, 2, 300, 16).gate(gate).initialState().finalState().build();
                Map<String, Tensor> inputs = SelfCheck.inputs(spec, 9);
                SplittableRandom random = new SplittableRandom(13);
                int half = inputs.get("gate").shape().elements() / 2;
                for (int i = 0; i < 2 * half; i++) {
                    inputs.get("gate").set(i, i < half ? -20 * (float) random.nextDouble() : -20);
                }
                check(spec, device, plan(spec, device, variant), inputs);
            }
        });
    }

    /** A gate of 0, log gate minus infinity, starts anew, in the middle of a chunk and at its ends. */
    @TestFactory
    Stream<DynamicTest> aClosedGateForgetsEverything() {
        return onEveryDevice((device, variant) -> {
            RecurrenceSpec spec = RecurrenceSpec.of(1, 2, 150, 12).gate(Gate.HEAD_TOKEN).featureMap(FeatureMap.ELU_PLUS_ONE).normalised()
                    .initialState().finalState().build();
            Map<String, Tensor> inputs = SelfCheck.inputs(spec, 17);
            for (int token : new int[] {0, 40, 127, 128, 150, 299}) {
                inputs.get("gate").set(token, Float.NEGATIVE_INFINITY);
            }
            check(spec, device, plan(spec, device, variant), inputs);
        });
    }

    @TestFactory
    Stream<DynamicTest> largeValuesStayRight() {
        return onEveryDevice((device, variant) -> {
            RecurrenceSpec spec = RecurrenceSpec.of(1, 2, 150, 24).gate(Gate.HEAD_TOKEN).featureMap(FeatureMap.RELU).finalState().build();
            Map<String, Tensor> inputs = SelfCheck.inputs(spec, 21);
            for (String name : List.of("q", "k", "v")) {
                for (int i = 0; i < inputs.get(name).shape().elements(); i++) {
                    inputs.get(name).set(i, 1e9f * inputs.get(name).get(i));
                }
            }
            check(spec, device, plan(spec, device, variant), inputs);
        });
    }

    /** Every step forgets so little that a rounding error of the gate itself would add up. */
    @TestFactory
    Stream<DynamicTest> slowDecayOverALongSequence() {
        return onEveryDevice((device, variant) -> {
            RecurrenceSpec spec = RecurrenceSpec.of(1, 2, 5000, 8).gate(Gate.HEAD_CONST).build();
            Map<String, Tensor> inputs = SelfCheck.inputs(spec, 23);
            inputs.get("gate").set(0, -1.1e-3f);
            inputs.get("gate").set(1, -3.7e-4f);
            check(spec, device, plan(spec, device, variant), inputs);
        });
    }

    @TestFactory
    Stream<DynamicTest> noWeightGivesZero() {
        return onEveryDevice((device, variant) -> {
            RecurrenceSpec spec = RecurrenceSpec.of(1, 1, 40, 4).featureMap(FeatureMap.RELU).normalised().build();
            Map<String, Tensor> inputs = SelfCheck.inputs(spec, 31);
            for (int i = 0; i < 20 * 4; i++) {
                inputs.get("k").set(i, -1);
            }
            Tensor out = check(spec, device, plan(spec, device, variant), inputs).get("out");
            for (int i = 0; i < 20 * 4; i++) {
                assertEquals(0, out.get(i));
            }
        });
    }

    @TestFactory
    Stream<DynamicTest> halfStorage() {
        return onEveryDevice((device, variant) -> {
            RecurrenceSpec spec = RecurrenceSpec.of(1, 2, 70, 12).gate(Gate.HEAD_TOKEN).dtype(DType.F16).build();
            Map<String, Tensor> inputs = new LinkedHashMap<>();
            SelfCheck.inputs(spec, 37).forEach((name, tensor) -> inputs.put(name, tensor.to(DType.F16)));
            check(spec, device, plan(spec, device, variant), inputs);
        });
    }

    @FunctionalInterface
    private interface Check {
        void on(Device device, String variant);
    }

    private static Stream<DynamicTest> onEveryDevice(Check check) {
        return Tessera.devices().stream().flatMap(device -> Stream.of("recurrent", "chunk=16", "chunk=32", "chunk=64", "chunk=128")
                .filter(plan -> device.isJvm() || plan.equals("recurrent") || plan.equals("chunk=64"))
                .map(plan -> DynamicTest.dynamicTest(device.id() + " " + plan, () -> check.on(device, plan))));
    }

    /** The plan named so, or the longest chunk where that one is ruled out. */
    private static Plan plan(RecurrenceSpec spec, Device device, String name) {
        List<Plan> plans = Planner.candidates(spec, device).legal();
        return plans.stream().filter(p -> p.summary().contains(name)).findFirst().orElseGet(() -> plans.getLast());
    }
}
