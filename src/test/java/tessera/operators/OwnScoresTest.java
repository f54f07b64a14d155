package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.masks.Mask;
import tessera.reference.Accuracy;
import tessera.reference.Expected;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** A user's own change of the scores: as a lambda on the JVM, as a kernel on every device. */
public class OwnScoresTest {

    static java.util.List<Device> devices() {
        return Tessera.devices();
    }

    private static AttentionBuilder attention() {
        return AttentionSpec.of(2, 4, 17, 8).kvHeads(2).keys(29).mask(Mask.window(9, 3)).lse();
    }

    private static Tensor[] inputs(Tensor... more) {
        Tensor[] inputs = new Tensor[3 + more.length];
        inputs[0] = Tensor.random(Shape.of(2, 4, 17, 8), 1);
        inputs[1] = Tensor.random(Shape.of(2, 2, 29, 8), 2);
        inputs[2] = Tensor.random(Shape.of(2, 2, 29, 8), 3);
        System.arraycopy(more, 0, inputs, 3, more.length);
        return inputs;
    }

    private static Map<String, Tensor> run(AttentionSpec spec, Device device, Tensor... inputs) {
        try (var plan = Tessera.plan(spec, device)) {
            return plan.run(inputs).outputs();
        }
    }

    private static void assertSame(Map<String, Tensor> expected, Map<String, Tensor> actual) {
        for (String name : new String[] {"out", "lse"}) {
            int[] all = IntStream.range(0, expected.get(name).shape().elements()).toArray();
            var values = new Expected.Values(all, IntStream.of(all).mapToDouble(expected.get(name)::get).toArray());
            Accuracy accuracy = Accuracy.of(actual.get(name), values);
            assertTrue(accuracy.within(1e-5), () -> name + ": " + accuracy);
        }
    }

    private static Map<String, Tensor> withSlopes(Device device) {
        return run(attention().slopes().build(), device, inputs(Tensor.of(Shape.of(4), 0.1f, 0.2f, 0.3f, 0.4f)));
    }

    /** {@code s - slope (position - key)}: what the slopes of ALiBi do. */
    @Test
    void aLambdaThatSubtractsSlopesIsAlibi() {
        Device jvm = Tessera.device(Device.JVM);
        AttentionSpec spec = attention().score((score, batch, head, query, key) -> score - 0.1f * (head + 1) * (query + 12 - key)).build();
        assertSame(withSlopes(jvm), run(spec, jvm, inputs()));
    }

    /** The same as a kernel. */
    public static void slopes(FloatArray scores, int heads, int queries, int keys, int rowOffset, int rowCount) {
        for (@Parallel int r = 0; r < rowCount; r++) {
            int row = rowOffset + r;
            int head = row / queries % heads;
            for (int j = 0; j < keys; j++) {
                float score = scores.get(row * keys + j);
                scores.set(row * keys + j, score - 0.1f * (head + 1) * (row % queries + keys - queries - j));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aKernelThatSubtractsSlopesIsAlibi(Device device) {
        AttentionSpec spec = attention().scoreKernel(OwnScoresTest.class, "slopes").build();
        assertSame(withSlopes(device), run(spec, device, inputs()));
    }

    @Test
    void aMissingKernelAndTwoChangesAreRefused() {
        var missing = assertThrows(IllegalArgumentException.class, () -> attention().scoreKernel(OwnScoresTest.class, "none"));
        assertTrue(missing.getMessage().contains("no kernel named none"), missing::getMessage);
        AttentionBuilder both = attention().score((score, b, h, i, j) -> score).scoreKernel(OwnScoresTest.class, "slopes");
        var two = assertThrows(IllegalArgumentException.class, both::build);
        assertTrue(two.getMessage().contains("not by both"), two::getMessage);
    }
}
