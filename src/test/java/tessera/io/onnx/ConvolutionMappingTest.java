package tessera.io.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessera.Tessera;
import tessera.experiments.Conformance;
import tessera.experiments.Conformance.Status;

/** Nodes of CausalConvWithState small enough to compute by hand. */
class ConvolutionMappingTest {
    private static final OnnxBytes X = OnnxBytes.floats(new int[] {1, 1, 3}, 1, 2, 3);

    @TempDir
    private Path folder;

    private Conformance convolve(String inputs, String activation, List<OnnxBytes> tensors, OnnxBytes out, OnnxBytes present) throws IOException {
        OnnxBytes node = OnnxBytes.node("", "CausalConvWithState", inputs, "y,s", OnnxBytes.attribute("activation", activation));
        OnnxBytes.writeCase(folder, OnnxBytes.model(27, inputs.replace(",,", ","), "y,s", node), tensors, List.of(out, present));
        return Conformance.of(OnnxCase.below(folder).getFirst().problem(), Tessera.device("jvm"));
    }

    private Conformance withPast(float present) throws IOException {
        List<OnnxBytes> tensors = List.of(X, OnnxBytes.floats(new int[] {1, 1, 2}, 1, 10), OnnxBytes.floats(new int[] {1, 1, 1}, 7));
        return convolve("x,w,,p", "none", tensors, OnnxBytes.floats(new int[] {1, 1, 3}, 17, 21, 32), OnnxBytes.floats(new int[] {1, 1, 1}, present));
    }

    @Test
    void thePastComesFirstAndThePresentIsCompared() throws IOException {
        assertEquals(Status.PASSED, withPast(3).status());
        Conformance wrong = withPast(2);
        assertEquals(Status.FAILED, wrong.status());
        assertTrue(wrong.reason().contains("1 of 1 elements of present"), wrong.reason());
    }

    private Conformance ofWidthOne(String activation, float first, int... present) throws IOException {
        List<OnnxBytes> tensors = List.of(X, OnnxBytes.floats(new int[] {1, 1, 1}, 0));
        return convolve("x,w", activation, tensors, OnnxBytes.floats(new int[] {1, 1, 3}, first, 0, 0), OnnxBytes.tensor(1, present, new byte[0]));
    }

    @Test
    void aWidthOfOneKeepsNothing() throws IOException {
        assertEquals(Status.PASSED, ofWidthOne("swish", 0, 1, 1, 0).status());
        assertEquals(Status.FAILED, ofWidthOne("silu", 1, 1, 1, 0).status());
        assertEquals("a present of shape [1, 0, 1] does not go with a width of 1", ofWidthOne("none", 0, 1, 0, 1).reason());
    }

    @Test
    void otherActivationsAreNotOurs() throws IOException {
        assertEquals("activation = gelu is not implemented; none, silu and swish are", ofWidthOne("gelu", 0, 1, 1, 0).reason());
    }
}
