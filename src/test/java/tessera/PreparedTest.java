package tessera;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.engine.Device;
import tessera.operators.Operators;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;

/** Running a prepared plan: what it takes, what it gives back, and what it refuses. */
class PreparedTest {
    private static final AttentionSpec SPEC = AttentionSpec.of(2, 3, 17, 8).keys(20).valueDim(5).lse().build();
    private static final Device JVM = Tessera.device(Device.JVM);

    private final Tensor q = Tensor.random(Shape.of(2, 3, 17, 8), 1);
    private final Tensor k = Tensor.random(Shape.of(2, 3, 20, 8), 2);
    private final Tensor v = Tensor.random(Shape.of(2, 3, 20, 5), 3);

    static List<Device> devices() {
        return Tessera.devices();
    }

    private static void assertRight(Spec spec, Map<String, Tensor> tensors, double tolerance) {
        Accuracy accuracy = Operators.of(spec).reference(spec, tensors, Sample.ALL).compare(tensors);
        assertTrue(accuracy.within(tolerance), accuracy::toString);
    }

    private static void assertRefused(String words, Tensor... tensors) {
        try (Prepared plan = Tessera.plan(SPEC, JVM)) {
            var error = assertThrows(IllegalArgumentException.class, () -> plan.run(tensors));
            assertTrue(error.getMessage().contains(words), error::getMessage);
        }
    }

    @Test
    void missingTensorsAreNamed() {
        assertRefused("input 'q' is missing");
        assertRefused("input 'v' is missing; ATTN takes {q=2x3x17x8, k=2x3x20x8, v=2x3x20x5}", q, k);
        assertRefused("input 'k' is missing", q, null, v);
    }

    @Test
    void wrongShapesAreNamed() {
        assertRefused("'k' must have shape 2x3x20x8, got 2x3x17x8", q, q, v);
        assertRefused("'out' must have shape 2x3x17x5, got 2x3x17x8", q, k, v, Tensor.zeros(2, 3, 17, 8));
        assertRefused("'q' must have shape 2x3x17x8, got 6x17x8", q.reshape(6, 17, 8), k, v);
    }

    @Test
    void wrongTypesAreNamed() {
        assertRefused("'v' must be stored as F32, F16 or BF16, got I8", q, k, v.to(DType.I8));
        assertRefused("'lse' must be stored as", q, k, v, Tensor.zeros(2, 3, 17, 5), Tensor.zeros(DType.I32, Shape.of(2, 3, 17)));
    }

    @Test
    void inputsToTheScoresHaveTypesOfTheirOwn() {
        AttentionSpec spec = AttentionSpec.of(2, 3, 17, 8).keys(20).valueDim(5).bias(17, 20).maskTensor(3, 1, 20).keyLengths().build();
        Tensor bias = Tensor.random(Shape.of(17, 20), 4);
        Tensor mask = Tensor.zeros(DType.I8, Shape.of(3, 1, 20)).fill(1);
        Tensor lengths = Tensor.zeros(DType.I32, Shape.of(2)).fill(19);
        try (Prepared plan = Tessera.plan(spec, JVM)) {
            Result result = plan.run(q, k, v, bias.to(DType.F16), mask, lengths);
            Map<String, Tensor> tensors = tensors(q, k, v, result);
            tensors.putAll(Map.of("bias", bias.to(DType.F16).reshape(1, 1, 17, 20), "mask", mask.reshape(1, 3, 1, 20), "keyLengths", lengths));
            assertRight(spec, tensors, 1e-5);
            var floats = assertThrows(IllegalArgumentException.class, () -> plan.run(q, k, v, bias, mask.to(DType.F32), lengths));
            assertEquals("'mask' must be stored as I8, got F32", floats.getMessage());
            var shape = assertThrows(IllegalArgumentException.class, () -> plan.run(q, k, v, bias.reshape(20, 17), mask, lengths));
            assertEquals("'bias' must have shape 1x1x17x20, got 20x17", shape.getMessage());
        }
    }

    @Test
    void moreTensorsThanThereAreNamesAreRefused() {
        Tensor out = Tensor.zeros(2, 3, 17, 5);
        assertRefused("ATTN takes [q, k, v, out, lse], got 6 tensors", q, k, v, out, Tensor.zeros(2, 3, 17), out);
        try (Prepared plan = Tessera.plan(SPEC, JVM)) {
            Map<String, Tensor> typo = Map.of("q", q, "k", k, "v", v, "output", out);
            var error = assertThrows(IllegalArgumentException.class, () -> plan.run(typo));
            assertEquals("unknown tensor 'output'; ATTN takes [q, k, v] and gives [out, lse]", error.getMessage());
        }
    }

    @Test
    void anOutputHasMemoryOfItsOwn() {
        AttentionSpec square = AttentionSpec.of(1, 2, 9, 4).build();
        Tensor x = Tensor.random(Shape.of(1, 2, 9, 4), 1);
        try (Prepared plan = Tessera.plan(square, JVM)) {
            var error = assertThrows(IllegalArgumentException.class, () -> plan.run(x, x, x, x.reshape(1, 2, 9, 4)));
            assertEquals("output 'out' must not share its memory with 'q'", error.getMessage());
            Tensor out = plan.run(x, x, x).outputs().get("out");
            assertRight(square, Map.of("q", x, "k", x, "v", x, "out", out), 1e-5);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void outputsLeftOutAreAllocated(Device device) {
        try (Prepared plan = Tessera.plan(SPEC, device)) {
            Result result = plan.run(q, k, v);
            assertEquals(List.of("out", "lse"), List.copyOf(result.outputs().keySet()));
            assertEquals(device.id(), result.device());
            assertSame(plan.plan(), result.plan());
            assertNotNull(result.selfCheck());
            assertTrue(result.timing().kernel() > 0 && result.timing().total() >= result.timing().kernel(), result.timing()::toString);
            assertRight(SPEC, tensors(q, k, v, result), 1e-5);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aPlanIsReusedWithOtherTensorsAndOtherValues(Device device) {
        try (Prepared plan = Tessera.plan(SPEC, device)) {
            Tensor out = Tensor.zeros(2, 3, 17, 5).fill(Float.NaN);
            Result first = plan.run(q, k, v, out);
            assertSame(out, first.outputs().get("out"));
            assertRight(SPEC, tensors(q, k, v, first), 1e-5);
            float[] before = out.toArray();
            Tensor otherQ = Tensor.random(q.shape(), 99);
            assertRight(SPEC, tensors(otherQ, k, v, plan.run(otherQ, k, v)), 1e-5);
            assertArrayEquals(before, out.toArray(), "a later run wrote into an earlier run's output");
            v.fill(3);
            assertRight(SPEC, tensors(q, k, v, plan.run(q, k, v, out.fill(Float.NaN))), 1e-5);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void thePlansOwnTensorsTakeTheCallersValues(Device device) {
        try (Prepared plan = Tessera.plan(SPEC, device)) {
            Tensor ownQ = plan.tensor("q");
            Tensor ownOut = plan.tensor("out");
            assertSame(ownQ, plan.tensor("q"));
            q.copyTo(ownQ);
            Result first = plan.run(ownQ, k, v, ownOut);
            assertSame(ownOut, first.outputs().get("out"));
            assertRight(SPEC, tensors(q, k, v, first), 1e-5);
            Tensor otherQ = Tensor.random(q.shape(), 99);
            otherQ.copyTo(ownQ);
            assertRight(SPEC, tensors(otherQ, k, v, plan.run(ownQ, k, v, ownOut)), 1e-5);
            assertRight(SPEC, tensors(q, k, v, plan.run(q, k, v)), 1e-5);
            assertRight(SPEC, tensors(otherQ, k, v, plan.run(otherQ, k, v, ownOut)), 1e-5);
            var error = assertThrows(IllegalArgumentException.class, () -> plan.tensor("output"));
            assertEquals("unknown tensor 'output'; ATTN takes [q, k, v] and gives [out, lse]", error.getMessage());
        }
    }

    @Test
    void aClosedPlanRunsNoMore() {
        Prepared plan = Tessera.plan(SPEC, JVM);
        plan.run(q, k, v);
        plan.close();
        plan.close();
        var error = assertThrows(IllegalStateException.class, () -> plan.run(q, k, v));
        assertTrue(error.getMessage().contains("is closed"), error::getMessage);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void storageTypesMixFreely(DType dtype) {
        for (DType declared : List.of(DType.F32, DType.F16, DType.BF16)) {
            AttentionSpec spec = AttentionSpec.of(2, 3, 17, 8).keys(20).valueDim(5).dtype(declared).build();
            for (Plan plan : Planner.candidates(spec, JVM).legal()) {
                Tensor halfK = k.to(dtype);
                Tensor out = Tensor.zeros(dtype, Shape.of(2, 3, 17, 5));
                try (Prepared prepared = Tessera.plan(spec, JVM, plan)) {
                    prepared.run(q, halfK, v, out);
                }
                // what the plan stores in sixteen bits it rounds
                assertRight(spec, Map.of("q", q.to(plan.storage()), "k", halfK.to(plan.storage()), "v", v.to(plan.storage()), "out", out),
                        dtype == DType.BF16 ? 1e-2 : dtype.tolerance());
            }
        }
    }

    @Test
    void outputsAreAllocatedInTheSpecsType() {
        AttentionSpec spec = AttentionSpec.of(2, 3, 17, 8).keys(20).valueDim(5).lse().dtype(DType.F16).build();
        try (Prepared plan = Tessera.plan(spec, JVM)) {
            Map<String, Tensor> outputs = plan.run(q, k, v).outputs();
            assertEquals(DType.F16, outputs.get("out").dtype());
            assertEquals(DType.F32, outputs.get("lse").dtype());
        }
    }

    @Test
    void theSelfCheckCanBeLeftOut() {
        try (Prepared plan = Tessera.unchecked(SPEC, JVM, Planner.plan(SPEC, JVM))) {
            assertNull(plan.run(q, k, v).selfCheck());
        }
    }

    @Test
    void theSelfCheckPassesForLargeScales() {
        AttentionSpec sharp = AttentionSpec.of(1, 2, 40, 64).scale(10_000).build();
        for (Plan plan : Planner.candidates(sharp, JVM).legal()) {
            assertTrue(SelfCheck.of(sharp, plan, JVM).within(1e-5));
        }
    }

    private static Map<String, Tensor> tensors(Tensor q, Tensor k, Tensor v, Result result) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(result.outputs());
        tensors.putAll(Map.of("q", q, "k", k, "v", v));
        return tensors;
    }
}
