package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.MergeSpec;
import tessera.Prepared;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.masks.Window;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Expected;
import tessera.reference.Sample;

/** What holds for any attention, on random problems. */
class AttentionPropertyTest {
    private static final int TRIES = 60;

    @Provide
    Arbitrary<AttentionSpec> dense() {
        var heads = Combinators.combine(Arbitraries.integers().between(1, 2), Arbitraries.integers().between(1, 3),
                Arbitraries.integers().between(1, 3)).as((batch, kvHeads, group) -> new int[] {batch, kvHeads, group});
        var dims = Combinators.combine(Arbitraries.integers().between(1, 40), Arbitraries.integers().between(1, 40),
                Arbitraries.integers().between(1, 20), Arbitraries.integers().between(1, 20)).as((n, m, d, dv) -> new int[] {n, m, d, dv});
        return Combinators.combine(heads, dims).as((h, d) -> AttentionSpec.of(h[0], h[1] * h[2], d[0], d[2]).kvHeads(h[1])
                .keys(d[1]).valueDim(d[3]).lse().build());
    }

    private static AttentionSpec with(AttentionSpec s, Mask mask, boolean causal, CausalAlignment alignment) {
        AttentionBuilder builder = s.toBuilder().mask(mask);
        return (causal ? builder.causal(alignment) : builder.alignment(alignment)).build();
    }

    private static AttentionSpec withHeads(AttentionSpec s, int kvHeads, int keys) {
        return s.toBuilder().kvHeads(kvHeads).keys(keys).build();
    }

    private static Map<String, Tensor> run(AttentionSpec spec, Map<String, Tensor> inputs) {
        return run(spec, inputs, Planner.plan(spec, Tessera.device(Device.JVM)));
    }

    private static Map<String, Tensor> run(AttentionSpec spec, Map<String, Tensor> inputs, Plan plan) {
        try (Prepared prepared = Tessera.unchecked(spec, Tessera.device(Device.JVM), plan)) {
            return prepared.run(inputs).outputs();
        }
    }

    private static void assertSame(Map<String, Tensor> expected, Map<String, Tensor> actual) {
        expected.forEach((name, tensor) -> {
            int[] at = new int[tensor.shape().elements()];
            double[] values = new double[at.length];
            for (int i = 0; i < at.length; i++) {
                at[i] = i;
                values[i] = tensor.get(i);
            }
            Accuracy accuracy = Accuracy.of(actual.get(name), new Expected.Values(at, values));
            assertTrue(accuracy.within(1e-5), () -> name + ": " + accuracy);
        });
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void allBlocksAreDense(@ForAll("dense") AttentionSpec spec, @ForAll boolean causal, @ForAll CausalAlignment alignment,
            @ForAll @IntRange(min = 1, max = 20) int blockQ, @ForAll @IntRange(min = 1, max = 20) int blockK, @ForAll long seed) {
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
        Blocks all = new Blocks(spec.heads(), spec.queries(), spec.keys(), blockQ, blockK, (h, qb, kb) -> true);
        assertSame(run(with(spec, Mask.FULL, causal, alignment), inputs), run(with(spec, all, causal, alignment), inputs));
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void aWindowAsWideAsTheSequenceIsCausal(@ForAll("dense") AttentionSpec spec, @ForAll CausalAlignment alignment, @ForAll long seed) {
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
        Map<String, Tensor> causal = run(with(spec, Mask.FULL, true, alignment), inputs);
        assertSame(causal, run(with(spec, Mask.window(spec.queries() + spec.keys(), 0), false, alignment), inputs));
        assertSame(causal, run(with(spec, Mask.window(-1, 5), true, alignment), inputs));
        assertSame(causal, run(with(spec, new Window(spec.keys(), 0, 0), true, alignment), inputs));
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void everyLegalPlanGivesTheSame(@ForAll("dense") AttentionSpec dense, @ForAll boolean causal, @ForAll CausalAlignment alignment,
            @ForAll @IntRange(max = 9) int sink, @ForAll @IntRange(min = -1, max = 9) int left, @ForAll @IntRange(min = -1, max = 9) int right,
            @ForAll long seed) {
        AttentionSpec spec = with(dense, new Window(sink, left, right), causal, alignment);
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
        Map<String, Tensor> first = run(spec, inputs);
        for (Plan plan : Planner.candidates(spec, Tessera.device(Device.JVM)).legal()) {
            assertSame(first, run(spec, inputs, plan));
        }
    }

    /** Each axis of a bias or a mask tensor is broadcast where its bit of {@code broadcast} is set. */
    private static Shape broadcast(AttentionSpec s, int broadcast) {
        int[] dims = {s.batch(), s.heads(), s.queries(), s.keys()};
        for (int axis = 0; axis < 4; axis++) {
            dims[axis] = (broadcast >> axis & 1) == 1 ? 1 : dims[axis];
        }
        return Shape.of(dims);
    }

    private static void apply(boolean wanted, Runnable option) {
        if (wanted) {
            option.run();
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void modifiedScoresAreTheTwins(@ForAll("dense") AttentionSpec dense, @ForAll boolean causal, @ForAll CausalAlignment alignment,
            @ForAll @IntRange(max = 9) int sink, @ForAll @IntRange(min = -1, max = 9) int left, @ForAll @IntRange(min = -1, max = 9) int right,
            @ForAll @IntRange(max = 63) int which, @ForAll @IntRange(max = 255) int axes, @ForAll long seed) {
        AttentionSpec s = with(dense, new Window(sink, left, right), causal, alignment);
        AttentionBuilder builder = s.toBuilder().softcap(which % 2 * 4);
        apply((which & 2) > 0, builder::slopes);
        apply((which & 4) > 0, builder::sinks);
        apply((which & 8) > 0, () -> builder.bias(broadcast(s, axes).dims()));
        apply((which & 16) > 0, () -> builder.maskTensor(broadcast(s, axes >> 4).dims()));
        apply((which & 32) > 0, builder::keyLengths);
        AttentionSpec spec = builder.build();
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
        Expected expected = new AttentionOperator().reference(spec, inputs, Sample.ALL);
        for (Plan plan : Planner.candidates(spec, Tessera.device(Device.JVM)).legal()) {
            Accuracy accuracy = expected.compare(run(spec, inputs, plan));
            assertTrue(accuracy.within(1e-5), () -> plan + ": " + accuracy);
        }
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void partsOfTheKeysMergedByLseAreTheWhole(@ForAll("dense") AttentionSpec dense, @ForAll boolean causal, @ForAll long seed) {
        AttentionSpec spec = with(dense, Mask.FULL, causal, CausalAlignment.TOP_LEFT);
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
        int cut = spec.keys() / 2;
        Assume.that(cut > 0);
        Shape out = spec.outputs().get("out");
        Tensor parts = Tensor.zeros(2, out.dim(0), out.dim(1), out.dim(2), out.dim(3));
        Tensor lses = Tensor.zeros(2, out.dim(0), out.dim(1), out.dim(2));
        for (int part = 0; part < 2; part++) {
            int from = part * cut;
            int keys = part == 0 ? cut : spec.keys() - cut;
            // the second part holds keys [cut, M): blocks of one key each shift its causal diagonal
            Mask shifted = new Blocks(1, spec.queries(), keys, 1, 1, (h, i, j) -> !causal || from + j <= i);
            AttentionSpec half = with(withHeads(spec, spec.kvHeads(), keys), shifted, false, CausalAlignment.TOP_LEFT);
            Map<String, Tensor> outputs = run(half, Map.of("q", inputs.get("q"), "k", keys(inputs.get("k"), from, keys),
                    "v", keys(inputs.get("v"), from, keys)));
            put(outputs.get("out"), parts, part);
            put(outputs.get("lse"), lses, part);
        }
        MergeSpec merge = MergeSpec.of(2, spec.batch(), spec.heads(), spec.queries(), spec.valueDim());
        try (Prepared prepared = Tessera.plan(merge, Tessera.device(Device.JVM))) {
            assertSame(run(spec, inputs), prepared.run(parts, lses).outputs());
        }
    }

    private static void put(Tensor part, Tensor all, int index) {
        for (int i = 0; i < part.shape().elements(); i++) {
            all.set(index * part.shape().elements() + i, part.get(i));
        }
    }

    private static Tensor keys(Tensor all, int from, int count) {
        Shape s = all.shape();
        Tensor some = Tensor.zeros(s.dim(0), s.dim(1), count, s.dim(3));
        for (int i = 0; i < some.shape().elements(); i++) {
            int head = i / (count * s.dim(3));
            some.set(i, all.get((head * s.dim(2) + from) * s.dim(3) + i % (count * s.dim(3))));
        }
        return some;
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void theOrderOfKeysDoesNotMatter(@ForAll("dense") AttentionSpec spec, @ForAll long seed) {
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
        int[] order = new SplittableRandom(seed).ints(0, spec.keys()).distinct().limit(spec.keys()).toArray();
        assertSame(run(spec, inputs), run(spec, Map.of("q", inputs.get("q"), "k", permuted(inputs.get("k"), order),
                "v", permuted(inputs.get("v"), order))));
    }

    private static Tensor permuted(Tensor keys, int[] order) {
        int dim = keys.shape().dim(3);
        Tensor other = Tensor.zeros(keys.shape().dims());
        for (int i = 0; i < other.shape().elements(); i++) {
            int row = i / dim;
            int source = row - row % order.length + order[row % order.length];
            other.set(i, keys.get(source * dim + i % dim));
        }
        return other;
    }

    @Property(tries = TRIES, edgeCases = EdgeCasesMode.NONE)
    void groupedQueriesAreRepeatedKeys(@ForAll("dense") AttentionSpec spec, @ForAll long seed) {
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
        assertSame(run(spec, inputs), run(withHeads(spec, spec.heads(), spec.keys()), Map.of("q", inputs.get("q"),
                "k", repeated(inputs.get("k"), spec.heads()), "v", repeated(inputs.get("v"), spec.heads()))));
    }

    private static Tensor repeated(Tensor keys, int heads) {
        Shape s = keys.shape();
        Tensor all = Tensor.zeros(s.dim(0), heads, s.dim(2), s.dim(3));
        int size = s.dim(2) * s.dim(3);
        for (int i = 0; i < all.shape().elements(); i++) {
            all.set(i, keys.get(i / size / (heads / s.dim(1)) * size + i % size));
        }
        return all;
    }
}
