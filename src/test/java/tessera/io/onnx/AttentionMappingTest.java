package tessera.io.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.experiments.Conformance;
import tessera.experiments.Conformance.Status;

/** Nodes of Attention against the definition of opset 25, computed by {@link PlainAttention}. */
class AttentionMappingTest {

    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
        // queries | keys | past | lengths | packed | causal | left | right | mode
        " 6 |  6 | - | -   | false | false |  2 |  1 | 0",
        " 6 |  6 | - | -   | true  | true  |  2 | -1 | 1",
        " 6 |  6 | - | -   | false | false | -1 |  1 | 2",
        " 4 |  9 | - | -   | true  | true  |  1 |  2 | 2",
        " 9 |  4 | - | -   | false | false |  0 |  0 | 3",
        " 6 |  6 | - | -   | false | false | 99 | 99 | 2",
        // past keys and as many new ones as queries, and other than as many
        " 4 |  4 | 3 | -   | false | false |  2 |  0 | 2",
        " 4 |  4 | 5 | -   | true  | true  |  3 | -1 | 3",
        " 1 |  1 | 7 | -   | true  | false |  2 | -1 | 2",
        " 4 |  6 | 5 | -   | false | false |  2 |  1 | 2",
        " 4 |  6 | 3 | -   | true  | true  | -1 | -1 | 2",
        " 5 |  2 | 3 | -   | true  | false |  1 |  4 | 3",
        " 4 |  6 | 3 | -   | true  | false | -1 | -1 | 0",
        // padded keys, and fewer than queries
        " 3 |  7 | - | 7 4 | false | false |  2 |  1 | 2",
        " 5 |  7 | - | 3 6 | true  | true  |  2 | -1 | 3",
        " 5 |  7 | - | 0 6 | false | false | -1 |  0 | 1"})
    void windowsPastKeysAndStoredScores(int queries, int keys, Integer past, String lengths, boolean packed, boolean causal, int left, int right,
            int mode) throws IOException {
        PlainAttention plain = new PlainAttention(queries, keys, past == null ? 0 : past, lengths, causal, left, right, mode);
        List<OnnxBytes> attributes = new ArrayList<>(List.of(OnnxBytes.attribute("is_causal", causal ? 1 : 0),
                OnnxBytes.attribute("left_window_size", left), OnnxBytes.attribute("right_window_size", right),
                OnnxBytes.attribute("softcap", PlainAttention.SOFTCAP), OnnxBytes.attribute("qk_matmul_output_mode", mode)));
        if (packed) {
            attributes.add(OnnxBytes.attribute("q_num_heads", PlainAttention.HEADS));
            attributes.add(OnnxBytes.attribute("kv_num_heads", PlainAttention.KV_HEADS));
        }
        List<OnnxBytes> inputs = new ArrayList<>(List.of(plain.q.tensor(packed), plain.newK().tensor(packed), plain.newV().tensor(packed), plain.mask()));
        String names = "Q,K,V,M";
        if (past != null) {
            names += ",PK,PV";
            inputs.add(plain.pastK().tensor(false));
            inputs.add(plain.pastV().tensor(false));
        }
        if (lengths != null) {
            names += ",,,N";
            inputs.add(plain.lengths());
        }
        OnnxBytes node = OnnxBytes.node("", "Attention", names, "Y,PRK,PRV,S", attributes.toArray(OnnxBytes[]::new));
        OnnxBytes.writeCase(folder, OnnxBytes.model(25, names.replace(",,", ""), "Y,PRK,PRV,S", node), inputs,
                List.of(plain.out.tensor(packed), plain.k.tensor(false), plain.v.tensor(false), plain.scores.tensor(false)));
        OnnxProblem problem = OnnxCase.below(folder).getFirst().problem();
        assertEquals(Set.of("out", "presentK", "presentV", "scores"),
                assertInstanceOf(OnnxProblem.Sets.class, problem, problem::toString).all().getFirst().expected().keySet());
        for (Device device : Tessera.devices()) {
            Conformance result = Conformance.of(problem, device);
            assertEquals(Status.PASSED, result.status(), () -> device.id() + ": " + result.reason());
        }
    }

    private Conformance stored(int mode, float... scores) throws IOException {
        OnnxBytes one = OnnxBytes.floats(new int[] {1, 1, 2, 1}, 1, 2);
        OnnxBytes node = OnnxBytes.node("", "Attention", "Q,K,V", "Y,,,S", OnnxBytes.attribute("is_causal", 1), OnnxBytes.attribute("scale", 1f),
                OnnxBytes.attribute("qk_matmul_output_mode", mode));
        OnnxBytes out = OnnxBytes.floats(new int[] {1, 1, 2, 1}, 1, (float) ((1 + 2 * Math.exp(2)) / (1 + Math.exp(2))));
        OnnxBytes.writeCase(folder, OnnxBytes.model(24, "Q,K,V", "Y,S", node), List.of(one, one, one),
                List.of(out, OnnxBytes.floats(new int[] {1, 1, 2, 2}, scores)));
        return Conformance.of(OnnxCase.below(folder).getFirst().problem(), Tessera.device(Device.JVM));
    }

    @Test
    void aHiddenScoreMayBeTheLowestNumber() throws IOException {
        assertEquals(Status.PASSED, stored(0, 1, 2, 2, 4).status());
        assertEquals(Status.PASSED, stored(2, 1, Float.NEGATIVE_INFINITY, 2, 4).status());
        assertEquals(Status.PASSED, stored(2, 1, -Float.MAX_VALUE, 2, 4).status());
        assertEquals(Status.FAILED, stored(2, 1, -1000, 2, 4).status());
        assertEquals(Status.FAILED, stored(2, 1, 2, 2, 4).status());
        assertEquals(Status.FAILED, stored(2, -Float.MAX_VALUE, -Float.MAX_VALUE, 2, 4).status());
    }

    /** A past value that float16 cannot hold, beside keys in float16; the mask hides it from the queries. */
    @Test
    void valuesMayBeStoredInAnotherTypeThanKeys() throws IOException {
        OnnxBytes zeros = OnnxBytes.tensor(10, new int[] {1, 1, 2, 1}, new byte[4]);
        OnnxBytes node = OnnxBytes.node("", "Attention", "Q,K,V,M,PK,PV", "Y,,PRV");
        OnnxBytes.writeCase(folder, OnnxBytes.model(25, "Q,K,V,M,PK,PV", "Y,PRV", node),
                List.of(zeros, zeros, OnnxBytes.floats(new int[] {1, 1, 2, 1}, 1, 3), OnnxBytes.tensor(9, new int[] {3}, new byte[] {0, 1, 1}),
                        OnnxBytes.tensor(10, new int[] {1, 1, 1, 1}, new byte[2]), OnnxBytes.floats(new int[] {1, 1, 1, 1}, 100_000)),
                List.of(OnnxBytes.tensor(10, new int[] {1, 1, 2, 1}, new byte[] {0, 0x40, 0, 0x40}),
                        OnnxBytes.floats(new int[] {1, 1, 3, 1}, 100_000, 1, 3)));
        Conformance result = Conformance.of(OnnxCase.below(folder).getFirst().problem(), Tessera.device(Device.JVM));
        assertEquals(Status.PASSED, result.status(), result::reason);
    }

    private static OnnxBytes attention(String inputs, String attribute, long value) {
        return OnnxBytes.model(25, inputs.replaceAll(",,+", ","), "Y",
                OnnxBytes.node("", "Attention", inputs, "Y", OnnxBytes.attribute(attribute, value)));
    }

    @Test
    void whatIsNotComputedHasAReason() throws IOException {
        OnnxBytes zeros = OnnxBytes.floats(new int[] {1, 1, 2, 1}, 0, 0);
        OnnxBytes three = OnnxBytes.longs(new int[] {1}, 3);
        unsupported("one of past_key and past_value without the other is not implemented", attention("Q,K,V,,,PV", "is_causal", 1), zeros);
        unsupported("nonpad_kv_seqlen together with past_key is not implemented", attention("Q,K,V,,PK,PV,N", "is_causal", 1), zeros, zeros, three);
        unsupported("a softmax in float64 is not implemented", attention("Q,K,V", "softmax_precision", 11));
        unsupported("left_window_size = -2 is neither -1 nor a number of keys", attention("Q,K,V", "left_window_size", -2));
        unsupported("nonpad_kv_seqlen says 3 of 2 keys", attention("Q,K,V,,,,N", "is_causal", 1), three);
        unsupported("past_key has the shape [1], not four dimensions", attention("Q,K,V,,PK,PV", "is_causal", 1), three, three);
        unsupported("a tensor of shape [2] has an element type that is not read", attention("Q,K,V,M", "is_causal", 1),
                OnnxBytes.tensor(2, new int[] {2}, new byte[] {1, 1}));
        unsupported("the attribute 'local_window_size' of Attention is not implemented", attention("Q,K,V", "local_window_size", 3));
        unsupported("input 7 of Attention is not implemented", attention("Q,K,V,,,,,X", "is_causal", 1), zeros);
        OnnxBytes node = OnnxBytes.node("", "Attention", "Q,K,V", "Y,,,S", OnnxBytes.attribute("qk_matmul_output_mode", 4));
        unsupported("qk_matmul_output_mode = 4 is none of the modes 0 to 3", OnnxBytes.model(25, "Q,K,V", "Y", node));
    }

    private void unsupported(String reason, OnnxBytes model, OnnxBytes... more) throws IOException {
        OnnxBytes zeros = OnnxBytes.floats(new int[] {1, 1, 2, 1}, 0, 0);
        List<OnnxBytes> inputs = new ArrayList<>(List.of(zeros, zeros, zeros));
        inputs.addAll(List.of(more));
        OnnxBytes.writeCase(folder, model, inputs, List.of(zeros));
        assertEquals(new OnnxProblem.Unknown(reason), OnnxCase.below(folder).getFirst().problem());
    }
}
