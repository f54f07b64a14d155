package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessera.CausalAlignment.TOP_LEFT;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.TensorLayout;
import tessera.engine.Device;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.masks.Window;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;

/** The decoding kernels whose warps read keys each for themselves, on work-groups emulated by threads: as they are written, and specialised. */
class StreamedDecodeTest {
    private static final Device GPU = gpu(true, 2);

    private static final List<AttentionSpec> SPECS = List.of(
            // batch, heads, kvHeads, keys, headDim, valueDim
            decoding(1, 8, 2, 500, 128, 128).lse().build(),
            decoding(2, 4, 2, 17, 8, 16).lse().build(),
            decoding(3, 5, 5, 63, 64, 8).lse().build(),
            decoding(1, 1, 1, 1, 8, 8).lse().build(),
            decoding(2, 6, 2, 300, 64, 96).causal().lse().build(),
            decoding(1, 3, 1, 150, 256, 256).lse().build(),
            decoding(1, 8, 1, 200, 96, 72).lse().build(),
            decoding(1, 11, 1, 129, 24, 40).lse().build(),
            decoding(1, 16, 1, 140, 128, 64).build(),
            // not all keys are visible
            decoding(1, 4, 2, 300, 8, 8).causal(TOP_LEFT).lse().build(),
            decoding(1, 4, 2, 400, 16, 8).mask(Mask.window(199, 0)).lse().build(),
            decoding(1, 4, 2, 400, 32, 8).mask(Mask.streaming(70, 100)).causal().lse().build(),
            decoding(1, 2, 1, 300, 8, 8).mask(new Window(3, 100, 5)).alignment(TOP_LEFT).lse().build(),
            decoding(3, 4, 2, 133, 64, 64).keyLengths().lse().build(),
            decoding(3, 4, 2, 133, 64, 64).keyLengths().mask(new Window(5, 77, 0)).causal().lse().build(),
            decoding(2, 4, 1, 133, 64, 64).keyLengths().mask(new Window(2, 9, 4)).alignment(TOP_LEFT).lse().build(),
            // in pages, of which one holds a tile or several, or none does
            decoding(3, 8, 2, 160, 64, 64).paged(50, 16).lse().build(),
            decoding(2, 4, 4, 192, 128, 128).paged(11, 64).causal().lse().build(),
            decoding(2, 6, 2, 180, 40, 64).paged(70, 12).lse().build(),
            decoding(2, 6, 2, 200, 40, 64).paged(600, 1).mask(new Window(3, 110, 0)).causal().lse().build());

    private static Device gpu(boolean instructions, int computeUnits) {
        return new Device("emulated", "threads", "emulated", "GPU", "-", computeUnits, 1L << 36, 1L << 32, 48 << 10, 1024, true, instructions);
    }

    private static AttentionBuilder decoding(int batch, int heads, int kvHeads, int keys, int headDim, int valueDim) {
        return AttentionSpec.of(batch, heads, 1, headDim).kvHeads(kvHeads).keys(keys).valueDim(valueDim);
    }

    private static List<Plan> plans(AttentionSpec spec, Device device) {
        return Planner.candidates(spec, device).legal().stream().filter(plan -> plan.variant().equals("stream")).toList();
    }

    /** Every problem in both types by two of its plans, in turn. */
    @TestFactory
    Stream<DynamicTest> theTwinsResult() {
        return IntStream.range(0, SPECS.size()).boxed().flatMap(n -> Stream.of(DType.F32, DType.F16).flatMap(type -> {
            AttentionSpec spec = SPECS.get(n).toBuilder().dtype(type).build();
            List<Plan> plans = plans(spec, GPU).stream().filter(plan -> plan.storage() == type).toList();
            return IntStream.of(n, n + plans.size() / 2).mapToObj(p -> plans.get(p % plans.size())).distinct()
                    .map(plan -> DynamicTest.dynamicTest(plan.summary() + " for " + spec, () -> MatrixAttentionTest.check(spec, plan, inputs(spec))));
        }));
    }

    /** As they are stored: I32 inputs stay what they are. */
    private static Map<String, Tensor> inputs(AttentionSpec spec) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        SelfCheck.inputs(spec, 3).forEach((name, tensor) -> inputs.put(name, tensor.to(spec.type(name))));
        return inputs;
    }

    @Test
    void negativeAndLargeScores() {
        AttentionSpec spec = decoding(1, 4, 1, 300, 32, 64).scale(64).lse().build();
        for (DType type : List.of(DType.F32, DType.F16)) {
            for (int from : new int[] {-8, 0}) {
                AttentionSpec stored = spec.toBuilder().dtype(type).build();
                Map<String, Tensor> inputs = inputs(stored);
                inputs.put("q", AttentionNumericsTest.integers(stored.inputs().get("q"), 1, 8, 1).to(type));
                inputs.put("k", AttentionNumericsTest.integers(stored.inputs().get("k"), from, from + 7, 2).to(type));
                plans(stored, GPU).forEach(plan -> MatrixAttentionTest.check(stored, plan, inputs));
            }
        }
    }

    @Test
    void sequencesWithoutKeysGiveNothing() {
        for (DType type : List.of(DType.F32, DType.F16)) {
            AttentionSpec spec = decoding(3, 4, 2, 64, 64, 64).paged(9, 16).dtype(type).lse().build();
            Map<String, Tensor> inputs = inputs(spec);
            inputs.get("keyLengths").set(0, 0);
            inputs.get("keyLengths").set(1, 1);
            inputs.get("keyLengths").set(2, 64);
            plans(spec, GPU).forEach(plan -> MatrixAttentionTest.check(spec, plan, inputs));
        }
    }

    @Test
    void partsWithoutKeysCountForNothing() {
        for (DType type : List.of(DType.F32, DType.F16)) {
            AttentionSpec spec = decoding(1, 4, 2, 900, 16, 8).dtype(type).lse().build();
            Plan plan = plans(spec, GPU).getFirst();
            assertTrue(plan.get("parts") > 1, plan::toString);
            MatrixAttentionTest.check(spec.miniature(), plan, inputs(spec.miniature()));
        }
    }

    @Test
    void itComesFirstWhereADeviceHasInstructions() {
        for (AttentionSpec spec : SPECS) {
            for (DType type : List.of(DType.F32, DType.F16)) {
                Plan first = Planner.candidates(spec.toBuilder().dtype(type).build(), GPU).legal().getFirst();
                assertEquals("stream", first.variant(), spec::toString);
                assertEquals(type, first.storage());
                assertEquals(type, first.operands());
            }
            assertTrue(plans(spec, gpu(false, 8)).isEmpty());
        }
    }

    @Test
    void thePartsFillTheDevice() {
        for (DType type : List.of(DType.F32, DType.F16)) {
            for (int batch : new int[] {1, 3, 15}) {
                AttentionSpec spec = decoding(batch, 32, 8, 32768, 128, 128).dtype(type).build();
                Plan plan = plans(spec, gpu(true, 132)).getFirst();
                double rounds = 8.0 * batch * plan.get("parts") * plan.get("warps") / (132 * 16);
                assertTrue(rounds / Math.ceil(rounds) > 0.9, plan::toString);
            }
        }
    }

    @Test
    void whatItCannotDoIsRuledOutByTheLimit() {
        assertLimit("one query for each sequence, not 2", AttentionSpec.of(1, 1, 2, 8).build());
        assertLimit("multiples of 8", decoding(1, 1, 1, 20, 12, 12).dtype(DType.F16).build());
        assertLimit("multiples of 4", decoding(1, 1, 1, 20, 7, 8).build());
        assertLimit("a scale above 0", decoding(1, 1, 1, 20, 8, 8).scale(-1).build());
        assertLimit("plain scores", decoding(1, 1, 1, 20, 8, 8).slopes().build());
        assertLimit("registers for queries", decoding(1, 1, 1, 20, 576, 512).build());
        assertLimit("one window for all heads", decoding(1, 1, 1, 64, 8, 8).mask(new Blocks(1, 1, 64, 1, 8, (map, qb, kb) -> kb != 3)).build());
        assertLimit("neither ragged nor listed", decoding(1, 1, 1, 20, 8, 8).ragged(1).build());
        assertLimit("float16 in the order BHLD", decoding(1, 1, 1, 20, 8, 8).layout(TensorLayout.BLHD).dtype(DType.F16).build());
    }

    private static void assertLimit(String words, AttentionSpec spec) {
        List<String> limits = Planner.candidates(spec, GPU).ruledOut().stream().map(r -> r.plan() + ": " + r.limit()).toList();
        assertTrue(limits.stream().anyMatch(limit -> limit.startsWith("stream") && limit.contains(words)), limits::toString);
    }
}
