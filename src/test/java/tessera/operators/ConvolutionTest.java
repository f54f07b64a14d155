package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.ConvolutionSpec;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;

/** Convolutions against themselves in pieces and against small ones by hand. */
class ConvolutionTest {

    private static Map<String, Tensor> run(Device device, ConvolutionSpec spec, Tensor... inputs) {
        try (var plan = Tessera.plan(spec, device)) {
            return plan.run(inputs).outputs();
        }
    }

    private static float[] line(Device device, ConvolutionSpec spec, float... weight) {
        return run(device, spec, Tensor.of(Shape.of(1, 1, 5), 1, 2, 3, 4, 5), Tensor.of(Shape.of(1, weight.length), weight)).get("out").toArray();
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void piecesMakeTheWhole(Device device) {
        int width = 4;
        Tensor weight = Tensor.random(Shape.of(6, width), 1);
        Tensor bias = Tensor.random(Shape.of(6), 2);
        Tensor x = Tensor.random(Shape.of(2, 6, 19), 3);
        ConvolutionSpec all = ConvolutionSpec.causal(2, 6, 19, width).withBias().withSilu().withPresent();
        Map<String, Tensor> whole = run(device, all, x, weight, bias);
        Tensor present = Tensor.zeros(2, 6, width - 1);
        int from = 0;
        for (int length : new int[] {1, 2, 11, 5}) {
            ConvolutionSpec spec = ConvolutionSpec.causal(2, 6, length, width).withBias().withSilu().withPast().withPresent();
            Map<String, Tensor> piece = run(device, spec, slice(x, from, length), weight, bias, present);
            assertArrayEquals(slice(whole.get("out"), from, length).toArray(), piece.get("out").toArray(), 1e-6f);
            present = piece.get("present");
            from += length;
        }
        assertArrayEquals(whole.get("present").toArray(), present.toArray());
        assertArrayEquals(slice(x, 16, 3).toArray(), present.toArray());
    }

    private static Tensor slice(Tensor x, int from, int length) {
        int all = x.shape().dim(2);
        Tensor piece = Tensor.zeros(x.shape().dim(0), x.shape().dim(1), length);
        for (int i = 0; i < piece.shape().elements(); i++) {
            piece.set(i, x.get(i / length * all + from + i % length));
        }
        return piece;
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void whereTheWeightsLie(Device device) {
        assertArrayEquals(new float[] {10, 21, 32, 43, 54}, line(device, ConvolutionSpec.causal(1, 1, 5, 2), 1, 10));
        assertArrayEquals(new float[] {21, 32, 43, 54, 5}, line(device, ConvolutionSpec.same(1, 1, 5, 2), 1, 10));
        assertArrayEquals(new float[] {210, 321, 432, 543, 54}, line(device, ConvolutionSpec.same(1, 1, 5, 3), 1, 10, 100));
        assertArrayEquals(new float[] {3210, 4321, 5432, 543, 54}, line(device, ConvolutionSpec.same(1, 1, 5, 4), 1, 10, 100, 1000));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertRefused("go with padding CAUSAL, got SAME", () -> ConvolutionSpec.same(1, 1, 5, 3).withPast());
        assertRefused("a width of at least 2, got width = 1", () -> ConvolutionSpec.causal(1, 1, 5, 1).withPresent());
        assertRefused("width must be at least 1, got 0", () -> ConvolutionSpec.causal(1, 1, 5, 0));
        assertRefused("2^31 - 1", () -> ConvolutionSpec.causal(1 << 12, 1 << 12, 1 << 10, 2));
        assertRefused("dtype must be F32, F16 or BF16", () -> ConvolutionSpec.causal(1, 1, 5, 3).withDType(DType.I32));
        assertEquals("{x=2x3x5, weight=3x4, bias=3, past=2x3x3}", ConvolutionSpec.causal(2, 3, 5, 4).withBias().withPast().inputs().toString());
    }

    private static void assertRefused(String words, Runnable call) {
        String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(message.contains(words), message);
    }
}
