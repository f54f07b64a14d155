package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.DType;
import tessera.Prepared;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;
import tessera.reference.Accuracy;
import tessera.reference.Expected;
import tessera.reference.Sample;

/** What modified scores mean at their edges, and that they agree with other ways to say the same. */
class ModifiedScoresTest {
    private static final Device JVM = Tessera.device(Device.JVM);

    /** Every plan on the JVM; on a device that compiles each anew, the best guess. */
    static Stream<Arguments> plans() {
        return Tessera.devices().stream().flatMap(device -> {
            List<Plan> legal = Planner.candidates(edges().build(), device).legal();
            return (device.isJvm() ? legal.stream() : legal.stream().limit(1)).map(plan -> Arguments.of(device, plan));
        });
    }

    private static AttentionBuilder attention() {
        return AttentionSpec.of(2, 4, 9, 8).kvHeads(2).keys(13).valueDim(5).lse();
    }

    private static AttentionBuilder edges() {
        return attention().bias(9, 13).maskTensor(2, 1, 1, 13).keyLengths();
    }

    private static Map<String, Tensor> run(AttentionSpec spec, Device device, Plan plan, Map<String, Tensor> inputs) {
        Map<String, Tensor> tensors = new LinkedHashMap<>(inputs);
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape).fill(Float.NaN)));
        try (Prepared prepared = Tessera.unchecked(spec, device, plan)) {
            prepared.run(tensors);
        }
        Accuracy accuracy = new AttentionOperator().reference(spec, inputs, Sample.ALL).compare(tensors);
        assertTrue(accuracy.within(1e-5), accuracy::toString);
        return tensors;
    }

    private static Map<String, Tensor> run(AttentionSpec spec, Map<String, Tensor> inputs) {
        return run(spec, JVM, Planner.plan(spec, JVM), inputs);
    }

    private static void assertSame(Map<String, Tensor> expected, Map<String, Tensor> actual) {
        for (String name : List.of("out", "lse")) {
            int[] all = IntStream.range(0, expected.get(name).shape().elements()).toArray();
            var values = new Expected.Values(all, IntStream.of(all).mapToDouble(expected.get(name)::get).toArray());
            Accuracy accuracy = Accuracy.of(actual.get(name), values);
            assertTrue(accuracy.within(1e-5), () -> name + ": " + accuracy);
        }
    }

    private static Tensor integers(DType dtype, int... values) {
        Tensor tensor = Tensor.zeros(dtype, Shape.of(values.length));
        for (int n = 0; n < values.length; n++) {
            tensor.set(n, values[n]);
        }
        return tensor;
    }

    /** Inputs to plain scores, and those that exclude nothing. */
    private static Map<String, Tensor> neutral(AttentionSpec spec) {
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, 3);
        inputs.computeIfPresent("bias", (_, tensor) -> tensor.fill(0));
        inputs.computeIfPresent("mask", (_, tensor) -> tensor.fill(1));
        inputs.computeIfPresent("keyLengths", (_, tensor) -> tensor.fill(spec.keys()));
        return inputs;
    }

    /** Neither a not-a-number in an excluded key or value nor the number that excludes it reaches the result. */
    @ParameterizedTest
    @MethodSource("plans")
    void excludedKeysDoNotCount(Device device, Plan plan) {
        AttentionSpec spec = edges().build();
        Map<String, Tensor> inputs = neutral(spec);
        for (int i = 0; i < 9; i++) {
            inputs.get("bias").set(i * 13 + 4, i % 2 == 0 ? Float.NEGATIVE_INFINITY : -Float.MAX_VALUE);
        }
        inputs.get("mask").set(6, 0);
        inputs.get("mask").set(13 + 6, 0);
        inputs.get("keyLengths").fill(12);
        for (int key : new int[] {4, 6, 12}) {
            for (int head = 0; head < 4; head++) {
                inputs.get("k").set((head * 13 + key) * 8, Float.NaN);
                inputs.get("v").set((head * 13 + key) * 5, Float.NaN);
            }
        }
        run(spec, device, plan, inputs);
    }

    @ParameterizedTest
    @MethodSource("plans")
    void rowsWithoutKeysGiveZeroAndMinusInfinity(Device device, Plan plan) {
        AttentionSpec spec = edges().build();
        Map<String, Tensor> inputs = neutral(spec);
        for (int j = 0; j < 13; j++) {
            inputs.get("bias").set(2 * 13 + j, Float.NEGATIVE_INFINITY);
        }
        inputs.get("keyLengths").set(1, 0);
        Map<String, Tensor> outputs = run(spec, device, plan, inputs);
        for (int row = 0; row < 2 * 4 * 9; row++) {
            boolean empty = row % 9 == 2 || row >= 4 * 9;
            assertEquals(empty, outputs.get("lse").get(row) == Float.NEGATIVE_INFINITY, "row " + row);
            assertEquals(empty, outputs.get("out").get(row * 5) == 0, "row " + row);
        }
    }

    @Test
    void rowsWithoutKeysGiveZeroAndTheSinkLogit() {
        AttentionSpec spec = attention().sinks().maskTensor(1).build();
        Map<String, Tensor> inputs = neutral(spec);
        inputs.get("mask").fill(0);
        for (Plan plan : Planner.candidates(spec, JVM).legal()) {
            Map<String, Tensor> outputs = run(spec, JVM, plan, inputs);
            assertEquals(inputs.get("sinks").get(1), outputs.get("lse").get(9), 1e-6f);
            assertEquals(0, outputs.get("out").get(9 * 5), 0);
        }
    }

    @Test
    void aSinkIsAKeyWithoutValue() {
        AttentionSpec spec = AttentionSpec.of(1, 2, 9, 4).keys(6).sinks().lse().build();
        Map<String, Tensor> inputs = neutral(spec);
        inputs.get("sinks").fill(0);
        Tensor k = Tensor.zeros(1, 2, 7, 4);
        Tensor v = Tensor.zeros(1, 2, 7, 4);
        for (int n = 0; n < 2 * 6 * 4; n++) {
            int to = n + n / 24 * 4;
            k.set(to, inputs.get("k").get(n));
            v.set(to, inputs.get("v").get(n));
        }
        AttentionSpec longer = AttentionSpec.of(1, 2, 9, 4).keys(7).lse().build();
        assertSame(run(longer, Map.of("q", inputs.get("q"), "k", k, "v", v)), run(spec, inputs));
        inputs.get("sinks").fill(Float.NEGATIVE_INFINITY);
        AttentionSpec plain = AttentionSpec.of(1, 2, 9, 4).keys(6).lse().build();
        assertSame(run(plain, Map.of("q", inputs.get("q"), "k", inputs.get("k"), "v", inputs.get("v"))), run(spec, inputs));
    }

    @ParameterizedTest
    @EnumSource
    void slopesAreABias(CausalAlignment alignment) {
        AttentionSpec sloped = attention().slopes().causal(alignment).build();
        AttentionSpec biased = attention().bias(4, 9, 13).causal(alignment).build();
        Map<String, Tensor> inputs = neutral(sloped);
        Map<String, Tensor> other = new LinkedHashMap<>(inputs);
        Tensor bias = Tensor.zeros(4, 9, 13);
        for (int n = 0; n < bias.shape().elements(); n++) {
            bias.set(n, -inputs.get("slopes").get(n / 117) * (n / 13 % 9 + sloped.offset() - n % 13));
        }
        other.remove("slopes");
        other.put("bias", bias);
        assertSame(run(sloped, inputs), run(biased, other));
    }

    @Test
    void aMaskTensorIsABiasOfMinusInfinity() {
        AttentionSpec masked = attention().maskTensor(2, 4, 9, 13).build();
        AttentionSpec biased = attention().bias(2, 4, 9, 13).build();
        Map<String, Tensor> inputs = SelfCheck.inputs(masked, 3);
        Map<String, Tensor> other = new LinkedHashMap<>(inputs);
        Tensor bias = Tensor.zeros(2, 4, 9, 13);
        for (int n = 0; n < bias.shape().elements(); n++) {
            bias.set(n, inputs.get("mask").get(n) == 0 ? Float.NEGATIVE_INFINITY : 0);
        }
        other.remove("mask");
        other.put("bias", bias);
        assertSame(run(masked, inputs), run(biased, other));
    }

    @ParameterizedTest
    @EnumSource
    void paddedKeysAreAsGoodAsAbsent(CausalAlignment alignment) {
        AttentionSpec padded = AttentionSpec.of(1, 2, 9, 8).keys(13).lse().causal(alignment).keyLengths().build();
        AttentionSpec cut = AttentionSpec.of(1, 2, 9, 8).keys(11).lse().causal(alignment).build();
        Map<String, Tensor> inputs = SelfCheck.inputs(cut, 3);
        Map<String, Tensor> other = new LinkedHashMap<>(inputs);
        for (String name : List.of("k", "v")) {
            Tensor longer = Tensor.zeros(1, 2, 13, 8).fill(Float.NaN);
            for (int n = 0; n < 2 * 11 * 8; n++) {
                longer.set(n + n / 88 * 16, inputs.get(name).get(n));
            }
            other.put(name, longer);
        }
        other.put("keyLengths", integers(DType.I32, 11));
        assertSame(run(cut, inputs), run(padded, other));
    }

    @Test
    void scoresFarBeyondTheSoftCap() {
        AttentionSpec spec = attention().softcap(3).scale(500).build();
        run(spec, neutral(spec));
        AttentionSpec loose = attention().softcap(1e6f).build();
        assertSame(run(attention().build(), neutral(attention().build())), run(loose, neutral(loose)));
    }

    @ParameterizedTest
    @MethodSource("plans")
    void everyRunReadsTheInputsAnew(Device device, Plan plan) {
        AttentionSpec spec = edges().build();
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, 3);
        try (Prepared prepared = Tessera.unchecked(spec, device, plan)) {
            prepared.run(inputs);
            inputs.get("bias").fill(0.5f);
            inputs.get("mask").fill(1);
            inputs.get("keyLengths").fill(10);
            Accuracy accuracy = new AttentionOperator().reference(spec, inputs, Sample.ALL).compare(prepared.run(inputs).outputs());
            assertTrue(accuracy.within(1e-5), accuracy::toString);
        }
    }

    @Test
    void lengthsBeyondTheKeysAreRefused() {
        AttentionSpec spec = attention().keyLengths().build();
        Map<String, Tensor> inputs = neutral(spec);
        for (int bad : new int[] {14, -1}) {
            inputs.get("keyLengths").set(1, bad);
            var error = assertThrows(IllegalArgumentException.class, () -> run(spec, inputs));
            assertEquals("keyLengths[1] must be between 0 and keys = 13, got " + bad, error.getMessage());
        }
    }
}
