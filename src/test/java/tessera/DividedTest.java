package tessera;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.UpdateRule.Gate;
import tessera.engine.Device;
import tessera.operators.ContractSpecs;
import tessera.operators.Operators;
import tessera.planner.SelfCheck;
import tessera.reference.Expected;
import tessera.reference.Sample;

/** Specs divided over devices: every division of every spec that has one, and what cannot be divided. */
class DividedTest {
    private static final Device JVM = Tessera.device(Device.JVM);

    private static Stream<Division> divisions(Spec spec) {
        try {
            return Division.of(spec).stream().filter(division -> division.units() > 1);
        } catch (TesseraException e) {
            return Stream.of();
        }
    }

    @TestFactory
    Stream<DynamicTest> everyDivisionOnTheJvm() {
        return ContractSpecs.ALL.stream().flatMap(spec -> divisions(spec).map(division -> DynamicTest.dynamicTest(
                division.units() + " " + division.unit() + " of " + spec, () -> check(spec, division, List.of(JVM, JVM, JVM)))));
    }

    @TestFactory
    Stream<DynamicTest> allDevicesAtTheSameTime() {
        List<Device> devices = Tessera.devices().size() > 1 ? Tessera.devices() : List.of(JVM, JVM);
        return Stream.of(AttentionSpec.of(3, 5, 63, 60).causal().lse().build(),
                AttentionSpec.of(1, 6, 100, 64).kvHeads(3).slopes().dtype(DType.F16).build(),
                AttentionSpec.of(5, 4, 1, 128).keys(300).kvHeads(2).keyLengths().build(),
                RecurrenceSpec.of(1, 7, 150, 32).gate(Gate.HEAD_TOKEN).finalState().build())
                .map(spec -> DynamicTest.dynamicTest(spec.toString(), () -> check(spec, Division.of(spec).getFirst(), devices)));
    }

    /** Shares of different sizes; runs twice, since the first run compiles. */
    private static void check(Spec spec, Division division, List<Device> devices) {
        int[] shares = new int[devices.size()];
        for (int n = 0; n < division.units(); n++) {
            shares[n < devices.size() ? n : n % 2]++;
        }
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        SelfCheck.inputs(spec, 11).forEach((name, tensor) -> tensors.put(name, tensor.to(spec.type(name))));
        Expected expected = Operators.of(spec).reference(spec, tensors, new Sample(500, 5));
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(spec.computedType(name), shape)));
        try (Divided divided = new Divided(spec, division, devices, shares)) {
            assertEquals(Math.min(devices.size(), division.units()), divided.parts().size());
            for (int run = 0; run < 2; run++) {
                spec.outputs().keySet().forEach(name -> tensors.get(name).poison());
                Result result = divided.run(tensors);
                spec.outputs().keySet().forEach(name -> assertSame(tensors.get(name), result.outputs().get(name)));
                assertNotNull(result.selfCheck());
                double tolerance = divided.parts().stream().mapToDouble(part -> part.plan().operands().tolerance()).max().orElseThrow();
                assertTrue(expected.compare(tensors).within(tolerance), expected.compare(tensors)::toString);
            }
        }
    }

    @Test
    void specsOfEveryKindAreDivided() {
        assertEquals(List.of("15 groups of heads", "5 groups of heads", "3 batches"), units(AttentionSpec.of(3, 10, 8, 4).kvHeads(5).build()));
        assertEquals(List.of("3 groups of heads", "2 batches"), units(AttentionSpec.of(2, 6, 8, 4).kvHeads(3).layout(TensorLayout.BLHD).build()));
        assertEquals(List.of("4 groups of heads", "2 batches"), units(AttentionSpec.of(2, 4, 8, 4).sinks().build()));
        assertEquals(List.of("2 groups of heads", "1 groups of heads", "2 batches"), units(AttentionSpec.of(2, 8, 8, 4).kvHeads(1).build()));
        assertEquals(List.of("2 batches"), units(AttentionSpec.of(2, 4, 8, 4).headMaps(List.of(0, 0, 1, 3), List.of(0, 1, 2, 3), null).build()));
        assertEquals(List.of("2 groups of heads"), units(AttentionSpec.of(1, 8, 8, 4).kvHeads(4).listed(2, 3, 2).build()).subList(0, 1));
        assertEquals(List.of("6 groups of states", "3 groups of states", "2 batches"), units(RecurrenceSpec.of(2, 3, 8, 4).gate(Gate.HEAD_TOKEN).build()));
        assertEquals(List.of("3 groups of states", "2 batches"), units(RecurrenceSpec.of(2, 3, 8, 4).gate(Gate.HEAD_CONST).build()));
        assertEquals(List.of("2 groups of states", "6 groups of states", "2 batches"), units(RecurrenceSpec.of(2, 1, 8, 4).keyHeads(1, 6).build()));
    }

    private static List<String> units(Spec spec) {
        return Division.of(spec).stream().map(division -> division.units() + " " + division.unit()).toList();
    }

    @Test
    void sharesFollowTheSpeedOfDevices() {
        Division division = Division.of(AttentionSpec.of(1, 12, 8, 4).build()).getFirst();
        assertArrayEquals(new int[] {6, 6}, division.shares(5, 5));
        assertArrayEquals(new int[] {3, 9}, division.shares(3, 1));
        assertArrayEquals(new int[] {12, 0}, division.shares(1, 100), "the slow device would be the last to be done");
        assertArrayEquals(new int[] {8, 3, 1}, division.shares(1, 2, 6));
        List<Double> many = new ArrayList<>(Collections.nCopies(20, 1.0));
        assertEquals(12, IntStream.of(division.shares(many.stream().mapToDouble(m -> m).toArray())).sum());
    }

    @Test
    void devicesAreChosenByWhatWasMeasured() {
        AttentionSpec spec = AttentionSpec.of(2, 4, 64, 16).build();
        Tensor q = Tensor.random(Shape.of(2, 4, 64, 16), 1);
        Device[] devices = Tessera.devices().toArray(Device[]::new);
        Divided divided = Tessera.plan(spec, devices).timed(true);
        Result result = divided.run(q, q, q);
        assertEquals(8, divided.plan().tuning().values().stream().mapToInt(Integer::intValue).sum());
        assertEquals(divided.plan(), result.plan());
        assertEquals(String.join(",", divided.parts().stream().map(part -> part.device().id()).toList()), result.device());
        assertTrue(result.timing().kernel() > 0 && result.timing().total() >= result.timing().kernel(), result.timing()::toString);
        assertTrue(divided.plan().summary().startsWith("ATTN divided "), divided.plan()::summary);
        var missing = assertThrows(IllegalArgumentException.class, () -> divided.run(q, q));
        assertTrue(missing.getMessage().contains("input 'v' is missing"), missing::getMessage);
        divided.close();
        assertThrows(IllegalStateException.class, () -> divided.run(q, q, q));
    }

    @Test
    void whatCannotBeDividedIsRefused() {
        assertRefused("ATTN has one batch and one group of heads", AttentionSpec.of(1, 8, 16, 4).kvHeads(1).build());
        assertRefused("GLR has one batch and one group of heads", RecurrenceSpec.of(1, 1, 16, 4).build());
        assertRefused("a change of the scores by the user", AttentionSpec.of(2, 2, 16, 4).score((s, _, _, _, _) -> s).build());
        assertRefused("MERGE is not divided over devices, only ATTN and GLR are", MergeSpec.of(2, 3, 4, 5, 8));
    }

    private static void assertRefused(String words, Spec spec) {
        var error = assertThrows(TesseraException.class, () -> Divided.of(spec, List.of(JVM)));
        assertTrue(error.getMessage().contains(words) && error.getMessage().contains("name one device"), error::getMessage);
    }

    @Test
    void aDeviceWithoutAPlanIsNamed() {
        Device small = new Device("small:0", "a small device", Device.JVM, "CPU", "0", 1, 1000, 1000, 0, 0, true);
        var error = assertThrows(TesseraException.class, () -> Divided.of(AttentionSpec.of(2, 2, 64, 16).build(), List.of(JVM, small)));
        assertTrue(error.getMessage().contains("on small:0") && error.getMessage().contains("MiB"), error::getMessage);
        assertFalse(error.getMessage().contains("on jvm"), error::getMessage);
        assertThrows(IllegalArgumentException.class, () -> Divided.of(AttentionSpec.of(2, 2, 64, 16).build(), List.of(JVM, JVM)));
    }
}
