package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import tessera.DType;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.UpdateRule.Norm;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Expected;
import tessera.reference.Sample;

/** What holds for any recurrence, on random problems: all forms, in chunks of any length, are the same. */
class RecurrencePropertyTest {
    private static final int TRIES = 2000;
    private static final Device JVM = Tessera.device(Device.JVM);

    /** Any rule, any sizes; gates, corrections and features that are possible together. */
    private static RecurrenceSpec drawn(SplittableRandom random) {
        int keyHeads = random.nextInt(1, 3);
        int valueHeads = keyHeads * random.nextInt(1, 3);
        RecurrenceBuilder builder = RecurrenceSpec.of(random.nextInt(1, 3), valueHeads * random.nextInt(1, 3), random.nextInt(1, 70), random.nextInt(1, 12))
                .keyHeads(keyHeads, valueHeads).valueDim(random.nextInt(1, 12)).scale(random.nextFloat(0.1f, 2)).finalState();
        boolean corrected = random.nextInt(3) == 0;
        Gate gate = Gate.values()[random.nextInt(corrected ? 5 : Gate.values().length)];
        builder.gate(gate);
        if (corrected) {
            builder.correction(Correction.values()[random.nextInt(1, 4)]);
        } else {
            builder.featureMap(FeatureMap.values()[random.nextInt(3)]);
            choose(random, gate.isOfKeys(), () -> builder.norm(Norm.SUM));
            choose(random, true, builder::readsPrevious);
            choose(random, true, builder::bonus);
        }
        choose(random, true, builder::initialState);
        return builder.build();
    }

    private static void choose(SplittableRandom random, boolean possible, Runnable option) {
        if (possible && random.nextBoolean()) {
            option.run();
        }
    }

    private static Map<String, Tensor> run(RecurrenceSpec spec, Plan plan, Map<String, Tensor> inputs) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(inputs);
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
        try (var prepared = Tessera.unchecked(spec, JVM, plan)) {
            return prepared.run(tensors).outputs();
        }
    }

    private static Plan chunked(Plan plan, int chunk) {
        return new Plan(plan.operator(), plan.variant(), plan.layout(), Map.of("chunk", chunk), plan.storage(), plan.cost(), plan.reason());
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void everyFormInChunksOfAnyLengthIsTheTwins(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        RecurrenceSpec spec = drawn(random);
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
        Expected expected = new RecurrenceOperator().reference(spec, inputs, Sample.ALL);
        List<Plan> plans = Planner.candidates(spec, JVM).legal();
        for (String variant : plans.stream().map(Plan::variant).distinct().toList()) {
            Plan plan = plans.stream().filter(p -> p.variant().equals(variant)).findFirst().orElseThrow();
            Plan any = plan.tuning().isEmpty() ? plan : chunked(plan, random.nextInt(1, 80));
            Accuracy accuracy = expected.compare(run(spec, any, inputs));
            assertTrue(accuracy.within(1e-5), () -> any + ": " + accuracy + " for " + spec);
        }
    }

    /** Strong decays over a long chunk neither overflow nor vanish: gates down to e^-20, 256 tokens. */
    @Property(tries = 40, edgeCases = EdgeCasesMode.NONE)
    void strongGatesInLongChunksStayFinite(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Gate gate = List.of(Gate.HEAD_TOKEN, Gate.KEY_TOKEN).get(random.nextInt(2));
        RecurrenceBuilder builder = RecurrenceSpec.of(1, 2, 600, 8).gate(gate).initialState().finalState();
        RecurrenceSpec spec = (random.nextBoolean() ? builder.delta() : builder).build();
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
        Tensor logs = inputs.get("gate");
        for (int n = 0; n < logs.shape().elements(); n++) {
            logs.set(n, random.nextInt(3) == 0 ? -20 * random.nextFloat() : -0.01f * random.nextFloat());
        }
        Expected expected = new RecurrenceOperator().reference(spec, inputs, Sample.ALL);
        Plan plan = Planner.plan(spec, JVM, p -> p.variant().equals("chunk"), "in chunks");
        Accuracy accuracy = expected.compare(run(spec, chunked(plan, 256), inputs));
        assertTrue(accuracy.within(1e-5), accuracy::toString);
    }

    /** The delta rule with beta = 1 writes over what a key held: orthonormal keys return exactly what was stored last. */
    @Example
    void theDeltaRuleStoresAndReturnsExactly() {
        int dim = 8;
        RecurrenceSpec spec = RecurrenceSpec.of(1, 1, 2 * dim, dim).delta().finalState().build();
        Tensor keys = Tensor.zeros(1, 1, 2 * dim, dim);
        for (int t = 0; t < 2 * dim; t++) {
            keys.set(t * dim + t * 3 % dim, 1);
        }
        Tensor values = Tensor.random(Shape.of(1, 1, 2 * dim, dim), 3);
        for (Plan plan : Planner.candidates(spec, JVM).legal()) {
            Map<String, Tensor> outputs = run(spec, plan, Map.of("q", keys, "k", keys, "v", values, "beta", Tensor.zeros(1, 1, 2 * dim).fill(1)));
            for (int n = 0; n < dim * dim; n++) {
                int token = dim + n / dim;
                assertEquals(values.get(token * dim + n % dim), outputs.get("out").get(token * dim + n % dim), 1e-6f, plan::toString);
                int key = token * 3 % dim;
                assertEquals(values.get(token * dim + n % dim), outputs.get("s").get(key * dim + n % dim), 1e-6f, plan::toString);
            }
        }
    }

    /** A sequence in two pieces, the second from the first one's state, is one sequence; for rules with states of every kind. */
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void aSequenceInTwoPiecesIsOne(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        RecurrenceBuilder builder = RecurrenceSpec.of(1, 2, 40, 6).valueDim(5).gate(Gate.HEAD_TOKEN).finalState();
        switch (random.nextInt(4)) {
            case 0 -> builder.normalised().featureMap(FeatureMap.RELU);
            case 1 -> builder.delta();
            case 2 -> builder.inputGate().norm(Norm.MAXABS);
            default -> builder.gate(Gate.KEY_VALUE).readsPrevious().bonus();
        }
        RecurrenceSpec whole = builder.build();
        int cut = random.nextInt(1, 40);
        Map<String, Tensor> inputs = SelfCheck.inputs(whole, seed);
        Map<String, Tensor> once = run(whole, Planner.plan(whole, JVM), inputs);
        Map<String, Tensor> first = piece(whole, inputs, Map.of(), 0, cut);
        Map<String, Tensor> second = piece(whole, inputs, first, cut, 40 - cut);
        for (String state : whole.outputs().keySet()) {
            if (!state.equals("out")) {
                assertSame(once.get(state), second.get(state), state);
            }
        }
        assertSame(tokens(once.get("out"), 0, cut), first.get("out"), "out");
        assertSame(tokens(once.get("out"), cut, 40 - cut), second.get("out"), "out");
    }

    private static Map<String, Tensor> piece(RecurrenceSpec whole, Map<String, Tensor> inputs, Map<String, Tensor> before, int from, int count) {
        RecurrenceBuilder builder = RecurrenceSpec.of(1, 2, count, 6).valueDim(5).rule(whole.rule()).featureMap(whole.featureMap()).finalState();
        RecurrenceSpec spec = (before.isEmpty() ? builder : builder.initialState()).build();
        Map<String, Tensor> of = new LinkedHashMap<>();
        inputs.forEach((name, tensor) -> of.put(name, tensor.shape().rank() > 2 ? tokens(tensor, from, count) : tensor));
        before.forEach((name, tensor) -> of.put(name + "0", tensor));
        of.keySet().retainAll(spec.inputs().keySet());
        return run(spec, Planner.plan(spec, JVM), of);
    }

    /** Tokens of [1, heads, 40] or [1, heads, 40, dim]. */
    private static Tensor tokens(Tensor tensor, int from, int count) {
        int size = tensor.shape().elements() / 80;
        int[] dims = tensor.shape().dims();
        dims[2] = count;
        Tensor result = Tensor.zeros(dims);
        for (int n = 0; n < result.shape().elements(); n++) {
            result.set(n, tensor.get((n / size / count * 40 + from + n / size % count) * size + n % size));
        }
        return result;
    }

    private static void assertSame(Tensor expected, Tensor actual, String name) {
        int[] all = IntStream.range(0, expected.shape().elements()).toArray();
        double[] values = IntStream.of(all).mapToDouble(expected::get).toArray();
        Accuracy accuracy = Accuracy.of(actual, new Expected.Values(all, values));
        assertTrue(accuracy.within(1e-5), () -> name + ": " + accuracy);
    }
}
