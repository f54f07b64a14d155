package tessera.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.MergeSpec;
import tessera.Prepared;
import tessera.Result;
import tessera.Spec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.TesseraException;
import tessera.masks.Blocks;
import tessera.masks.Window;
import tessera.operators.Operators;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Sample;

/** Operators on every device of TornadoVM that is present; without one there is nothing to test but its absence. */
class TornadoEngineTest {

    private static List<Device> tornadoDevices() {
        return Engines.devices().stream().filter(device -> !device.isJvm()).toList();
    }

    static Device anyDevice() {
        List<Device> devices = tornadoDevices();
        assumeTrue(!devices.isEmpty(), "needs a device of TornadoVM: set TORNADOVM_HOME");
        return devices.getFirst();
    }

    @Test
    void devicesArePresentExactlyWithTornadoVm() {
        assertEquals(ModuleLayer.boot().findModule("tornado.runtime").isPresent(), !tornadoDevices().isEmpty());
    }

    @Test
    void devicesAreDescribed() {
        for (Device device : tornadoDevices()) {
            assertTrue(device.id().matches("[a-z]+:\\d+"), device.id());
            assertEquals(device.backend().toLowerCase(Locale.ROOT), device.backend());
            assertFalse(device.name().isBlank());
            assertFalse(device.driver().isBlank());
            assertTrue(device.computeUnits() > 0 && device.memoryBytes() > 0 && device.maxArrayBytes() > 0, device.toString());
            assertTrue(device.maxGroupSize() > 0 && device.localMemoryBytes() > 0, device.toString());
            assertEquals(device, Engines.device(device.id()));
        }
    }

    private static Stream<Spec> specs() {
        return Stream.of(
                AttentionSpec.of(1, 2, 63, 12).causal().lse().build(),
                AttentionSpec.of(1, 2, 129, 16).mask(new Window(3, 20, 0)).causal().lse().build(),
                blocks(),
                MergeSpec.of(3, 2, 3, 17, 12));
    }

    private static AttentionSpec blocks() {
        return AttentionSpec.of(1, 4, 100, 16).kvHeads(2).mask(new Blocks(2, 100, 100, 16, 8, (h, q, k) -> (q + k + h) % 3 != 0)).lse().build();
    }

    @TestFactory
    Stream<DynamicTest> everyLegalPlanMatchesTheReference() {
        return tornadoDevices().stream().flatMap(device -> specs().flatMap(spec -> Planner.candidates(spec, device).legal().stream()
                .map(plan -> DynamicTest.dynamicTest(device.id() + " " + plan.summary() + " " + spec, () -> {
                    Accuracy accuracy = SelfCheck.of(spec, plan, device);
                    assertTrue(accuracy.within(1e-5), accuracy.toString());
                }))));
    }

    @Test
    void everyRunReadsItsInputsAnew() {
        Device device = anyDevice();
        AttentionSpec spec = blocks();
        try (Prepared first = Tessera.plan(spec, device).timed(true); Prepared second = Tessera.plan(spec, device).timed(true)) {
            for (int seed = 1; seed <= 3; seed++) {
                for (Prepared prepared : List.of(first, second)) {
                    Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
                    Result result = prepared.run(inputs);
                    Accuracy accuracy = Operators.of(spec).reference(spec, inputs, Sample.ALL).compare(result.outputs());
                    assertTrue(accuracy.within(1e-5), accuracy.toString());
                    assertTrue(result.timing().kernel() > 0 && result.timing().transfer() > 0, result.timing().toString());
                    assertEquals(seed == 1, result.timing().compile() > 0, result.timing().toString());
                }
            }
        }
    }

    @Test
    void withoutTimingOnlyTheFirstRunIsMeasured() {
        Device device = anyDevice();
        AttentionSpec spec = AttentionSpec.of(1, 2, 63, 12).lse().build();
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, 1);
        try (Prepared prepared = Tessera.plan(spec, device)) {
            assertTrue(prepared.run(inputs).timing().measured());
            Result second = prepared.run(inputs);
            Accuracy accuracy = Operators.of(spec).reference(spec, inputs, Sample.ALL).compare(second.outputs());
            assertTrue(accuracy.within(1e-5), accuracy.toString());
            assertFalse(second.timing().measured(), second.timing().toString());
            assertTrue(Double.isNaN(second.timing().kernelMillis()) && second.timing().total() > 0, second.timing().toString());
            assertTrue(prepared.timed(true).run(inputs).timing().kernel() > 0);
            assertFalse(prepared.timed(false).run(inputs).timing().measured());
        }
    }

    @Test
    void halfIsRefusedBeforeCompiling() {
        Device device = anyDevice();
        assumeTrue(!device.half(), device + " has half precision");
        AttentionSpec spec = AttentionSpec.of(1, 1, 16, 8).dtype(DType.F16).build();
        Plan first = Planner.plan(spec, device);
        assertEquals(DType.F32, first.storage());
        TesseraException e = assertThrows(TesseraException.class,
                () -> Planner.plan(spec, device, plan -> plan.storage() == DType.F16, "storage F16"));
        assertTrue(e.getMessage().contains(device.id() + " cannot read float16; store as F32 instead"), e.getMessage());
        assertTrue(e.getMessage().contains("this one works: ATTN"), e.getMessage());
    }
}
