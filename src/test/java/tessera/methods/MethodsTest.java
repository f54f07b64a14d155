package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.AttentionSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.methods.Verification.Outcome;

class MethodsTest {

    @TestFactory
    Stream<DynamicTest> everyMethodEqualsItsTwinOnEveryDevice() {
        return Methods.all().stream().flatMap(method -> Tessera.devices().stream().map(device -> dynamicTest(method.row() + " on " + device.id(),
                () -> {
                    List<Outcome> outcomes = Verification.run(List.of(method), List.of(device), _ -> { });
                    assertEquals(1, outcomes.size());
                    assertTrue(outcomes.getFirst().passed(), outcomes.getFirst().reason());
                    assertTrue(outcomes.getFirst().rms() < 1e-5);
                })));
    }

    @Test
    void aWrongTwinIsAFailureWithItsError() {
        Method wrong = new Method("H03", Methods.of("H03").composition(), Methods.of("H01").twin());
        Outcome outcome = Verification.run(List.of(wrong), List.of(Tessera.device("jvm")), _ -> { }).getFirst();
        assertFalse(outcome.passed());
        assertTrue(outcome.rms() > 1e-2 && outcome.reason().contains("RMS"), outcome.reason());
    }

    @Test
    void anExceptionIsAFailureWithItsMessage() {
        Method broken = new Method("H01", (_, _, _, _) -> {
            throw new IllegalStateException("broken");
        }, Methods.of("H01").twin());
        Outcome outcome = Verification.run(List.of(broken), List.of(Tessera.device("jvm")), _ -> { }).getFirst();
        assertFalse(outcome.passed());
        assertEquals("broken", outcome.reason());
    }

    @Test
    void aMethodThatIsAWayOfComputingGetsItsPlan() {
        Tensor x = Tensor.random(Shape.of(1, 2, 64, 8), 1);
        assertEquals("split", Methods.of("H09").on(x, x, x, 1).plans(Tessera.device("jvm")).getFirst().variant());
        assertEquals("rows", Methods.of("H02").on(x, x, x, 1).plans(Tessera.device("jvm")).getFirst().variant());
    }

    @Test
    void theSameSeedGivesTheSameCase() {
        Tensor x = Tensor.random(Shape.of(1, 2, 70, 8), 1);
        for (Method method : Methods.all()) {
            Map<String, Tensor> first = method.on(x, x, x, 5).inputs();
            Map<String, Tensor> again = method.on(x, x, x, 5).inputs();
            assertEquals(method.on(x, x, x, 5).spec(), method.on(x, x, x, 5).spec(), method.id());
            first.forEach((name, tensor) -> assertEquals(List.of(boxed(tensor)), List.of(boxed(again.get(name))), method.id() + " " + name));
        }
    }

    @Test
    void sparseMethodsLeavePairsOut() {
        Shape shape = Shape.of(1, 2, 512, 4);
        Tensor x = Tensor.random(shape, 1);
        for (String id : List.of("P01", "P04", "P05", "P07", "P08", "P09")) {
            AttentionSpec spec = (AttentionSpec) Methods.of(id).on(x, x, x, 1).spec();
            long pairs = 0;
            for (int i = 0; i < 512; i++) {
                for (int j = 0; j < 512; j++) {
                    pairs += spec.allows(0, i, j) ? 1 : 0;
                }
            }
            assertTrue(pairs >= 512 && pairs < 512 * 512 * 0.4, id + " visits " + pairs);
        }
    }

    @Test
    void groupedQueryAttentionHasFewerHeadsThanMultiHead() {
        assertEquals(List.of(1, 1, 1, 2, 3, 2, 8), Stream.of(1, 2, 3, 4, 6, 8, 32).map(CompactMethods::groups).toList());
    }

    private static List<Float> boxed(Tensor tensor) {
        return java.util.stream.IntStream.range(0, tensor.shape().elements()).mapToObj(tensor::get).toList();
    }
}
