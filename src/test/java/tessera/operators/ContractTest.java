package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tessera.MergeSpec;
import tessera.Prepared;
import tessera.Spec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Expected;
import tessera.reference.Sample;

/**
 * Every operator, on every device present, gives its float64 twin's result by every legal plan. The JVM runs all plans of
 * a problem; another device, which compiles each anew, takes one, turn by turn, and leaves out a problem that differs from
 * earlier ones in its sizes only. {@code -Doperator=ATTN} leaves the other operators out.
 */
class ContractTest {

    /** Rows that the twin computes. What it leaves out is still checked for NaN. */
    private static final int SAMPLE = 200;

    private static final String OPERATOR = System.getProperty("operator", "");

    @TestFactory
    Stream<DynamicContainer> onEveryDevice() {
        return Tessera.devices().stream().map(device -> {
            Set<List<String>> known = new HashSet<>();
            return DynamicContainer.dynamicContainer(device.id(), IntStream.range(0, ContractSpecs.ALL.size())
                    .filter(n -> OPERATOR.isEmpty() || ContractSpecs.ALL.get(n).operator().equals(OPERATOR)).boxed().flatMap(n -> tests(n, device, known)));
        });
    }

    private static Stream<DynamicTest> tests(int n, Device device, Set<List<String>> known) {
        Spec spec = ContractSpecs.ALL.get(n);
        List<Plan> plans = Planner.candidates(spec, device).legal();
        assertFalse(plans.isEmpty(), () -> "no plan on " + device + " for " + spec);
        Plan turn = plans.get(n % plans.size());
        Stream<Plan> chosen = device.isJvm() ? plans.stream() : isNew(spec, turn, known) ? Stream.of(turn) : Stream.of();
        return chosen.map(plan -> DynamicTest.dynamicTest(plan.summary() + " for " + spec, () -> check(spec, plan, device)));
    }

    /** Whether an option of the spec comes with that kind of plan for the first time: a word of its text, or a number that is 0 or is not. */
    private static boolean isNew(Spec spec, Plan plan, Set<List<String>> known) {
        String options = spec.toString().replaceAll("(?<![\\w.])-?0(\\.0)?(?![\\w.])", "none").replaceAll("(?<![\\w.])-?[0-9][0-9.E-]*", "some");
        return Stream.of(options.split("[\\[\\], ]+"))
                .filter(option -> known.add(List.of(plan.operator(), plan.variant(), plan.layout(), plan.storage().name(), option))).count() > 0;
    }

    private static void check(Spec spec, Plan plan, Device device) {
        Map<String, Tensor> tensors = inputs(spec);
        Expected expected = Operators.of(spec).reference(spec, tensors, new Sample(SAMPLE, 5));
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(spec.computedType(name), shape).poison()));
        try (Prepared prepared = Tessera.unchecked(spec, device, plan)) {
            prepared.run(tensors);
        }
        spec.outputs().keySet().forEach(name -> assertWritten(name, tensors.get(name)));
        Accuracy accuracy = expected.compare(tensors);
        assertTrue(accuracy.within(plan.operands().tolerance()), accuracy::toString);
    }

    private static Map<String, Tensor> inputs(Spec spec) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        SelfCheck.inputs(spec, 11).forEach((name, tensor) -> inputs.put(name, tensor.to(spec.type(name))));
        if (spec instanceof MergeSpec merge && merge.weights() == null) {
            emptyParts(merge, inputs.get("lses"));
        }
        return inputs;
    }

    /** No key in every third part, and none in any part of the last row. */
    private static void emptyParts(MergeSpec spec, Tensor lses) {
        int rows = spec.batch() * spec.heads() * spec.queries();
        for (int i = 0; i < lses.shape().elements(); i++) {
            if (i % 3 == 2 || i % rows == rows - 1) {
                lses.set(i, Float.NEGATIVE_INFINITY);
            }
        }
    }

    private static void assertWritten(String name, Tensor output) {
        for (int i = 0; i < output.shape().elements(); i++) {
            if (Float.isNaN(output.get(i)) || output.get(i) == Integer.MIN_VALUE) {
                throw new AssertionError(name + "[" + i + "] of " + output + " is NaN or was not written");
            }
        }
    }
}
