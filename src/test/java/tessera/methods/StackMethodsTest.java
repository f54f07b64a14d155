package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.methods.Verification.Outcome;
import tessera.stacks.Stack;

class StackMethodsTest {

    private static Method method(String schedule) {
        return StackMethods.of(Stack.of(schedule));
    }

    /** What the rows of the catalogue do not hold: other rules, and kinds side by side. */
    @TestFactory
    Stream<DynamicTest> aStackEqualsItsTwinOnEveryDevice() {
        return Stream.of("gla + delta + full~10000", "delta + mamba2:20 + delta", "full + window:1024@-1 + lightning + window:5~500", "infllm2 + full + chunk:3")
                .flatMap(schedule -> Tessera.devices().stream().map(device -> dynamicTest(schedule + " on " + device.id(), () -> {
                    Outcome outcome = Verification.run(List.of(method(schedule)), List.of(device), _ -> { }).getFirst();
                    assertTrue(outcome.passed() && outcome.rms() < 1e-5, outcome.reason());
                })));
    }

    /** A twin of another schedule finds the difference, so that the check of the right one says something. */
    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "full + window:9 ; full + full", "full + full@-1 ; full + full", "window:9 + chunk:9 ; window:9 + window:9", "full~10000 ; full~10001", "full~10000 ; full",
        "2 mamba + full ; mamba + full + mamba", "retention + full ; lightning + full", "rwkv6 + full ; rwkv7 + full", "mamba + full + gmu@-2 ; mamba + full + full",
        "full + infllm2 ; full + full", "delta + full ; retention + full"})
    void anotherScheduleIsAnotherResult(String run, String other) {
        Method wrong = new Method("X05", method(run).composition(),
                in -> method(other).twin().of(method(other).on(in.get("q"), in.get("k"), in.get("v"), 4).inputs()));
        Outcome outcome = Verification.run(List.of(wrong), List.of(Tessera.device("jvm")), _ -> { }).getFirst();
        assertFalse(outcome.passed());
        assertTrue(!(outcome.rms() < 1e-4), outcome.toString());
    }

    /** The prompt of a decoder-decoder stops before the |, but for the keys that later layers read. */
    @Test
    void layersAfterTheBarDoNotReadThePrompt() {
        Tensor x = Tensor.random(Shape.of(1, 2, 64, 8), 1);
        List<String> steps = method("retention | full~10000 + full~10000@-1").on(x, x, x, 1).steps().stream().map(Step::name).toList();
        assertEquals(List.of("0.prefill.recurrence", "1.prefill.rotateK", "0.decode.recurrence", "1.decode.rotateQ", "1.decode.rotateK", "1.decode.attention",
                "2.decode.rotateQ", "2.decode.attention"), steps);
    }
}
