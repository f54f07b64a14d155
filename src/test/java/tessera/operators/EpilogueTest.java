package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.DType;
import tessera.Epilogue;
import tessera.Epilogue.Gate;
import tessera.Epilogue.Norm;
import tessera.EpilogueSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;

/** Epilogues by hand, and what they leave unchanged. */
class EpilogueTest {

    private static float[] run(Device device, Epilogue epilogue, Tensor... inputs) {
        Shape shape = inputs[0].shape();
        try (var plan = Tessera.plan(EpilogueSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), epilogue), device)) {
            return plan.run(inputs).outputs().get("out").toArray();
        }
    }

    private static Tensor token(float... channels) {
        return Tensor.of(Shape.of(1, 1, 1, channels.length), channels);
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void normsByHand(Device device) {
        float tiny = 1e-12f;
        assertArrayEquals(new float[] {0.6f, 0.8f}, run(device, Epilogue.l2Norm().withEpsilon(tiny), token(3, 4)), 1e-5f);
        float root = (float) Math.sqrt(12.5);
        assertArrayEquals(new float[] {3 / root, 4 / root}, run(device, Epilogue.rmsNorm().withEpsilon(tiny), token(3, 4)), 1e-5f);
        assertArrayEquals(new float[] {-1, 1}, run(device, Epilogue.layerNorm().withEpsilon(tiny), token(3, 4)), 1e-5f);
        assertArrayEquals(new float[] {5, 7}, run(device, Epilogue.layerNorm().withEpsilon(tiny).withWeight(1).withBias(), token(3, 4),
                Tensor.of(Shape.of(1, 2), 5, -3), Tensor.of(Shape.of(1, 2), 10, 10)), 1e-4f);
        assertArrayEquals(new float[] {0, 0}, run(device, Epilogue.l2Norm(), token(0, 0)));
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void groupNormIsTheLayerNormOfEachHead(Device device) {
        Tensor heads = Tensor.of(Shape.of(1, 2, 1, 2), 3, 4, 20, 60);
        Tensor weight = Tensor.of(Shape.of(2, 2), 1, 1, 2, 2);
        assertArrayEquals(new float[] {-1, 1, -2, 2}, run(device, Epilogue.layerNorm().withWeight(2), heads, weight), 1e-4f);
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void anActivationIsTheGateOfOnesOrOfItself(Device device) {
        Tensor x = Tensor.random(Shape.of(2, 3, 5, 7), 1);
        Tensor ones = Tensor.zeros(2, 3, 5, 7).fill(1);
        assertArrayEquals(run(device, Epilogue.Activation.SIGMOID, x), run(device, new Gate(Gate.Function.SIGMOID), ones, x), 1e-6f);
        assertArrayEquals(run(device, Epilogue.Activation.SILU, x), run(device, new Gate(Gate.Function.SILU), ones, x), 1e-6f);
        assertArrayEquals(x.toArray(), run(device, new Gate(Gate.Function.IDENTITY), ones, x));
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void largeValuesStayFinite(Device device) {
        assertArrayEquals(new float[] {0, 0.5f, 1}, run(device, Epilogue.Activation.SIGMOID, token(-1e4f, 0, 1e4f)), 1e-6f);
        assertArrayEquals(new float[] {0, 0, 1e4f}, run(device, Epilogue.Activation.SILU, token(-1e4f, 0, 1e4f)), 1e-2f);
        assertArrayEquals(new float[] {0, 0.5f, 0.5f}, run(device, Epilogue.Activation.SOFTMAX, token(-1e4f, 1e4f, 1e4f)), 1e-6f);
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void whatIsAddedCanBeTakenAway(Device device) {
        assertArrayEquals(new float[] {3, 4, 2}, run(device, new Epilogue.Add(-2), token(5, 8, 0), token(1, 2, -1)));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertRefused("weightHeads must be 0, 1 or heads = 6, got 3", () -> EpilogueSpec.of(1, 6, 5, 4, Epilogue.rmsNorm().withWeight(3)));
        assertRefused("bias goes with a weight", () -> Epilogue.rmsNorm().withBias());
        assertRefused("weightHeads must be 0 for no weight", () -> Epilogue.rmsNorm().withWeight(-1));
        for (float bad : new float[] {0, -1, Float.NaN, Float.POSITIVE_INFINITY}) {
            assertRefused("epsilon must be a finite number above 0, 1.2e-38 at least, got " + bad, () -> Epilogue.l2Norm().withEpsilon(bad));
        }
        assertRefused("factor must be a finite number", () -> new Epilogue.Add(Float.NaN));
        assertRefused("function must not be null", () -> new Gate(null));
        assertRefused("kind must not be null", () -> new Norm(null, 0, false, 1));
        assertRefused("dim must be at least 1", () -> EpilogueSpec.of(1, 1, 1, 0, Epilogue.rmsNorm()));
        assertRefused("dtype must be F32, F16 or BF16", () -> new EpilogueSpec(1, 1, 1, 1, Epilogue.rmsNorm(), DType.I8));
        assertEquals("{x=2x3x5x4, weight=3x4, bias=3x4}", EpilogueSpec.of(2, 3, 5, 4, Epilogue.layerNorm().withWeight(3).withBias()).inputs().toString());
        assertEquals("{x=2x3x5x4, g=2x3x5x4}", EpilogueSpec.of(2, 3, 5, 4, new Gate(Gate.Function.SILU)).inputs().toString());
    }

    private static void assertRefused(String words, Runnable call) {
        String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(message.contains(words), message);
    }
}
