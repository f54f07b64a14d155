package tessera.planner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tessera.AttentionBuilder;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.MergeSpec;
import tessera.ScoreStage;
import tessera.Spec;
import tessera.Tensor;
import tessera.TesseraException;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.masks.Blocks;
import tessera.masks.Mask;

class PlannerTest {
    private static final long GIB = 1L << 30;
    private static final Device GPU = device("GPU", 80 * GIB, 40 * GIB, true);
    private static final Device CPU = device("CPU", 8 * GIB, 2 * GIB, false);

    private static Device device(String kind, long memory, long array, boolean half) {
        return new Device("test:0", "made up", "opencl", kind, "1", 16, memory, array, 48 << 10, 1024, half);
    }

    private static AttentionBuilder attention() {
        return AttentionSpec.of(2, 8, 1024, 64);
    }

    private static TesseraException refusal(Spec spec, Device device) {
        assertTrue(Planner.candidates(spec, device).legal().isEmpty());
        return assertThrows(TesseraException.class, () -> Planner.plan(spec, device));
    }

    private static List<String> variants(Spec spec, Device device) {
        return Planner.candidates(spec, device).legal().stream().map(Plan::variant).distinct().toList();
    }

    @Test
    void theBestGuessDependsOnTheDeviceAndTheProblem() {
        assertEquals(List.of("registers", "tiles", "rows", "split", "stored"), variants(attention().build(), GPU));
        assertEquals(List.of("strips", "rows", "registers", "tiles", "split", "stored"), variants(attention().build(), CPU));
        AttentionSpec decoding = AttentionSpec.of(1, 2, 1, 64).keys(100_000).build();
        assertEquals(List.of("decode", "split", "rows", "registers", "tiles", "stored"), variants(decoding, GPU));
        assertEquals(List.of("split", "rows", "registers", "tiles", "strips", "decode", "stored"), variants(decoding, CPU));
        assertEquals(List.of("rows", "strips", "stored"), variants(AttentionSpec.of(1, 1, 1, 1).build(), Tessera.device(Device.JVM)));
        assertEquals(List.of("registers", "rows"), variants(attention().mask(new Blocks(1, 1024, 1024, 64, 64, (h, qb, kb) -> kb <= qb)).build(), GPU));
        assertEquals(List.of("registers", "tiles", "rows", "split", "stored"), variants(attention().mask(Mask.streaming(4, 64)).build(), GPU));
        assertEquals(List.of("rows"), variants(MergeSpec.of(2, 1, 1, 1, 1), GPU));
    }

    @Test
    void everyPlanSaysWhyAndAtWhatCost() {
        List<Spec> specs = List.of(attention().build(), attention().causal().build(), attention().dtype(DType.F16).build(),
                attention().softcap(20).bias(8, 1, 1024).maskTensor(1024, 1024).dtype(DType.F16).build(),
                attention().mask(new Blocks(1, 1024, 1024, 64, 64, (h, qb, kb) -> kb == qb)).build(), MergeSpec.of(3, 2, 8, 64, 32));
        for (Spec spec : specs) {
            for (Device device : List.of(GPU, CPU, Tessera.device(Device.JVM))) {
                Candidates candidates = Planner.candidates(spec, device);
                candidates.legal().forEach(plan -> assertDescribed(spec, plan));
                candidates.ruledOut().forEach(r -> assertFalse(r.plan().isBlank() || r.limit().isBlank()));
                Set<String> summaries = candidates.legal().stream().map(Plan::summary).collect(Collectors.toSet());
                assertEquals(candidates.legal().size(), summaries.size(), "plans that look the same: " + summaries);
            }
        }
    }

    private static void assertDescribed(Spec spec, Plan plan) {
        assertEquals(spec.operator(), plan.operator());
        assertFalse(plan.reason().isBlank());
        Cost cost = plan.cost();
        long inputs = spec.inputs().values().stream().mapToLong(s -> s.elements()).sum();
        long outputs = spec.outputs().values().stream().mapToLong(s -> s.elements()).sum();
        long halves = spec.inputs().entrySet().stream().filter(e -> spec.type(e.getKey()) == DType.F16).mapToLong(e -> e.getValue().elements()).sum();
        assertTrue(cost.flops() > 0 && cost.bytes() > 0 && cost.density() > 0 && cost.density() <= 1, cost::toString);
        long least = 4 * (inputs + outputs) + (plan.storage() == DType.F16 ? 2 * halves : 0);
        assertTrue(cost.memoryBytes() >= least, () -> plan + " " + cost + ", inputs and outputs alone need " + least);
    }

    @Test
    void theCostCountsVisitedPairs() {
        Plan full = Planner.plan(attention().build(), CPU);
        assertEquals(2L * 8 * 1024 * 1024 * (4 * 64 + 1), full.cost().flops());
        assertEquals(1, full.cost().density());
        assertEquals(1025.0 / 2048, Planner.plan(attention().causal().build(), CPU).cost().density(), 1e-12);
        Plan diagonal = Planner.plan(attention().mask(new Blocks(1, 1024, 1024, 64, 64, (h, qb, kb) -> kb == qb)).build(), CPU);
        assertEquals(1.0 / 16, diagonal.cost().density(), 1e-12);
    }

    @Test
    void whatDoesNotFitIsRefusedBeforeAnythingIsAllocated() {
        AttentionSpec large = AttentionSpec.of(16, 32, 32_768, 64).build();
        var memory = refusal(large, device("GPU", GIB, GIB, true));
        assertTrue(memory.getMessage().matches(".*needs \\d+ MiB, test:0 has 1024 MiB; use a smaller batch or length.*"), memory::getMessage);
        var array = refusal(large, device("GPU", 80 * GIB, GIB, true));
        assertTrue(array.getMessage().contains("one array needs 4096 MiB, test:0 allows 1024 MiB"), array::getMessage);
        assertThrows(TesseraException.class, () -> Tessera.plan(large, device("GPU", GIB, GIB, true)));
    }

    @Test
    void splittingIsRuledOutWhereThePartsAreTooLarge() {
        AttentionSpec wide = AttentionSpec.of(1024, 1024, 1024, 1).build();
        assertFalse(variants(wide, GPU).contains("split"));
        assertTrue(Planner.candidates(wide, GPU).ruledOut().toString().contains("array of 2147483648 elements, more than test:0 allows"));
        AttentionSpec largest = AttentionSpec.of(1, 1024, 1024, 512).keys(1024).build();
        assertFalse(variants(largest, CPU).contains("split"), "twice 2 GiB in one array, where the device allows 2 GiB");
    }

    @Test
    void modifiedScoresHaveNoTiles() {
        AttentionSpec capped = attention().softcap(20).slopes().build();
        assertEquals(List.of("rows", "split", "stored"), variants(capped, GPU));
        assertTrue(Planner.candidates(capped, GPU).ruledOut().toString().contains("not soft cap, slopes"));
        Plan tiles = Planner.plan(attention().build(), GPU, plan -> plan.variant().equals("tiles"), "tiles");
        var error = assertThrows(IllegalArgumentException.class, () -> Tessera.unchecked(capped, Tessera.device(Device.JVM), tiles).run(inputs(capped)));
        assertTrue(error.getMessage().contains("is not one for scores with soft cap, slopes"), error::getMessage);
    }

    @Test
    void whatNothingComputesIsOneSentence() {
        AttentionBuilder blocks = attention().mask(new Blocks(1, 1024, 1024, 64, 64, (h, qb, kb) -> true));
        assertTrue(refusal(blocks.keyLengths().build(), GPU).getMessage().contains("the mask must be full or a window, not blocks(64x64"));
        AttentionBuilder function = attention().score((score, b, h, i, j) -> score);
        assertTrue(refusal(function.build(), GPU).getMessage().contains("runs on the JVM only"));
        assertTrue(refusal(function.columnMass().build(), Tessera.device(Device.JVM)).getMessage().contains("without masses"));
        AttentionBuilder ragged = AttentionSpec.of(1, 2, 100, 8).ragged(3).scores(ScoreStage.WEIGHTS);
        assertTrue(refusal(ragged.build(), GPU).getMessage().contains("stored scores need keys that are neither ragged nor paged"));
    }

    private static Map<String, Tensor> inputs(Spec spec) {
        Map<String, Tensor> inputs = new HashMap<>();
        spec.inputs().forEach((name, shape) -> inputs.put(name, Tensor.zeros(spec.type(name), shape)));
        return inputs;
    }

    @Test
    void halfStorageIsRefusedWithoutHalf() {
        AttentionSpec half = attention().dtype(DType.F16).build();
        assertEquals(Set.of(DType.F16, DType.F32), storages(half, GPU));
        assertEquals(Set.of(DType.F32), storages(half, CPU));
        assertEquals(Set.of(DType.F32), storages(attention().dtype(DType.BF16).build(), GPU));
        var error = assertThrows(TesseraException.class,
                () -> Planner.plan(half, CPU, plan -> plan.storage() == DType.F16, "storage F16"));
        assertTrue(error.getMessage().contains("test:0 cannot read float16; store as F32 instead"), error::getMessage);
    }

    private static Set<DType> storages(Spec spec, Device device) {
        return Planner.candidates(spec, device).legal().stream().map(Plan::storage).collect(Collectors.toSet());
    }

    @Test
    void aNamedPlanIsUsedOrTheCallFails() {
        Plan split = Planner.plan(attention().build(), GPU, plan -> plan.variant().equals("split"), "variant split");
        assertEquals("split", split.variant());
        Device jvm = Tessera.device(Device.JVM);
        var error = assertThrows(TesseraException.class,
                () -> Planner.plan(attention().build(), jvm, plan -> plan.variant().equals("tiles"), "variant tiles"));
        assertTrue(error.getMessage().contains("variant tiles") && error.getMessage().contains("jvm has no local memory")
                && error.getMessage().contains("this one works: ATTN strips FULL "), error::getMessage);
    }

    @Test
    void aPlanForAnotherMaskIsRefused() {
        Device jvm = Tessera.device(Device.JVM);
        AttentionSpec sinks = attention().mask(Mask.streaming(4, 64)).build();
        List<Plan> others = List.of(Planner.plan(attention().build(), jvm),
                Planner.plan(attention().mask(new Blocks(1, 1024, 1024, 64, 64, (h, qb, kb) -> true)).build(), jvm));
        for (Plan other : others) {
            var error = assertThrows(IllegalArgumentException.class, () -> Tessera.plan(sinks, jvm, other));
            assertTrue(error.getMessage().contains("is not one for the mask window("), error::getMessage);
        }
    }
}
