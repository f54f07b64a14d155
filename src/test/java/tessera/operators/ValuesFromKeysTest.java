package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.engine.Program;
import tessera.planner.Candidates;
import tessera.planner.Plan;
import tessera.planner.Planner;

/** Values that are the first channels of the keys. */
class ValuesFromKeysTest {
    private static final Device JVM = Tessera.device("jvm");
    private static final AttentionSpec SHARED = AttentionSpec.of(2, 4, 63, 60).kvHeads(1).valuesFromKeys(48).causal().build();

    /** Every plan gives what it gives with a copy of those channels as values, on every device. */
    @Test
    void givesWhatACopyOfTheChannelsGives() {
        Tensor q = Tensor.random(Shape.of(2, 4, 63, 60), 1);
        Tensor k = Tensor.random(Shape.of(2, 1, 63, 60), 2);
        Tensor v = Tensor.zeros(2, 1, 63, 48);
        for (int e = 0; e < v.shape().elements(); e++) {
            v.set(e, k.get(e / 48 * 60 + e % 48));
        }
        AttentionSpec copied = AttentionSpec.of(2, 4, 63, 60).kvHeads(1).valueDim(48).causal().build();
        for (Device device : Tessera.devices()) {
            for (Plan plan : Planner.candidates(SHARED, device).legal()) {
                try (var shared = Tessera.unchecked(SHARED, device, plan); var separate = Tessera.unchecked(copied, device, plan)) {
                    float[] expected = separate.run(q, k, v).outputs().get("out").toArray();
                    assertEquals(2 * 4 * 63 * 48, expected.length);
                    assertArrayEquals(expected, shared.run(q, k).outputs().get("out").toArray(), 1e-6f, plan + " on " + device);
                }
            }
        }
    }

    @Test
    void noKernelGetsACopy() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        SHARED.inputs().forEach((name, shape) -> tensors.put(name, Tensor.random(shape, 1)));
        SHARED.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(shape.dims())));
        assertEquals(List.of("q", "k"), List.copyOf(SHARED.inputs().keySet()));
        Plan rows = Planner.candidates(SHARED, JVM).legal().stream().filter(plan -> plan.variant().equals("rows")).findFirst().orElseThrow();
        Program program = new AttentionOperator().bind(SHARED, rows, tensors);
        List<Object> arguments = program.tasks().getFirst().arguments();
        assertSame(tensors.get("k").data(), arguments.get(1));
        assertSame(tensors.get("k").data(), arguments.get(2));
        assertEquals(1, program.scratch().size(), "only the log-sum-exp");
    }

    @Test
    void plansThatReadValuesOfTheirOwnAreRuledOutWithTheReason() {
        AttentionSpec step = AttentionSpec.of(2, 4, 1, 60).kvHeads(1).keys(600).valuesFromKeys(48).build();
        for (AttentionSpec spec : List.of(SHARED, step)) {
            Candidates candidates = Planner.candidates(spec, JVM);
            assertTrue(Set.of("rows", "split", "stored").containsAll(candidates.legal().stream().map(Plan::variant).collect(Collectors.toSet())));
            for (String variant : List.of("matrix", "registers", "tiles", "decode")) {
                assertTrue(variant.equals("decode") && spec == SHARED || candidates.ruledOut().stream()
                        .anyMatch(out -> out.plan().equals(variant) && out.limit().contains("reads values from an input of their own")), variant + candidates);
            }
        }
        Plan rows = Planner.candidates(SHARED, JVM).legal().stream().filter(plan -> plan.variant().equals("rows")).findFirst().orElseThrow();
        Plan tiles = new Plan("ATTN", "tiles", rows.layout(), Map.of("tileQ", 16, "tileK", 16, "lanes", 8), DType.F32, rows.cost(), "");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        SHARED.inputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(shape.dims())));
        SHARED.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(shape.dims())));
        String message = assertThrows(IllegalArgumentException.class, () -> new AttentionOperator().bind(SHARED, tiles, tensors)).getMessage();
        assertTrue(message.contains("channels of the keys") && message.contains("rows"), message);
    }

    @Test
    void refusesWhatDoesNotFit() {
        String message = assertThrows(IllegalArgumentException.class, () -> AttentionSpec.of(1, 2, 8, 4).valuesFromKeys(5).build()).getMessage();
        assertTrue(message.contains("at most headDim = 4") && message.contains("got 5"), message);
        message = assertThrows(IllegalArgumentException.class,
                () -> AttentionSpec.of(1, 2, 8, 4).valuesFromKeys(4).listed(1, 2, 4).pvSkip(-1).build()).getMessage();
        assertTrue(message.contains("pvSkip"), message);
        assertFalse(SHARED.toBuilder().build().inputs().containsKey("v"));
        assertFalse(SHARED.miniature().inputs().containsKey("v"));
    }
}
