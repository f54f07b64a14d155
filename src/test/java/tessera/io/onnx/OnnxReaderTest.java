package tessera.io.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessera.DType;
import tessera.TesseraException;
import tessera.io.onnx.OnnxModel.Graph;
import tessera.io.onnx.OnnxModel.Node;
import tessera.io.onnx.WireReader.Malformed;

/** Models and tensors as ONNX writes them, and bytes that are neither. */
class OnnxReaderTest {

    @TempDir
    private Path folder;

    private static OnnxTensor tensor(OnnxBytes bytes) {
        return OnnxTensor.read(new WireReader(bytes.bytes()));
    }

    private static OnnxModel model() {
        OnnxBytes inner = OnnxBytes.graph("scores", "scores_out", OnnxBytes.node("", "Tanh", "scores", "scores_out"))
                .message(5, OnnxBytes.floats(new int[0], 2.5f).text(8, "cap"));
        OnnxBytes node = OnnxBytes.node("ai.onnx", "Attention", "Q,K,V,,past", "Y,,present", OnnxBytes.attribute("is_causal", 1),
                OnnxBytes.attribute("scale", 0.25f), OnnxBytes.attribute("score_mod", inner),
                new OnnxBytes().text(1, "kind").text(4, "gated").integer(20, 3),
                new OnnxBytes().text(1, "empty").integer(20, 3),
                new OnnxBytes().text(1, "ints").integer(8, 3).integer(8, -1).integer(20, 7),
                new OnnxBytes().text(1, "floats").bytes(7, OnnxBytes.raw(1, 2)).integer(20, 6),
                new OnnxBytes().text(1, "strings").text(9, "a").text(9, "b").integer(20, 8));
        return OnnxModel.read(new WireReader(OnnxBytes.model(24, "Q,K,V,past", "Y,present", node).bytes()));
    }

    @Test
    void aModelHasNodesWithAttributesOfEveryKind() {
        OnnxModel model = model();
        assertEquals(Map.of("", 24L), model.opsets());
        assertEquals(List.of("Q", "K", "V", "past"), model.graph().inputs());
        assertEquals(List.of("Y", "present"), model.graph().outputs());
        Node node = model.graph().nodes().getFirst();
        assertEquals(List.of("", "Attention"), List.of(node.domain(), node.operator()));
        assertEquals(List.of("Q", "K", "V", "", "past"), node.inputs());
        assertEquals(List.of("Y", "", "present"), node.outputs());
        assertEquals(1, node.integer("is_causal", 0));
        assertEquals(7, node.integer("absent", 7));
        assertEquals(0.25f, node.real("scale", 1));
        assertEquals("gated", node.attributes().get("kind"));
        assertEquals("", node.attributes().get("empty"));
        assertEquals(List.of(3L, -1L), node.attributes().get("ints"));
        assertEquals(List.of(1f, 2f), node.attributes().get("floats"));
        assertEquals(List.of("a", "b"), node.attributes().get("strings"));
        Graph inner = assertInstanceOf(Graph.class, node.attributes().get("score_mod"));
        assertEquals("Tanh", inner.nodes().getFirst().operator());
        assertArrayEquals(new double[] {2.5}, inner.constants().get("cap").values());
        assertThrows(IllegalArgumentException.class, () -> node.integer("scale", 0));
    }

    @Test
    void tensorsOfEveryTypeInRawBytes() {
        int[] two = {2};
        assertArrayEquals(new double[] {1.5, -2}, tensor(OnnxBytes.floats(two, 1.5f, -2)).values());
        assertArrayEquals(new double[] {1, -2}, tensor(OnnxBytes.tensor(6, two, new byte[] {1, 0, 0, 0, -2, -1, -1, -1})).values());
        assertArrayEquals(new double[] {258}, tensor(OnnxBytes.tensor(7, new int[] {1}, new byte[] {2, 1, 0, 0, 0, 0, 0, 0})).values());
        assertArrayEquals(new double[] {1, 0}, tensor(OnnxBytes.tensor(9, two, new byte[] {1, 0})).values());
        assertArrayEquals(new double[] {1, -2}, tensor(OnnxBytes.tensor(10, two, new byte[] {0, 0x3c, 0, (byte) 0xc0})).values());
        assertArrayEquals(new double[] {1}, tensor(OnnxBytes.tensor(11, new int[] {1}, new byte[] {0, 0, 0, 0, 0, 0, (byte) 0xf0, 0x3f})).values());
        assertArrayEquals(new double[] {1, -2}, tensor(OnnxBytes.tensor(16, two, new byte[] {(byte) 0x80, 0x3f, 0, (byte) 0xc0})).values());
        assertEquals(DType.BF16, tensor(OnnxBytes.tensor(16, two, new byte[4])).type().storage());
        assertEquals(OnnxTensor.Type.OTHER, tensor(OnnxBytes.tensor(3, two, new byte[2])).type());
        assertEquals(0, tensor(OnnxBytes.floats(new int[] {3, 0})).values().length);
    }

    @Test
    void tensorsWithTypedFieldsOneByOneAndPacked() throws Unsupported {
        OnnxTensor longs = tensor(OnnxBytes.longs(new int[] {3}, 1, -5, 1L << 40));
        assertArrayEquals(new double[] {1, -5, 1L << 40}, longs.values());
        OnnxBytes packed = new OnnxBytes().bytes(1, new byte[] {2, 1}).integer(2, 1).bytes(4, OnnxBytes.raw(3, 4)).text(8, "x");
        assertEquals(List.of(2, 1), tensor(packed).dims());
        assertArrayEquals(new double[] {3, 4}, tensor(packed).values());
        assertEquals("2x1", tensor(packed).tensor(DType.F16).shape().toString());
        OnnxBytes halves = new OnnxBytes().integer(1, 2).integer(2, 10).integer(5, 0x3c00).integer(5, 0xc000);
        assertArrayEquals(new double[] {1, -2}, tensor(halves).values());
        assertArrayEquals(new double[] {0.5f}, tensor(new OnnxBytes().integer(2, 1).real(4, 0.5f)).values());
    }

    @Test
    void tensorsThatContradictThemselvesAreRefused() {
        assertThrows(Malformed.class, () -> tensor(OnnxBytes.floats(new int[] {3}, 1, 2)));
        assertThrows(Malformed.class, () -> tensor(OnnxBytes.tensor(1, new int[] {1}, new byte[5])));
        assertThrows(Malformed.class, () -> tensor(OnnxBytes.floats(new int[] {-1}, 1)));
        assertThrows(Malformed.class, () -> tensor(new OnnxBytes().integer(1, 1L << 40).integer(1, 1L << 40).integer(2, 1)));
        assertThrows(Malformed.class, () -> tensor(OnnxBytes.floats(new int[] {1}, 1).text(13, "weights.bin")));
        assertThrows(Malformed.class, () -> tensor(new OnnxBytes().text(2, "float")));
    }

    @Test
    void everyCutAndEveryChangedByteIsReadOrRefused() {
        byte[] whole = OnnxBytes.model(24, "Q", "Y", OnnxBytes.node("", "Attention", "Q,Q,Q", "Y", OnnxBytes.attribute("scale", 2f))).bytes();
        SplittableRandom random = new SplittableRandom(3);
        for (int n = 0; n < 3000; n++) {
            byte[] bytes = n < whole.length ? Arrays.copyOf(whole, n) : whole.clone();
            if (n >= whole.length) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                OnnxModel.read(new WireReader(bytes));
            } catch (Malformed e) {
                assertTrue(e.getMessage().length() > 10, e.getMessage());
            }
        }
    }

    @Test
    void messagesNestedWithoutEndAreRefused() {
        OnnxBytes graph = OnnxBytes.graph("a", "b");
        for (int n = 0; n < 200; n++) {
            graph = OnnxBytes.graph("a", "b", OnnxBytes.node("", "If", "a", "b", OnnxBytes.attribute("body", graph)));
        }
        byte[] bytes = new OnnxBytes().message(7, graph).bytes();
        assertTrue(assertThrows(Malformed.class, () -> OnnxModel.read(new WireReader(bytes))).getMessage().contains("nests"));
    }

    @ParameterizedTest
    @CsvSource({"'', it has no graph", "not a model, whole ONNX model", "'\u000f', wire type"})
    void aForeignFileIsNamed(String content, String reason) throws IOException {
        Path file = Files.writeString(Files.createDirectory(folder.resolve("case")).resolve("model.onnx"), content);
        String message = assertThrows(TesseraException.class, () -> OnnxCase.below(folder)).getMessage();
        assertTrue(message.startsWith(file.toString()) && message.contains(reason), message);
    }

    @Test
    void aFolderWithoutCasesIsNamed() {
        assertTrue(assertThrows(TesseraException.class, () -> OnnxCase.below(folder)).getMessage().contains(folder.toString()));
        assertTrue(assertThrows(TesseraException.class, () -> OnnxCase.below(folder.resolve("absent"))).getMessage().contains("absent"));
    }
}
