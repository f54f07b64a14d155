package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Prepared;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.layouts.Listing;
import tessera.layouts.TileLists;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.masks.Packed;
import tessera.masks.Stride;
import tessera.masks.Window;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;

/** The kernels in tiles walking through lists of tiles, on work-groups emulated by threads: as they are written, and specialised. */
class TileListsTest {
    private static final Device GPU = new Device("emulated", "threads", "emulated", "GPU", "-", 8, 1L << 32, 1L << 32, 48 << 10, 1024, true, true);
    private static final Set<String> VARIANTS = Set.of("matrix", "registers");

    private static final List<AttentionSpec> SPECS = List.of(
            // blocks: shared, for each key/value head, for each head; smaller and larger than a tile, tails, empty block rows
            attention(1, 2, 2, 100, 100, 16, 16).mask(blocks(1, 100, 100, 32, 32)).lse().build(),
            attention(2, 6, 2, 63, 63, 16, 32).mask(blocks(2, 63, 63, 16, 16)).causal().lse().build(),
            attention(1, 4, 2, 63, 100, 32, 16).mask(blocks(4, 63, 100, 7, 11)).causal().lse().build(),
            attention(1, 1, 1, 200, 300, 16, 16).mask(blocks(1, 200, 300, 64, 128)).lse().build(),
            attention(1, 2, 2, 17, 17, 16, 16).mask(new Blocks(1, 17, 17, 4, 4, (h, qb, kb) -> false)).lse().build(),
            attention(1, 2, 1, 65, 33, 48, 16).mask(new Blocks(1, 65, 33, Integer.MAX_VALUE, 32, (h, qb, kb) -> kb == 1)).causal().lse().build(),
            // a rule for each pair
            attention(1, 2, 2, 70, 70, 16, 16).mask((map, query, position, key) -> (query ^ key) % 5 < 2).causal().lse().build(),
            attention(1, 6, 3, 65, 65, 16, 16).mask(Mask.of(3, (map, query, position, key) -> key % 3 == map)).lse().build(),
            attention(1, 3, 1, 63, 63, 16, 16).mask(Packed.of(10, 0, 33, 15)).causal().lse().build(),
            attention(1, 4, 4, 63, 17, 16, 16).mask(Mask.perHead(Mask.window(9, 3), new Stride(2, -1))).lse().build(),
            // sinks, windows of heads
            attention(1, 2, 1, 100, 100, 16, 16).mask(Mask.streaming(4, 16)).causal().lse().build(),
            attention(1, 2, 2, 100, 17, 16, 16).mask(new Window(5, 3, 0)).causal().lse().build(),
            attention(1, 4, 2, 63, 63, 16, 16).mask(Mask.perHead(Mask.window(9, 0), Mask.FULL, Mask.streaming(2, 5), Mask.window(0, 0))).causal().lse().build(),
            // what a run's inputs say: lengths, sequences, blocks, columns
            attention(5, 2, 1, 17, 63, 16, 16).keyLengths().causal().lse().build(),
            attention(1, 2, 2, 63, 100, 16, 16).ragged(5).mask(new Window(2, 9, 1)).lse().build(),
            attention(2, 4, 2, 63, 63, 16, 16).listed(2, 5, 16, 8).causal().lse().build(),
            attention(2, 4, 4, 63, 100, 16, 16).listed(4, 3, 32, 32).keyColumns(20).causal().keyLengths().lse().build(),
            attention(1, 6, 2, 63, 100, 16, 16).listed(1, 9, 7, 11).keyColumns(6).mask(new Window(3, 20, 2)).lse().build(),
            attention(2, 4, 2, 17, 63, 16, 16).listed(1, 5, 8).lse().build());

    private static AttentionBuilder attention(int batch, int heads, int kvHeads, int queries, int keys, int headDim, int valueDim) {
        return AttentionSpec.of(batch, heads, queries, headDim).kvHeads(kvHeads).keys(keys).valueDim(valueDim);
    }

    private static Blocks blocks(int maps, int queries, int keys, int blockQ, int blockK) {
        return new Blocks(maps, queries, keys, blockQ, blockK, (map, qb, kb) -> qb != 1 && (5 * map + 3 * qb + 7 * kb) % 4 < 2);
    }

    private static List<Plan> plans(AttentionSpec spec, String variant) {
        return Planner.candidates(spec, GPU).legal().stream().filter(plan -> plan.variant().equals(variant)).toList();
    }

    /** Every problem in both types by a plan of each kernel, in turn. */
    @TestFactory
    Stream<DynamicTest> theTwinsResult() {
        return IntStream.range(0, SPECS.size()).boxed().flatMap(n -> Stream.of(DType.F32, DType.F16).flatMap(type -> VARIANTS.stream().map(variant -> {
            AttentionSpec spec = SPECS.get(n).toBuilder().dtype(type).build();
            List<Plan> plans = plans(spec, variant).stream().filter(plan -> plan.storage() == type || variant.equals("registers")).toList();
            Plan plan = plans.get((type == DType.F32 ? n : 7 * n + 3) % plans.size());
            return DynamicTest.dynamicTest(plan.summary() + " for " + spec, () -> MatrixAttentionTest.check(spec, plan, inputs(spec)));
        })));
    }

    /** Every problem by one plan in tiles, in turn, on every device that has local memory. */
    @TestFactory
    Stream<DynamicTest> theTwinsResultOnDevices() {
        return Tessera.devices().stream().filter(device -> !device.isJvm()).flatMap(device -> IntStream.range(0, SPECS.size()).mapToObj(n -> {
            AttentionSpec spec = SPECS.get(n);
            List<Plan> plans = Planner.candidates(spec, device).legal().stream().filter(plan -> VARIANTS.contains(plan.variant())).toList();
            Plan plan = plans.get(n % plans.size());
            return DynamicTest.dynamicTest(plan.summary() + " for " + spec + " on " + device.id(), () -> {
                Map<String, Tensor> tensors = inputs(spec);
                spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
                try (Prepared prepared = Tessera.unchecked(spec, device, plan)) {
                    prepared.run(tensors);
                }
                Accuracy accuracy = new AttentionOperator().reference(spec, tensors, Sample.ALL).compare(tensors);
                assertTrue(accuracy.within(plan.operands().tolerance()), accuracy::toString);
            });
        }));
    }

    /** As they are stored: I32 inputs stay what they are. */
    private static Map<String, Tensor> inputs(AttentionSpec spec) {
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        SelfCheck.inputs(spec, 3).forEach((name, tensor) -> inputs.put(name, tensor.to(spec.type(name))));
        return inputs;
    }

    @Test
    void whatNobodySeesIsNotVisitedAndWhatAllSeeHasNoBits() {
        AttentionSpec spec = attention(1, 1, 1, 128, 128, 16, 16).mask(new Blocks(1, 128, 128, 64, 32, (map, qb, kb) -> kb % 2 == 0)).causal().build();
        int[] numbers = new TileLists(spec, Listing.of(spec, "BSR"), 32, 32).numbers();
        // tile of rows, head, begin, end; the second half sees two blocks, the last of them in parts
        assertArrayEquals(new int[] {2, 0, 16, 20}, IntStream.range(0, 4).map(n -> numbers[n]).toArray());
        assertEquals(0, numbers[16]);
        assertEquals(-1, numbers[17]);
        assertEquals(64, numbers[18]);
        assertEquals(0b111, numbers[numbers[19] + 2]);
        assertArrayEquals(new int[] {2, 3, 0, 1}, IntStream.range(0, 4).map(n -> numbers[4 * n]).toArray());
        assertEquals(2, numbers[11] - numbers[10], "the first rows see one block");
    }

    @Test
    void anArrayForListsHoldsThemAllWhateverARunGives() {
        for (AttentionSpec spec : SPECS) {
            for (int[] tile : new int[][] {{16, 16}, {32, 32}, {64, 16}, {128, 64}}) {
                String name = plans(spec, "registers").getFirst().layout();
                long capacity = new TileLists(spec, Listing.of(spec, name), tile[0], tile[1]).capacity();
                int[] numbers = new TileLists(spec, Listing.of(spec, name, SelfCheck.inputs(spec, 3)), tile[0], tile[1]).numbers();
                assertTrue(numbers.length <= capacity, () -> numbers.length + " of " + capacity + " for " + spec);
            }
        }
    }

    @Test
    void smallBlocksGetSmallTiles() {
        AttentionSpec large = attention(1, 1, 1, 2048, 2048, 64, 64).mask(drawn(2048, 128)).dtype(DType.F16).build();
        AttentionSpec small = large.toBuilder().mask(drawn(2048, 16)).build();
        assertEquals(128, MatrixTiling.of(plans(large, "matrix").getFirst()).tileQ());
        MatrixTiling chosen = MatrixTiling.of(plans(small, "matrix").getFirst());
        assertTrue(chosen.tileQ() < 128 && chosen.tileK() == 16, chosen::toString);
        assertEquals("matrix", Planner.candidates(large, GPU).legal().getFirst().variant());
    }

    /** One block of eight. */
    private static Blocks drawn(int length, int block) {
        return new Blocks(1, length, length, block, block, (map, qb, kb) -> (qb * 2654435761L + kb * 40503L + 12345) / 7 % 8 == 0);
    }
}
