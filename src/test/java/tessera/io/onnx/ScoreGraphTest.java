package tessera.io.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessera.Shape;

/** Subgraphs from scores s to scores t, with the constants two = 2, minus = -1, low = minus infinity and row = [1, 2, 3]. */
class ScoreGraphTest {
    private static final double NEVER = Double.NEGATIVE_INFINITY;

    private static OnnxBytes node(String operator, String inputs, String output, OnnxBytes... attributes) {
        return OnnxBytes.node("", operator, inputs, output, attributes);
    }

    private static ScoreGraph scores(OnnxBytes... nodes) throws Unsupported {
        OnnxBytes graph = OnnxBytes.graph("s", "t", nodes);
        constant(graph, "two", OnnxBytes.floats(new int[0], 2));
        constant(graph, "minus", OnnxBytes.floats(new int[0], -1));
        constant(graph, "low", OnnxBytes.floats(new int[0], Float.NEGATIVE_INFINITY));
        constant(graph, "row", OnnxBytes.floats(new int[] {3}, 1, 2, 3));
        constant(graph, "zero", OnnxBytes.longs(new int[0], 0));
        constant(graph, "one", OnnxBytes.longs(new int[0], 1));
        constant(graph, "axis", OnnxBytes.longs(new int[0], 3));
        constant(graph, "column", OnnxBytes.longs(new int[] {2}, -1, 1));
        OnnxBytes model = new OnnxBytes().message(7, graph);
        return ScoreGraph.of(OnnxModel.read(new WireReader(model.bytes())).graph(), Shape.of(1, 2, 3, 3));
    }

    private static void constant(OnnxBytes graph, String name, OnnxBytes tensor) {
        graph.message(5, tensor.text(8, name));
    }

    @Test
    void factorsAndASoftCap() throws Unsupported {
        ScoreGraph scaled = scores(node("Mul", "two,s", "a"), node("Div", "a,minus", "t"));
        assertEquals(-2, scaled.factor());
        assertNull(scaled.bias());
        ScoreGraph capped = scores(node("Div", "s,two", "a"), node("Tanh", "a", "b"), node("Mul", "b,two", "t"));
        assertEquals(0.5, capped.factor());
        assertEquals(2, capped.bound());
    }

    @Test
    void biasesBroadcastAndAddUp() throws Unsupported {
        ScoreGraph biased = scores(node("Add", "s,row", "a"), node("Sub", "a,two", "t"));
        assertArrayEquals(new double[] {-1, 0, 1}, biased.bias().values());
        assertArrayEquals(new int[] {3}, biased.bias().dims());
    }

    @Test
    void aMaskOfPositionsExcludesKeys() throws Unsupported {
        ScoreGraph causal = scores(node("Shape", "s", "shape"), node("Gather", "shape,axis", "n", OnnxBytes.attribute("axis", 0)),
                node("Range", "zero,n,one", "keys"), node("Reshape", "keys,column", "queries"),
                node("GreaterOrEqual", "queries,keys", "seen"), node("Where", "seen,s,low", "t"));
        assertArrayEquals(new int[] {3, 3}, causal.bias().dims());
        assertArrayEquals(new double[] {0, NEVER, NEVER, 0, 0, NEVER, 0, 0, 0}, causal.bias().values());
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {"Exp; s; operator Exp", "Mul; s,row; one number", "Mul; s,s; operator Mul", "Div; two,s; operator Div",
        "Where; row,s,two; operator Where", "Add; s,absent; an input that is not known", "Add; row,two; does not give scores",
        "Reshape; row,column,one; operator Reshape"})
    void whatTheFormCannotSayIsUnsupported(String operator, String inputs, String reason) {
        String message = assertThrows(Unsupported.class, () -> scores(node(operator, inputs, "t"))).getMessage();
        assertTrue(message.contains(reason), message);
    }

    @Test
    void nothingMultipliesABias() {
        assertThrows(Unsupported.class, () -> scores(node("Add", "s,two", "a"), node("Mul", "a,two", "t")));
        assertThrows(Unsupported.class, () -> scores(node("Tanh", "s", "a"), node("Mul", "a,minus", "t")));
        assertThrows(Unsupported.class, () -> scores(node("Add", "s,two", "a"), node("Tanh", "a", "t")));
    }

    @Test
    void shapesThatDoNotGoTogetherAreUnsupported() {
        assertThrows(Unsupported.class, () -> scores(node("Add", "row,column", "a"), node("Add", "s,a", "t")));
        assertThrows(Unsupported.class, () -> scores(node("Range", "zero,axis,zero", "a"), node("Add", "s,a", "t")));
        assertThrows(Unsupported.class, () -> scores(node("Reshape", "column,row", "a"), node("Add", "s,a", "t")));
    }
}
