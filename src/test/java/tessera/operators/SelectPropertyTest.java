package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.DType;
import tessera.Estimator;
import tessera.Forced;
import tessera.Forced.Counting;
import tessera.Prepared;
import tessera.SelectBuilder;
import tessera.SelectSpec;
import tessera.SelectionRule;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;

/** What every selection promises, whatever the scores; given scores, so that each promise can be counted by hand. */
class SelectPropertyTest {
    private static final int SEEDS = 20;
    private static final int HEADS = 3;
    private static final int ROWS = 5;
    private static final int CANDIDATES = 13;

    /** Devices with each of their plans: the rule on the device, and on the host. */
    static Stream<Arguments> plans() {
        return Tessera.devices().stream().flatMap(device -> Stream.of("rows", "host").map(variant -> Arguments.of(device, variant)));
    }

    private interface Check {
        void of(Map<String, Tensor> inputs, Selection selection);
    }

    private static SelectBuilder given() {
        return SelectSpec.of(1, HEADS, ROWS * 4 - 1, 8).keys(CANDIDATES * 2 - 1).blocks(4, 2).estimator(new Estimator.External());
    }

    private static void check(SelectSpec spec, Device device, String variant, Check check) {
        try (Prepared plan = Tessera.unchecked(spec, device, Planner.plan(spec, device, p -> p.variant().equals(variant), variant))) {
            for (int seed = 0; seed < SEEDS; seed++) {
                Map<String, Tensor> inputs = new LinkedHashMap<>();
                SelfCheck.inputs(spec, 100 * seed).forEach((name, tensor) -> inputs.put(name, tensor));
                Tensor estimate = inputs.get("estimate");
                for (int n = 0; n < estimate.shape().elements(); n++) {
                    estimate.set(n, seed % 2 == 0 ? estimate.get(n) : Math.round(2 * estimate.get(n)));
                }
                Map<String, Tensor> outputs = new LinkedHashMap<>();
                spec.outputs().forEach((name, shape) -> outputs.put(name, Tensor.zeros(spec.outputType(name), shape).poison()));
                Map<String, Tensor> all = new LinkedHashMap<>(inputs);
                all.putAll(outputs);
                plan.run(all);
                check.of(inputs, new Selection(spec, outputs));
            }
        }
    }

    private static double score(Map<String, Tensor> inputs, int head, int row, int candidate) {
        return inputs.get("estimate").get((head * ROWS + row) * CANDIDATES + candidate);
    }

    private static double mass(Map<String, Tensor> inputs, int head, int row, BitSet kept) {
        return kept.stream().mapToDouble(c -> score(inputs, head, row, c)).sum();
    }

    private interface Row {
        void check(int head, int row, int visible);
    }

    private static void rows(SelectSpec spec, Row check) {
        for (int head = 0; head < HEADS; head++) {
            for (int row = 0; row < ROWS; row++) {
                check.check(head, row, spec.visible(row));
            }
        }
    }

    /** No kept candidate is worse than one that is left out, and of equal ones the lower indices are kept. */
    private static void assertBest(Map<String, Tensor> inputs, int head, int row, int visible, BitSet kept) {
        for (int in = 0; in < visible; in++) {
            for (int out = 0; out < visible && kept.get(in); out++) {
                double better = score(inputs, head, row, in) - score(inputs, head, row, out);
                assertTrue(kept.get(out) || better > 0 || better == 0 && in < out, in + " rather than " + out);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("plans")
    void topKKeepsTheBest(Device device, String variant) {
        SelectSpec spec = given().causal().topK(4).build();
        check(spec, device, variant, (inputs, selection) -> rows(spec, (head, row, visible) -> {
            BitSet kept = selection.kept(head, row);
            assertEquals(Math.min(4, visible), kept.cardinality());
            assertBest(inputs, head, row, visible, kept);
        }));
    }

    @ParameterizedTest
    @MethodSource("plans")
    void coverPassesTheShareWithTheFewest(Device device, String variant) {
        SelectSpec spec = given().causal().cover(0.6).share().build();
        check(spec, device, variant, (inputs, selection) -> rows(spec, (head, row, visible) -> {
            BitSet kept = selection.kept(head, row);
            BitSet all = new BitSet();
            all.set(0, visible);
            double total = mass(inputs, head, row, all);
            double least = kept.stream().mapToDouble(c -> score(inputs, head, row, c)).min().orElse(0);
            double mass = mass(inputs, head, row, kept);
            assertTrue(mass > 0.6 * total * (1 - 1e-6) || kept.cardinality() == visible, () -> mass + " of " + total);
            assertTrue(mass - least <= 0.6 * total * (1 + 1e-6), () -> "without the last, " + (mass - least) + " of " + total);
            assertBest(inputs, head, row, visible, kept);
            assertEquals(total == 0 ? 0 : mass / total, selection.outputs().get("share").get(row * HEADS + head), 1e-5);
        }));
    }

    @ParameterizedTest
    @MethodSource("plans")
    void underIsOneLessButAtLeastOne(Device device, String variant) {
        List<BitSet> covers = new ArrayList<>();
        SelectSpec cover = given().cover(0.6).build();
        check(cover, device, variant, (_, selection) -> rows(cover, (head, row, _) -> covers.add(selection.kept(head, row))));
        SelectSpec under = given().under(0.6).build();
        check(under, device, variant, (_, selection) -> rows(under, (head, row, _) -> {
            BitSet kept = selection.kept(head, row);
            BitSet more = covers.removeFirst();
            assertEquals(Math.max(1, more.cardinality() - 1), kept.cardinality());
            kept.andNot(more);
            assertTrue(kept.isEmpty());
        }));
    }

    @ParameterizedTest
    @MethodSource("plans")
    void budgetsBoundTheRule(Device device, String variant) {
        SelectSpec spec = given().rule(new SelectionRule.Threshold(1)).budget(2, 5).build();
        check(spec, device, variant, (inputs, selection) -> rows(spec, (head, row, visible) -> {
            BitSet kept = selection.kept(head, row);
            long above = IntStream.range(0, visible).filter(c -> score(inputs, head, row, c) >= 1).count();
            assertEquals(Math.clamp(above, 2, 5), kept.cardinality());
            assertBest(inputs, head, row, visible, kept);
        }));
    }

    @ParameterizedTest
    @MethodSource("plans")
    void aHeadsBestPairsStayWithinOneCount(Device device, String variant) {
        SelectSpec spec = given().causal().topK(17).perHead().build();
        check(spec, device, variant, (inputs, selection) -> {
            for (int head = 0; head < HEADS; head++) {
                int count = 0;
                double least = Double.POSITIVE_INFINITY;
                double most = Double.NEGATIVE_INFINITY;
                for (int row = 0; row < ROWS; row++) {
                    BitSet kept = selection.kept(head, row);
                    count += kept.cardinality();
                    for (int c = 0; c < spec.visible(row); c++) {
                        least = kept.get(c) ? Math.min(least, score(inputs, head, row, c)) : least;
                        most = kept.get(c) ? most : Math.max(most, score(inputs, head, row, c));
                    }
                }
                assertEquals(17, count);
                assertTrue(least >= most);
            }
        });
    }

    @ParameterizedTest
    @MethodSource("plans")
    void forcedOnesArePresentAndCountAsAsked(Device device, String variant) {
        for (Counting counting : Counting.values()) {
            SelectSpec spec = given().causal().topK(5).forced(new Forced(1, true, 3, false, false, false, counting)).build();
            check(spec, device, variant, (inputs, selection) -> rows(spec, (head, row, visible) -> {
                BitSet kept = selection.kept(head, row);
                BitSet forced = new BitSet();
                forced.set(0, Math.min(1, visible));
                forced.set(spec.forcedFrom(row), spec.forcedTo(row));
                BitSet others = (BitSet) kept.clone();
                others.andNot(forced);
                assertEquals(forced.cardinality(), kept.cardinality() - others.cardinality(), "all forced ones");
                switch (counting) {
                    case FIRST -> assertEquals(Math.clamp(5, forced.cardinality(), visible), kept.cardinality());
                    case EXCLUDED -> assertEquals(Math.min(5, visible - forced.cardinality()), others.cardinality());
                    case ADDED -> assertTrue(kept.cardinality() >= Math.min(5, visible) && others.cardinality() <= 5);
                }
            }));
        }
    }

    @ParameterizedTest
    @MethodSource("plans")
    void threeWaysTakeEveryCandidateOnce(Device device, String variant) {
        SelectSpec spec = given().causal().rule(new SelectionRule.Split(0.25, 0.4)).build();
        check(spec, device, variant, (_, selection) -> rows(spec, (head, row, visible) -> {
            BitSet kept = selection.kept(head, row);
            int critical = Math.min(visible, Math.max(1, visible / 4));
            assertEquals(critical, kept.cardinality());
            int marginal = (int) selection.outputs().get("marginalCounts").get(row * HEADS + head);
            assertEquals(Math.max(0, visible - critical - (int) (0.4 * visible)), marginal);
            for (int n = 0; n < marginal; n++) {
                int candidate = (int) selection.outputs().get("marginalBlocks").get((row * HEADS + head) * spec.marginalLists() + n);
                assertTrue(candidate >= 0 && !kept.get(candidate));
                kept.set(candidate);
            }
        }));
    }

    /** Eighths, whose sums are exact in every type. */
    @ParameterizedTest
    @MethodSource("plans")
    void equalScoresGoByTheirIndex(Device device, String variant) {
        assertLists(device, variant, SelectSpec.of(1, 1, 1, 1).keys(8).topK(3), 0, 1, 2);
        assertLists(device, variant, SelectSpec.of(1, 1, 1, 1).keys(8).cover(0.5), 0, 1, 2, 3, 4, -1, -1, -1);
        assertLists(device, variant, SelectSpec.of(1, 1, 1, 1).keys(8).under(0.5), 0, 1, 2, 3, -1, -1, -1, -1);
        assertLists(device, variant, SelectSpec.of(1, 1, 1, 1).keys(8).under(0.1), 0, -1, -1, -1, -1, -1, -1, -1);
        assertLists(device, variant, SelectSpec.of(1, 1, 1, 1).keys(8).cover(1), 0, 1, 2, 3, 4, 5, 6, 7);
    }

    private static void assertLists(Device device, String variant, SelectBuilder builder, float... expected) {
        SelectSpec spec = builder.estimator(new Estimator.External()).build();
        try (Prepared plan = Tessera.unchecked(spec, device, Planner.plan(spec, device, p -> p.variant().equals(variant), variant))) {
            Tensor keyBlocks = plan.run(Tensor.zeros(1, 1, 1, 8).fill(0.125f)).outputs().get("keyBlocks");
            assertEquals(DType.I32, keyBlocks.dtype());
            assertArrayEquals(expected, keyBlocks.toArray());
        }
    }

    @Test
    void moreQueriesThanKeysSeeWhatThereIs() {
        SelectSpec spec = SelectSpec.of(1, 1, 6, 1).keys(4).causal().topK(2).forced(new Forced(1, true, 1, false, false, false, Counting.FIRST))
                .estimator(new Estimator.External()).build();
        try (Prepared plan = Tessera.plan(spec, Tessera.device("jvm"))) {
            Tensor keyBlocks = plan.run(Tensor.zeros(1, 1, 6, 4)).outputs().get("keyBlocks");
            assertArrayEquals(new float[] {-1, -1, -1, -1, 0, -1, 0, 1, 0, 2, 0, 3}, keyBlocks.toArray());
        }
    }
}
