package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Prepared;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Spec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.UpdateRule.Gate;
import tessera.engine.Device;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;

/** The kernels on matrix units and those that stream keys, where a device has instructions: every tiling, lengths that no tile divides, several seeds, large scores, the same bits every time. */
class MatrixUnitsTest {
    private static final int RUNS = 3;

    private static final List<AttentionSpec> SPECS = List.of(
            AttentionSpec.of(1, 4, 777, 64).lse().build(),
            AttentionSpec.of(2, 6, 333, 64).kvHeads(2).causal().lse().build(),
            AttentionSpec.of(1, 2, 1000, 128).causal().lse().build(),
            AttentionSpec.of(1, 3, 513, 96).keys(1025).valueDim(32).mask(Mask.window(200, 7)).lse().build(),
            AttentionSpec.of(1, 2, 257, 256).build(),
            AttentionSpec.of(1, 2, 300, 32).keys(2048).scale(8).build(),
            AttentionSpec.of(1, 4, 777, 64).kvHeads(2).mask(blocks(2, 777, 64)).causal().lse().build(),
            AttentionSpec.of(2, 2, 1024, 128).mask(blocks(1, 1024, 128)).lse().build(),
            AttentionSpec.of(1, 2, 333, 64).mask(Mask.streaming(5, 60)).causal().lse().build(),
            AttentionSpec.of(2, 4, 700, 64).listed(4, 3, 128, 64).keyColumns(9).causal().lse().build(),
            decoding(1, 32, 8, 5000, 128).lse().build(),
            decoding(2, 6, 2, 777, 64).valueDim(96).causal().lse().build(),
            decoding(1, 11, 1, 1000, 256).scale(1).lse().build(),
            decoding(2, 5, 5, 333, 72).mask(Mask.streaming(5, 60)).causal().lse().build(),
            decoding(3, 16, 2, 640, 96).paged(50, 16).lse().build(),
            decoding(2, 8, 2, 1000, 128).paged(90, 25).mask(Mask.window(700, 0)).causal().lse().build());

    private static final List<RecurrenceSpec> RECURRENCES = List.of(
            recurrence(1, 4, 777, 64).gate(Gate.HEAD_TOKEN).initialState().finalState().build(),
            recurrence(2, 2, 1000, 128).gate(Gate.HEAD_CONST).scale(0.1f).finalState().build(),
            recurrence(1, 6, 333, 32).keyHeads(2, 6).valueDim(96).build(),
            recurrence(1, 3, 777, 64).gate(Gate.KEY_TOKEN).initialState().finalState().build(),
            recurrence(2, 2, 1000, 128).gate(Gate.KEY_TOKEN).finalState().build(),
            recurrence(1, 2, 63, 48).gate(Gate.KEY_CONST).valueDim(16).finalState().build(),
            recurrence(1, 3, 777, 64).gate(Gate.HEAD_TOKEN).delta().initialState().finalState().build(),
            recurrence(2, 2, 1000, 128).gate(Gate.HEAD_TOKEN).delta().finalState().build(),
            recurrence(1, 4, 130, 32).keyHeads(2, 4).delta().valueDim(64).finalState().build());

    private static AttentionBuilder decoding(int batch, int heads, int kvHeads, int keys, int headDim) {
        return AttentionSpec.of(batch, heads, 1, headDim).kvHeads(kvHeads).keys(keys);
    }

    private static RecurrenceBuilder recurrence(int batch, int heads, int length, int headDim) {
        return RecurrenceSpec.of(batch, heads, length, headDim).dtype(DType.F16);
    }

    private static Blocks blocks(int maps, int length, int size) {
        return new Blocks(maps, length, length, size, size, (map, qb, kb) -> qb != 1 && (5 * map + 3 * qb + 7 * kb) % 4 < 2);
    }

    @TestFactory
    Stream<DynamicTest> everyTiling() {
        List<Spec> specs = new ArrayList<>();
        SPECS.forEach(spec -> Stream.of(DType.F32, DType.F16).forEach(type -> specs.add(spec.toBuilder().dtype(type).build())));
        specs.addAll(RECURRENCES);
        return Tessera.devices().stream().filter(Device::instructions).flatMap(device -> specs.stream()
                .flatMap(spec -> Planner.candidates(spec, device).legal().stream().filter(plan -> Set.of("matrix", "stream").contains(plan.variant()) && plan.storage() == spec.dtype())
                        .map(plan -> DynamicTest.dynamicTest(plan + " for " + spec + " on " + device.id(), () -> check(spec, plan, device)))));
    }

    private static void check(Spec spec, Plan plan, Device device) {
        try (Prepared prepared = Tessera.unchecked(spec, device, plan)) {
            for (long seed : new long[] {1, 2}) {
                Map<String, Tensor> tensors = new LinkedHashMap<>();
                SelfCheck.inputs(spec, seed).forEach((name, tensor) -> tensors.put(name, tensor.to(spec.type(name))));
                spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape)));
                float[] first = null;
                for (int run = 0; run < RUNS; run++) {
                    tensors.get("out").fill(Float.NaN);
                    prepared.run(tensors);
                    first = first == null ? tensors.get("out").toArray() : first;
                    assertArrayEquals(first, tensors.get("out").toArray(), "run " + run);
                }
                Accuracy accuracy = Operators.of(spec).reference(spec, tensors, new Sample(100, 5)).compare(tensors);
                assertTrue(accuracy.within(plan.operands().tolerance()), accuracy::toString);
            }
        }
    }
}
