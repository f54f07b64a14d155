package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.reference.Accuracy;
import tessera.reference.AttentionReference;
import tessera.reference.Expected;
import tessera.reference.Sample;

/** Attention that leaves out the values of listed blocks with small weights. */
class SkippedValuesTest {

    private static AttentionBuilder listed(int length) {
        return AttentionSpec.of(2, 4, length, 20).kvHeads(2).listed(2, 7, 5, 8).scale(1);
    }

    /** Blocks of queries with drawn lists of blocks of keys, one block twice. */
    private static Map<String, Tensor> inputs(AttentionSpec spec) {
        SplittableRandom random = new SplittableRandom(4);
        Tensor lists = Tensor.zeros(DType.I32, spec.inputs().get("keyBlocks"));
        for (int e = 0; e < lists.shape().elements(); e++) {
            lists.set(e, random.nextInt(-1, Math.ceilDiv(spec.keys(), spec.arrangement().listBlock())));
        }
        return Map.of("q", Tensor.random(spec.inputs().get("q"), 1), "k", Tensor.random(spec.inputs().get("k"), 2),
                "v", Tensor.random(spec.inputs().get("v"), 3), "keyBlocks", lists);
    }

    private static Tensor run(AttentionSpec spec, Device device, Map<String, Tensor> in, String output) {
        try (var plan = Tessera.plan(spec, device)) {
            return plan.run(in.get("q"), in.get("k"), in.get("v"), in.get("keyBlocks")).outputs().get(output);
        }
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void equalsTheReference(Device device) {
        for (int length : List.of(1, 63, 100)) {
            for (AttentionSpec spec : List.of(listed(length).pvSkip(-1).lse().build(), listed(length).pvSkip(-1).causal().lse().build())) {
                Map<String, Tensor> in = inputs(spec);
                Expected expected = AttentionReference.compute(spec, in, Sample.ALL);
                for (String output : List.of("out", "lse")) {
                    Accuracy accuracy = Accuracy.of(run(spec, device, in, output), expected.outputs().get(output));
                    assertTrue(accuracy.within(1e-5), spec + " " + output + " " + accuracy);
                }
            }
        }
    }

    /** Sizes that compilers know as powers of two, with blocks on the diagonal that are seen in part. */
    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void equalsTheReferenceAtPowersOfTwo(Device device) {
        AttentionSpec spec = AttentionSpec.of(1, 2, 256, 64).listed(2, 8, 64, 32).pvSkip(-0.5f).causal().lse().build();
        Map<String, Tensor> in = inputs(spec);
        Expected expected = AttentionReference.compute(spec, in, Sample.ALL);
        Accuracy accuracy = Accuracy.of(run(spec, device, in, "out"), expected.outputs().get("out"));
        assertTrue(accuracy.within(1e-5), accuracy::toString);
    }

    /** The log-sum-exp stays what it is; the output changes, and does not where nothing is that far below. */
    @Test
    void weightsOfSkippedValuesStillCount() {
        AttentionSpec all = listed(63).lse().build();
        Map<String, Tensor> in = inputs(all);
        Device jvm = Tessera.device("jvm");
        AttentionSpec some = listed(63).pvSkip(-1).lse().build();
        float[] lse = run(all, jvm, in, "lse").toArray();
        float[] same = run(some, jvm, in, "lse").toArray();
        for (int n = 0; n < lse.length; n++) {
            assertEquals(lse[n], same[n], 1e-5f);
        }
        assertTrue(difference(run(all, jvm, in, "out"), run(some, jvm, in, "out")) > 1e-3);
        assertEquals(0, difference(run(all, jvm, in, "out"), run(listed(63).pvSkip(-1000).lse().build(), jvm, in, "out")), 1e-6);
    }

    private static double difference(Tensor a, Tensor b) {
        double most = 0;
        for (int e = 0; e < a.shape().elements(); e++) {
            most = Math.max(most, Math.abs(a.get(e) - b.get(e)));
        }
        return most;
    }

    @Test
    void onlyRowsCanAndOnlyWithPlainScores() {
        List<Plan> plans = new AttentionOperator().plans(listed(63).pvSkip(-1).build(), Tessera.device("jvm")).legal();
        assertEquals(List.of("rows"), plans.stream().map(Plan::variant).toList());
        assertTrue(assertThrows(IllegalArgumentException.class, () -> listed(63).pvSkip(1).build()).getMessage().contains("negative"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> AttentionSpec.of(1, 1, 9, 4).pvSkip(-1).build()).getMessage().contains("listed blocks"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> listed(63).keyColumns(2).pvSkip(-1).build()).getMessage().contains("columns"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> listed(63).softcap(3).pvSkip(-1).build()).getMessage().contains("soft cap"));
        assertEquals(Shape.of(2, 4, 63, 20), listed(63).pvSkip(-1).build().outputs().get("out"));
    }
}
