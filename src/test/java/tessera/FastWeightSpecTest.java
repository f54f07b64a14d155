package tessera;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tessera.FastWeightSpec.Loss;
import tessera.FastWeightSpec.Model;
import tessera.FastWeightSpec.Optimiser;

class FastWeightSpecTest {

    private static FastWeightBuilder memory() {
        return FastWeightSpec.of(2, 3, 17, 8);
    }

    private static void assertRefused(Executable call, String... words) {
        String message = assertThrows(IllegalArgumentException.class, call).getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), () -> "'" + word + "' in: " + message);
        }
    }

    @Test
    void whatDoesNotFitIsNamed() {
        assertRefused(() -> memory().chunk(0).build(), "chunk", "at least 1, got 0");
        assertRefused(() -> FastWeightSpec.of(2, 0, 17, 8).build(), "heads", "got 0");
        assertRefused(() -> memory().epsilon(0).build(), "epsilon", "above 0");
        assertRefused(() -> memory().epsilon(Float.NaN).build(), "epsilon", "finite");
        assertRefused(() -> memory().valueDim(9).loss(Loss.MSE_RESIDUAL).build(), "valueDim = keyDim = 8", "got 9");
        assertRefused(() -> memory().postNorm().build(), "layer norm", "got LINEAR");
        assertRefused(() -> memory().queryStep().optimiser(Optimiser.MOMENTUM).build(), "SGD", "got MOMENTUM");
        assertRefused(() -> memory().model(Model.MLP2, 0).initialWeights().build(), "hiddenDim", "got 0");
        assertRefused(() -> memory().model(Model.LINEAR, 5).build(), "hiddenDim", "got 5");
        assertRefused(() -> memory().model(Model.SWIGLU, 8).build(), "initialWeights");
        assertRefused(() -> memory().model(Model.MLP2, 8).initialWeights().optimiser(Optimiser.MUON).build(), "MUON", "biases", "got MLP2");
        assertRefused(() -> memory().dtype(DType.I8).build(), "dtype", "I8");
        assertRefused(() -> memory().model(null).build(), "model must not be null");
        assertRefused(() -> FastWeightSpec.of(1 << 15, 1 << 10, 17, 8).build(), "2^31 - 1");
    }

    @Test
    void inputsAndOutputsHaveNamesAndShapesInOrder() {
        assertEquals("{q=2x3x17x8, k=2x3x17x8, v=2x3x17x5, step=2x3x17}", memory().valueDim(5).build().inputs().toString());
        FastWeightSpec titans = memory().optimiser(Optimiser.MOMENTUM).initialWeights().finalWeights().dtype(DType.F16).build();
        assertEquals("[q, k, v, step, momentum, forget, w0, pW0]", titans.inputs().keySet().toString());
        assertEquals("{out=2x3x17x8, w=2x3x8x8, pW=2x3x8x8}", titans.outputs().toString());
        assertEquals("[F16, F16, F16, F32, F32, F32, F32, F32]", titans.inputs().keySet().stream().map(titans::type).toList().toString());
        FastWeightSpec mlp = memory().model(Model.MLP2, 20).queryStep().initialWeights().finalWeights().build();
        assertEquals("[q, k, v, step, queryStep, normWeight, normBias, wUp0, bUp0, wDown0, bDown0]", mlp.inputs().keySet().toString());
        assertEquals("{out=2x3x17x8, wUp=2x3x8x20, bUp=2x3x20, wDown=2x3x20x8, bDown=2x3x8}", mlp.outputs().toString());
        FastWeightSpec swiglu = memory().model(Model.SWIGLU, 20).optimiser(Optimiser.MUON).initialWeights().finalWeights().build();
        assertEquals("{out=2x3x17x8, wGate=2x3x8x20, wUp=2x3x8x20, wDown=2x3x20x8}", swiglu.outputs().toString());
    }

    @Test
    void theMiniatureHasSeveralChunks() {
        FastWeightSpec small = FastWeightSpec.of(8, 12, 100_000, 64).chunk(4096).optimiser(Optimiser.MOMENTUM).build().miniature();
        assertEquals(FastWeightSpec.of(1, 2, 39, 64).chunk(16).optimiser(Optimiser.MOMENTUM).build(), small);
        FastWeightSpec muon = FastWeightSpec.of(1, 2, 1, 64).model(Model.SWIGLU, 128).optimiser(Optimiser.MUON).chunk(4096).initialWeights().build();
        assertEquals(FastWeightSpec.of(1, 2, 32, 8).model(Model.SWIGLU, 8).optimiser(Optimiser.MUON).chunk(16).initialWeights().build(), muon.miniature());
    }
}
