package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.reference.Accuracy;
import tessera.reference.Expected;

class CompactMethodsTest {

    private static final List<Shape> ODD = List.of(Shape.of(2, 3, 63, 60), Shape.of(1, 4, 100, 60), Shape.of(1, 1, 1, 60));

    @ParameterizedTest
    @ValueSource(strings = {"K00", "K01", "K02", "K03", "K04", "K05", "K06", "R01", "R02", "R03"})
    void equalsItsTwinOnOddShapes(String id) {
        for (Device device : Tessera.devices()) {
            for (Shape shape : shapes(device)) {
                Case problem = on(id, shape);
                Accuracy accuracy = accuracy(run(problem, device), Methods.of(id).twin().of(problem.inputs()));
                assertTrue(accuracy.within(1e-5), id + " of " + shape + " on " + device.id() + ": " + accuracy);
            }
        }
    }

    /** Keys and values made of the latent, or a query that is brought to it: the same numbers. */
    @Test
    void theAbsorbedFormIsTheExpandedOne() {
        for (Device device : Tessera.devices()) {
            for (Shape shape : shapes(device)) {
                Tensor q = Tensor.random(shape, 1);
                Tensor k = Tensor.random(shape, 2);
                Tensor expanded = run(LatentMethods.expanded(q, k, q, 4), device);
                Accuracy accuracy = accuracy(run(LatentMethods.absorbed(q, k, q, 4), device), SoftmaxTwin.doubles(expanded));
                assertTrue(accuracy.within(1e-5) && expanded.get(0) != 0, shape + " on " + device.id() + ": " + accuracy);
            }
        }
    }

    /** The attention of the absorbed form has no values of its own, and reads as its keys the cache itself. */
    @Test
    void valuesAreColumnsOfTheLatent() {
        Case problem = on("K03", Shape.of(1, 4, 63, 60));
        Device jvm = Tessera.device("jvm");
        try (PreparedCase prepared = new PreparedCase(problem, jvm, problem.plans(jvm))) {
            prepared.run();
            Map<String, Tensor> attention = prepared.tensors(4);
            assertFalse(attention.containsKey("v"));
            assertTrue(attention.get("k") == prepared.tensors(1).get("out"));
            assertEquals(Shape.of(1, 1, 63, 160 + 20), attention.get("k").shape());
            assertEquals(Shape.of(1, 4, 63, 160), attention.get("out").shape());
        }
    }

    /** Elements by the column of the catalogue's formulas, for h heads of d; the sizes that a method chooses are those of its paper. */
    @ParameterizedTest
    @ValueSource(strings = {"F32", "F16"})
    void theCacheHoldsWhatTheFormulaSays(DType dtype) {
        int h = 4;
        int d = 60;
        int groups = 2;
        int rank = 4 * 40;
        int turning = 20;
        int wide = 2 * d;
        int factors = 2;
        Map<String, Integer> elements = Map.of("K00", 2 * h * d, "K01", 2 * d, "K02", 2 * groups * d, "K03", rank + turning, "K04", 2 * wide,
                "K05", (factors + factors) * (h + d), "K06", 2 * h * d / 2);
        elements.forEach((id, count) -> {
            for (int length : new int[] {63, 100}) {
                Tensor x = Tensor.random(Shape.of(2, h, length, d), 1).to(dtype);
                Case problem = Methods.of(id).on(x, x, x, 3);
                assertEquals(OptionalDouble.of((double) count * dtype.bytes()), problem.cacheBytesPerToken(), id);
                assertEquals(count * dtype.bytes() * (id.equals("K06") ? 2 : 1) * 2L * length, stored(problem), id);
            }
        });
        Tensor x = Tensor.random(Shape.of(1, 2, 16, 6), 1);
        for (String id : List.of("R01", "R02", "R03", "G01", "L01")) {
            assertTrue(Methods.of(id).on(x, x, x, 3).cacheBytesPerToken().isEmpty(), id);
        }
    }

    /** Bytes of the cache's tensors as a run holds them. */
    private static long stored(Case problem) {
        Device jvm = Tessera.device("jvm");
        try (PreparedCase prepared = new PreparedCase(problem, jvm, problem.plans(jvm))) {
            Map<String, Tensor> there = prepared.outputs();
            return problem.cache().tensors().stream().map(there::get).mapToLong(t -> t.data().getNumBytesOfSegment()).sum();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"K03", "K04", "K05", "K06", "R01", "R02"})
    void sixteenBitInputsAreCloseToTheTwin(String id) {
        Shape shape = Shape.of(1, 4, 63, 60);
        Case problem = Methods.of(id).on(Tensor.random(shape, 1).to(DType.F16), Tensor.random(shape, 2).to(DType.F16), Tensor.random(shape, 3).to(DType.F16), 4);
        Accuracy accuracy = accuracy(run(problem, Tessera.device("jvm")), Methods.of(id).twin().of(problem.inputs()));
        assertTrue(accuracy.within(DType.F16.tolerance()) && problem.dtype() == DType.F16, id + ": " + accuracy);
    }

    @Test
    void manyPlansAreCounted() {
        Device jvm = Tessera.device("jvm");
        String summary = Plan.brief(on("R03", Shape.of(1, 1, 8, 4)).plans(jvm));
        assertTrue(summary.contains("25 x PROJ rows F32 + 18 x EPI rows F32"), summary);
        assertFalse(Plan.brief(on("K03", Shape.of(1, 1, 8, 4)).plans(jvm)).contains(" x "));
    }

    @Test
    void iterationsLeadToThePseudoinverse() {
        RealMatrix a = MatrixUtils.createRealMatrix(5, 5);
        IntStream.range(0, 25).forEach(e -> a.setEntry(e / 5, e % 5, Math.exp(Math.sin(3 * e) + (e % 6 == 0 ? 2 : 0))));
        RealMatrix exact = new SingularValueDecomposition(a).getSolver().getInverse();
        assertTrue(LowRankTwin.inverse(a, 2).subtract(exact).getNorm() > 1e-3);
        assertEquals(0, LowRankTwin.inverse(a, 12).subtract(exact).getNorm(), 1e-9 * exact.getNorm());
    }

    @Test
    void headsTooNarrowForPositionsAreRefused() {
        Tensor x = Tensor.random(Shape.of(1, 2, 8, 2), 1);
        String message = assertThrows(IllegalArgumentException.class, () -> LatentMethods.absorbed(x, x, x, 1)).getMessage();
        assertTrue(message.contains("headDim must be at least 3") && message.contains("got 2"), message);
        Tensor odd = Tensor.random(Shape.of(1, 2, 8, 7), 1);
        assertTrue(accuracy(run(LatentMethods.absorbed(odd, odd, odd, 1), Tessera.device("jvm")),
                LatentTwin.of(LatentMethods.absorbed(odd, odd, odd, 1).inputs())).within(1e-5));
        message = assertThrows(IllegalArgumentException.class, () -> LatentMethods.expanded(odd, odd, odd, 1)).getMessage();
        assertTrue(message.contains("must be even"), message);
    }

    /** A device other than the JVM compiles each step anew. */
    private static List<Shape> shapes(Device device) {
        return device.isJvm() ? ODD : ODD.subList(0, 1);
    }

    private static Case on(String id, Shape shape) {
        return Methods.of(id).on(Tensor.random(shape, 1), Tensor.random(shape, 2), Tensor.random(shape, 3), 4);
    }

    private static Tensor run(Case problem, Device device) {
        try (PreparedCase prepared = new PreparedCase(problem, device, problem.plans(device))) {
            prepared.poison();
            prepared.run();
            return prepared.out();
        }
    }

    private static Accuracy accuracy(Tensor out, double[] expected) {
        return Accuracy.of(out, new Expected.Values(IntStream.range(0, expected.length).toArray(), expected));
    }
}
