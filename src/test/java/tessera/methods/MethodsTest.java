package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.Arrangement;
import tessera.AttentionSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Timing;
import tessera.masks.Mask;
import tessera.methods.Verification.Outcome;
import tessera.planner.Cost;
import tessera.planner.Plan;

class MethodsTest {

    @TestFactory
    Stream<DynamicTest> everyMethodEqualsItsTwinOnEveryDevice() {
        return Methods.all().stream().flatMap(method -> Tessera.devices().stream().map(device -> dynamicTest(method.row() + " on " + device.id(),
                () -> {
                    List<Outcome> outcomes = Verification.run(List.of(method), List.of(device), _ -> { });
                    assertEquals(1, outcomes.size());
                    assertTrue(outcomes.getFirst().passed(), outcomes.getFirst().reason());
                    assertTrue(outcomes.getFirst().rms() < 1e-5);
                })));
    }

    @Test
    void aWrongTwinIsAFailureWithItsError() {
        Method wrong = new Method("H03", Methods.of("H03").composition(), Methods.of("H01").twin());
        Outcome outcome = Verification.run(List.of(wrong), List.of(Tessera.device("jvm")), _ -> { }).getFirst();
        assertFalse(outcome.passed());
        assertTrue(outcome.rms() > 1e-2 && outcome.reason().contains("RMS"), outcome.reason());
    }

    @Test
    void anExceptionIsAFailureWithItsMessage() {
        Method broken = new Method("H01", (_, _, _, _) -> {
            throw new IllegalStateException("broken");
        }, Methods.of("H01").twin());
        Outcome outcome = Verification.run(List.of(broken), List.of(Tessera.device("jvm")), _ -> { }).getFirst();
        assertFalse(outcome.passed());
        assertEquals("broken", outcome.reason());
    }

    @Test
    void aMethodThatIsAWayOfComputingGetsItsPlan() {
        Tensor x = Tensor.random(Shape.of(1, 2, 64, 8), 1);
        assertEquals("split", Methods.of("H09").on(x, x, x, 1).plans(Tessera.device("jvm")).getFirst().variant());
        assertEquals("rows", Methods.of("H02").on(x, x, x, 1).plans(Tessera.device("jvm")).getFirst().variant());
    }

    @Test
    void aRecurrenceOfAllTokensLooksAhead() {
        Tensor x = Tensor.random(Shape.of(1, 2, 8, 4), 1);
        for (String id : List.of("L02", "L07", "L08", "L11", "H01")) {
            assertFalse(Methods.of(id).on(x, x, x, 1).isCausal(), id);
        }
        for (String id : List.of("L01", "L09", "G15", "T03", "H03")) {
            assertTrue(Methods.of(id).on(x, x, x, 1).isCausal(), id);
        }
    }

    @Test
    void theDeltaRuleIsComputedInTheWayOfItsPaper() {
        Tensor x = Tensor.random(Shape.of(1, 2, 200, 8), 1);
        assertEquals("recurrent", Methods.of("T02").on(x, x, x, 1).plans(Tessera.device("jvm")).getFirst().variant());
        assertEquals("chunk", Methods.of("T03").on(x, x, x, 1).plans(Tessera.device("jvm")).getFirst().variant());
    }

    @Test
    void theSameSeedGivesTheSameCase() {
        Tensor x = Tensor.random(Shape.of(1, 2, 70, 8), 1);
        for (Method method : Methods.all()) {
            Map<String, Tensor> first = method.on(x, x, x, 5).inputs();
            Map<String, Tensor> again = method.on(x, x, x, 5).inputs();
            assertEquals(steps(method.on(x, x, x, 5)), steps(method.on(x, x, x, 5)), method.id());
            first.forEach((name, tensor) -> assertEquals(List.of(boxed(tensor)), List.of(boxed(again.get(name))), method.id() + " " + name));
        }
    }

    /** Specs by their values; what a mask allows instead of the mask, since two lambdas are never equal. */
    private static List<Object> steps(Case problem) {
        return problem.steps().stream().flatMap(step -> step.spec() instanceof AttentionSpec a
                ? Stream.of(a.toBuilder().mask(Mask.FULL).build(), pairs(a)) : Stream.of(step.spec())).toList();
    }

    private static BitSet pairs(AttentionSpec spec) {
        BitSet pairs = new BitSet();
        for (int n = 0; n < spec.heads() * spec.queries() * spec.keys(); n++) {
            int row = n / spec.keys();
            pairs.set(n, spec.allows(row / spec.queries(), row % spec.queries(), n % spec.keys()));
        }
        return pairs;
    }

    @Test
    void sparseMethodsLeavePairsOut() {
        Tensor x = Tensor.random(Shape.of(1, 6, 512, 4), 1);
        int all = 6 * 512 * 512;
        for (Method method : Methods.all().stream().filter(m -> m.row().family().equals("sparse")).toList()) {
            AttentionSpec last = method.on(x, x, x, 1).steps().reversed().stream().map(Step::spec)
                    .<AttentionSpec>mapMulti((spec, found) -> {
                        if (spec instanceof AttentionSpec attention) {
                            found.accept(attention);
                        }
                    }).findFirst().orElseThrow();
            long pairs = visited(last);
            assertTrue(pairs >= 6L * last.queries() && pairs < 0.6 * all, method.id() + " visits " + pairs);
        }
    }

    /** Pairs that an attention visits, or that its lists may name at most. */
    private static long visited(AttentionSpec spec) {
        Arrangement arrangement = spec.arrangement();
        long rows = (long) spec.batch() * spec.heads() * spec.queries();
        return arrangement.lists() > 0 ? rows * arrangement.lists() * arrangement.listBlock() : (long) spec.batch() * pairs(spec).cardinality();
    }

    @Test
    void stepsHandOnTheirOutputs() {
        Tensor x = Tensor.random(Shape.of(1, 2, 64, 8), 1);
        Case problem = Methods.of("P21").on(x, x, x, 1);
        List<Plan> plans = problem.plans(Tessera.device("jvm"));
        assertTrue(Plan.summary(plans).matches("ATTN .* \\+ ATTN .*"), Plan.summary(plans));
        try (PreparedCase prepared = new PreparedCase(problem, Tessera.device("jvm"), plans)) {
            Timing timing = prepared.run();
            float sum = x.get(5) + prepared.tensors(0).get("out").get(5);
            assertEquals(sum, prepared.tensors(1).get("q").get(5));
            assertTrue(timing.kernel() > 0 && timing.total() >= timing.kernel());
            float first = prepared.out().get(100);
            prepared.poison();
            prepared.run();
            assertEquals(first, prepared.out().get(100));
        }
    }

    @Test
    void theCostOfStepsIsThatOfAllTheirPairs() {
        Cost sum = Cost.sum(List.of(new Cost(100, 10, 1, 1), new Cost(50, 20, 2, 0.25)));
        assertEquals(new Cost(150, 30, 3, 0.5), sum);
        assertEquals(new Cost(0, 20, 2, 1), Cost.sum(List.of(new Cost(0, 20, 2, 1))));
    }

    @Test
    void groupedQueryAttentionHasFewerHeadsThanMultiHead() {
        assertEquals(List.of(1, 1, 1, 2, 3, 2, 8), Stream.of(1, 2, 3, 4, 6, 8, 32).map(CompactMethods::groups).toList());
    }

    private static List<Float> boxed(Tensor tensor) {
        return java.util.stream.IntStream.range(0, tensor.shape().elements()).mapToObj(tensor::get).toList();
    }
}
