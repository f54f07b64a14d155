package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessera.CausalAlignment.BOTTOM_RIGHT;
import static tessera.CausalAlignment.TOP_LEFT;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.masks.Mask;
import tessera.masks.Window;
import tessera.planner.Candidates;
import tessera.planner.Plan;
import tessera.planner.SelfCheck;

/** The decode kernel on work-groups emulated by threads. */
class DecodeAttentionTest {
    private static final Device GPU = device("GPU", 48 << 10, 1024);

    private static final List<AttentionSpec> SPECS = List.of(
            // batch, heads, kvHeads, keys, headDim, valueDim
            decoding(1, 1, 1, 1, 1, 1).lse().build(),
            decoding(2, 4, 2, 17, 8, 12).lse().build(),
            decoding(3, 5, 5, 63, 60, 1).build(),
            decoding(1, 8, 2, 2000, 128, 128).lse().build(),
            decoding(2, 6, 2, 500, 64, 64).causal().lse().build(),
            // as many heads as have sums, more, and more that do not fill their blocks
            decoding(1, 8, 1, 300, 12, 60).causal().lse().build(),
            decoding(1, 16, 1, 129, 8, 12).lse().build(),
            decoding(2, 11, 1, 129, 17, 33).lse().build(),
            decoding(1, 3, 1, 100, 256, 256).lse().build(),
            decoding(1, 7, 1, 700, 1, 256).build(),
            // not all keys are visible
            decoding(1, 4, 2, 300, 8, 8).causal(TOP_LEFT).lse().build(),
            decoding(1, 4, 2, 1000, 12, 8).mask(Mask.window(299, 0)).lse().build(),
            decoding(1, 4, 2, 1000, 12, 8).mask(Mask.streaming(70, 300)).causal().lse().build(),
            decoding(1, 2, 1, 500, 8, 8).mask(new Window(3, 100, 5)).alignment(TOP_LEFT).lse().build(),
            decoding(1, 2, 1, 500, 8, 8).mask(new Window(0, 0, 0)).alignment(BOTTOM_RIGHT).lse().build(),
            decoding(2, 2, 1, 90, 8, 8).mask(new Window(200, 5, 5)).causal().lse().build());

    private static AttentionBuilder decoding(int batch, int heads, int kvHeads, int keys, int headDim, int valueDim) {
        return AttentionSpec.of(batch, heads, 1, headDim).kvHeads(kvHeads).keys(keys).valueDim(valueDim);
    }

    private static Device device(String kind, long localMemoryBytes, int maxGroupSize) {
        return new Device("emulated", "threads", "emulated", kind, "-", 8, 1L << 32, 1L << 32, localMemoryBytes, maxGroupSize, false);
    }

    private static List<Plan> decode(AttentionSpec spec, Device device) {
        return new AttentionOperator().plans(spec, device).legal().stream().filter(plan -> plan.variant().equals("decode")).toList();
    }

    @TestFactory
    Stream<DynamicTest> everyTilingGivesTheTwinsResult() {
        return SPECS.stream().flatMap(spec -> decode(spec, GPU).stream().map(plan -> DynamicTest.dynamicTest(plan.summary() + " for " + spec,
                () -> TiledAttentionTest.check(spec, plan, SelfCheck.inputs(spec, 3)))));
    }

    @Test
    void everyTilingIsTriedWithOneAndWithSeveralParts() {
        List<Plan> all = SPECS.stream().flatMap(spec -> decode(spec, GPU).stream()).toList();
        for (int items : new int[] {128, 256, 512}) {
            List<Integer> parts = all.stream().filter(plan -> plan.get("items") == items).map(plan -> plan.get("parts")).distinct().toList();
            assertTrue(parts.contains(1) && parts.size() > 2, () -> items + ": " + parts);
        }
    }

    @Test
    void partsWithoutKeysCountForNothing() {
        AttentionSpec spec = decoding(1, 4, 2, 5000, 12, 8).lse().build();
        decode(spec, GPU).forEach(plan -> {
            assertTrue(plan.get("parts") > 1, plan::toString);
            TiledAttentionTest.check(spec.miniature(), plan, SelfCheck.inputs(spec.miniature(), 3));
        });
    }

    @Test
    void negativeAndLargeScores() {
        AttentionSpec spec = decoding(1, 2, 1, 300, 16, 5).scale(64).lse().build();
        for (int from : new int[] {-8, 0}) {
            Map<String, Tensor> inputs = SelfCheck.inputs(spec, 3);
            inputs.put("q", AttentionNumericsTest.integers(spec.inputs().get("q"), 1, 8, 1));
            inputs.put("k", AttentionNumericsTest.integers(spec.inputs().get("k"), from, from + 7, 2));
            decode(spec, GPU).forEach(plan -> TiledAttentionTest.check(spec, plan, inputs));
        }
    }

    @Test
    void itComesFirstOnAGpuAndAfterSplittingOnACpu() {
        AttentionSpec spec = decoding(1, 32, 8, 16384, 128, 128).build();
        assertEquals("decode", new AttentionOperator().plans(spec, GPU).legal().getFirst().variant());
        List<String> onCpu = new AttentionOperator().plans(spec, device("CPU", 48 << 10, 1024)).legal().stream().map(Plan::variant).toList();
        assertTrue(onCpu.indexOf("decode") > onCpu.indexOf("split"), onCpu::toString);
    }

    @Test
    void thePartsFillTheDeviceWithoutGettingShort() {
        for (int keys : new int[] {1, 100, 1000, 16384, 65536}) {
            for (int batch : new int[] {1, 16}) {
                for (Plan plan : decode(decoding(batch, 32, 8, keys, 128, 128).build(), GPU)) {
                    long items = (long) batch * 8 * plan.get("parts") * plan.get("items");
                    assertTrue(plan.get("parts") == 1 || keys > (plan.get("parts") - 1) * 2 * plan.get("tileK"), plan::toString);
                    assertTrue(plan.get("parts") == 1 || items <= 2 * 8 * 2048, plan::toString);
                    assertTrue(keys < 16384 || items >= 8 * 1024 / 2, plan::toString);
                }
            }
        }
    }

    @Test
    void whatDoesNotFitIsRuledOutByTheLimit() {
        assertLimit("takes one query for each sequence, not 2", AttentionSpec.of(1, 1, 2, 8).build(), GPU);
        assertLimit("has no local memory", decoding(1, 1, 1, 9, 8, 8).build(), device("GPU", 0, 1024));
        assertLimit("bytes of local memory", decoding(1, 8, 1, 9, 512, 8).build(), GPU);
        assertLimit("work-items in a group", decoding(1, 1, 1, 9, 8, 8).build(), device("GPU", 48 << 10, 64));
        assertLimit("its 128 work-items sum one channel", decoding(1, 8, 1, 9, 8, 129).build(), GPU);
        assertLimit("not key lengths", decoding(1, 1, 1, 9, 8, 8).keyLengths().build(), GPU);
    }

    private static void assertLimit(String words, AttentionSpec spec, Device device) {
        List<Candidates.RuledOut> out = new AttentionOperator().plans(spec, device).ruledOut();
        assertTrue(out.stream().anyMatch(r -> r.plan().startsWith("decode") && r.limit().contains(words)), out::toString);
    }

    @Test
    void aPlanForOneQueryIsNotUsedForMore() {
        Plan plan = decode(decoding(1, 1, 1, 9, 8, 8).build(), GPU).getFirst();
        AttentionSpec two = AttentionSpec.of(1, 1, 2, 8).keys(9).build();
        assertThrows(IllegalArgumentException.class, () -> TiledAttentionTest.check(two, plan, SelfCheck.inputs(two, 1)));
    }
}
