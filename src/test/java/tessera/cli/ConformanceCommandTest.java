package tessera.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessera.Tessera;
import tessera.io.onnx.OnnxBytes;

/** Operator test cases small enough to compute by hand. */
class ConformanceCommandTest {
    private static final int[] ONE_HEAD = {1, 1, 2, 1};

    @TempDir
    private Path folder;

    private Outcome conformance(String... arguments) {
        List<String> all = new ArrayList<>(List.of("conformance", folder.toString()));
        all.addAll(List.of(arguments));
        return Outcome.of(all.toArray(String[]::new));
    }

    private void write(String name, OnnxBytes model, List<OnnxBytes> inputs, OnnxBytes... outputs) throws IOException {
        OnnxBytes.writeCase(folder.resolve(name), model, inputs, List.of(outputs));
    }

    private static OnnxBytes attention(int opset, OnnxBytes... attributes) {
        return OnnxBytes.model(opset, "Q,K,V", "Y", OnnxBytes.node("", "Attention", "Q,K,V", "Y", attributes));
    }

    /** Keys are all 0, so every query takes the mean of the values that it sees. */
    @BeforeEach
    void writeCases() throws IOException {
        OnnxBytes zeros = OnnxBytes.floats(ONE_HEAD, 0, 0);
        OnnxBytes values = OnnxBytes.floats(ONE_HEAD, 1, 3);
        write("mean", attention(23), List.of(zeros, zeros, values), OnnxBytes.floats(ONE_HEAD, 2, 2));
        write("causal", attention(24, OnnxBytes.attribute("is_causal", 1)), List.of(zeros, zeros, values), OnnxBytes.floats(ONE_HEAD, 1, 2));
        // one query head for each of two packed heads; the shared key/value head gives both the same
        write("packed_gqa", attention(23, OnnxBytes.attribute("q_num_heads", 2), OnnxBytes.attribute("kv_num_heads", 1)),
                List.of(OnnxBytes.floats(new int[] {1, 1, 2}, 5, -5), OnnxBytes.floats(new int[] {1, 2, 1}, 0, 0),
                        OnnxBytes.floats(new int[] {1, 2, 2}, 1, 10, 3, 20)),
                OnnxBytes.floats(new int[] {1, 1, 4}, 2, 15, 2, 15));
        // two past keys and one new: causal query 0 sees three keys, and keys beyond would be wrong
        OnnxBytes past = OnnxBytes.node("", "Attention", "Q,K,V,,PK,PV", "Y,SK,SV", OnnxBytes.attribute("is_causal", 1));
        write("past", OnnxBytes.model(24, "Q,K,V,PK,PV", "Y,SK,SV", past),
                List.of(OnnxBytes.floats(new int[] {1, 1, 1, 1}, 0), zeros, OnnxBytes.floats(ONE_HEAD, 6, 100),
                        OnnxBytes.floats(new int[] {1, 1, 2, 1}, 0, 0), OnnxBytes.floats(new int[] {1, 1, 2, 1}, 1, 2)),
                OnnxBytes.floats(new int[] {1, 1, 1, 1}, 3), OnnxBytes.floats(new int[] {1, 1, 4, 1}, 0, 0, 0, 0),
                OnnxBytes.floats(new int[] {1, 1, 4, 1}, 1, 2, 6, 100));
        // a quarter turn of the first pair for the token at position 1; the last channel stays
        OnnxBytes rotary = OnnxBytes.node("", "RotaryEmbedding", "x,c,s,p", "y", OnnxBytes.attribute("rotary_embedding_dim", 2));
        write("rotary", OnnxBytes.model(23, "x,c,s,p", "y", rotary),
                List.of(OnnxBytes.floats(new int[] {1, 1, 2, 3}, 1, 2, 3, 4, 5, 6), OnnxBytes.floats(new int[] {2, 1}, 1, 0),
                        OnnxBytes.floats(new int[] {2, 1}, 0, 1), OnnxBytes.longs(new int[] {1, 2}, 1, 0)),
                OnnxBytes.floats(new int[] {1, 1, 2, 3}, -2, 1, 3, 4, 5, 6));
    }

    private static OnnxBytes masked(OnnxBytes... attributes) {
        return OnnxBytes.model(24, "Q,K,V,M", "Y", OnnxBytes.node("", "Attention", "Q,K,V,M", "Y", attributes));
    }

    @Test
    void masksAndPaddedKeys() throws IOException {
        OnnxBytes zeros = OnnxBytes.floats(ONE_HEAD, 0, 0);
        OnnxBytes values = OnnxBytes.floats(ONE_HEAD, 1, 3);
        write("truth", masked(), List.of(zeros, zeros, values, OnnxBytes.tensor(9, new int[] {2, 2}, new byte[] {1, 0, 0, 0})),
                OnnxBytes.floats(ONE_HEAD, 1, 0));
        float half = (float) Math.log(0.5);
        write("bias", masked(), List.of(zeros, zeros, values, OnnxBytes.floats(new int[] {1, 1, 2, 2}, 0, 0, 0, half)),
                OnnxBytes.floats(ONE_HEAD, 2, 5 / 3f));
        write("narrow", masked(), List.of(zeros, zeros, values, OnnxBytes.floats(new int[] {2, 1}, 7, 7)), OnnxBytes.floats(ONE_HEAD, 1, 1));
        OnnxBytes padded = OnnxBytes.node("", "Attention", "Q,K,V,,,,N", "Y", OnnxBytes.attribute("is_causal", 1));
        write("padded", OnnxBytes.model(24, "Q,K,V,N", "Y", padded), List.of(zeros, zeros, values, OnnxBytes.longs(new int[] {1}, 1)),
                OnnxBytes.floats(ONE_HEAD, 0, 1));
        // scores 9801 and 0 become ln 2 and 0, and for the second query -ln 2 and 0
        write("capped", attention(23, OnnxBytes.attribute("softcap", -half)),
                List.of(OnnxBytes.floats(ONE_HEAD, 99, -99), OnnxBytes.floats(ONE_HEAD, 99, 0), values),
                OnnxBytes.floats(ONE_HEAD, 5 / 3f, 7 / 3f));
        write("too_wide", masked(), List.of(zeros, zeros, values, OnnxBytes.floats(new int[] {1, 3}, 0, 0, 0)), zeros);
        Outcome outcome = conformance("--case", "truth,bias,narrow,padded,capped,too_wide", "--device", "jvm", "--format", "csv");
        assertEquals(0, outcome.code(), outcome.out());
        assertTrue(outcome.err().contains("5 passed, 0 failed, 1 unsupported"), outcome.out());
        assertTrue(outcome.out().contains("attn_mask has the shape 1x3, which does not go with 2 keys"), outcome.out());
    }

    @Test
    void aPastOfNoTokensIsNone() throws IOException {
        OnnxBytes zeros = OnnxBytes.floats(ONE_HEAD, 0, 0);
        OnnxBytes values = OnnxBytes.floats(ONE_HEAD, 1, 3);
        OnnxBytes none = OnnxBytes.floats(new int[] {1, 1, 0, 1});
        OnnxBytes node = OnnxBytes.node("", "Attention", "Q,K,V,,PK,PV", "Y,SK,SV", OnnxBytes.attribute("is_causal", 1));
        write("first", OnnxBytes.model(23, "Q,K,V,PK,PV", "Y,SK,SV", node), List.of(zeros, zeros, values, none, none),
                OnnxBytes.floats(ONE_HEAD, 1, 2), zeros, values);
        Outcome outcome = conformance("--case", "first", "--device", "jvm");
        assertEquals(0, outcome.code(), outcome.out());
        assertTrue(outcome.out().contains("1 passed"), outcome.out());
    }

    @Test
    void subgraphsOfScoresAndProbabilities() throws IOException {
        OnnxBytes zeros = OnnxBytes.floats(ONE_HEAD, 0, 0);
        OnnxBytes bias = OnnxBytes.graph("s", "t", OnnxBytes.node("", "Add", "s,b", "t"))
                .message(5, OnnxBytes.floats(new int[] {2}, 0, Float.NEGATIVE_INFINITY).text(8, "b"));
        OnnxBytes twice = OnnxBytes.graph("p", "r", OnnxBytes.node("", "Mul", "p,two", "r"))
                .message(5, OnnxBytes.floats(new int[0], 2).text(8, "two"));
        OnnxBytes node = OnnxBytes.node("ai.onnx.preview", "FlexAttention", "Q,K,V", "Y", OnnxBytes.attribute("score_mod", bias),
                OnnxBytes.attribute("prob_mod", twice));
        write("flex", OnnxBytes.model(26, "Q,K,V", "Y", node), List.of(zeros, zeros, OnnxBytes.floats(ONE_HEAD, 1, 3)),
                OnnxBytes.floats(ONE_HEAD, 2, 2));
        Outcome outcome = conformance("--op", "FlexAttention", "--device", "jvm");
        assertEquals(0, outcome.code(), outcome.out());
        assertTrue(outcome.out().contains("FlexAttention on jvm: 1 passed"), outcome.out());
    }

    @Test
    void everyCasePassesOnEveryDevice() throws IOException {
        Outcome outcome = conformance("--format", "json");
        JsonNode rows = outcome.json();
        assertEquals(5 * Tessera.devices().size(), rows.size());
        for (JsonNode row : rows) {
            List<String> keys = new ArrayList<>();
            row.fieldNames().forEachRemaining(keys::add);
            assertEquals(List.of("case", "op", "device", "status", "maxAbs", "rms", "reason"), keys);
            assertEquals("passed", row.path("status").asText(), row::toString);
            assertTrue(row.path("rms").asDouble() < 1e-6 && row.path("reason").isNull(), row::toString);
        }
        assertTrue(outcome.err().contains("Attention on jvm: 4 passed, 0 failed, 0 unsupported"), outcome.err());
    }

    @Test
    void aWrongResultFails() throws IOException {
        OnnxBytes zeros = OnnxBytes.floats(ONE_HEAD, 0, 0);
        write("wrong", attention(23), List.of(zeros, zeros, zeros), OnnxBytes.floats(ONE_HEAD, 0, 0.5f));
        Outcome outcome = conformance("--case", "wrong,mean", "--device", "jvm");
        assertEquals(1, outcome.code());
        assertTrue(outcome.out().contains("1 of 2 elements of out differ") && outcome.out().contains("1 passed, 1 failed, 0 unsupported"), outcome.out());
    }

    @Test
    void whatIsNotOursIsUnsupportedWithAReason() throws IOException {
        OnnxBytes zeros = OnnxBytes.floats(ONE_HEAD, 0, 0);
        OnnxBytes doubles = OnnxBytes.tensor(11, new int[] {1}, new byte[8]);
        write("later", attention(99, OnnxBytes.attribute("left_window", 3)), List.of(zeros, zeros, zeros), zeros);
        write("foreign", OnnxBytes.model(23, "x", "y", OnnxBytes.node("", "Relu", "x", "y")), List.of(zeros), zeros);
        write("wide", attention(23), List.of(doubles, doubles, doubles), doubles);
        write("flat", attention(23), List.of(OnnxBytes.floats(new int[] {1}, 0), zeros, zeros), zeros);
        write("odd", attention(23, OnnxBytes.attribute("q_num_heads", 2)),
                List.of(OnnxBytes.floats(new int[] {1, 1, 3}, 0, 0, 0), zeros, zeros), zeros);
        write("chain", OnnxBytes.model(23, "x", "y", OnnxBytes.node("", "Relu", "x", "z"), OnnxBytes.node("", "Relu", "z", "y")), List.of(zeros), zeros);
        JsonNode rows = conformance("--case", "chain,flat,foreign,later,odd,wide", "--device", "jvm", "--format", "json").json();
        List<String> reasons = List.of("2 nodes, not one", "neither 3 nor 4 dimensions", "mapped to Relu", "'left_window'", "q_num_heads = 2",
                "stored as DOUBLE");
        for (int n = 0; n < reasons.size(); n++) {
            assertEquals("unsupported", rows.path(n).path("status").asText());
            assertTrue(rows.path(n).path("reason").asText().contains(reasons.get(n)), rows.path(n)::toString);
        }
    }

    @Test
    void operatorsAndCasesCanBeChosen() {
        Outcome one = conformance("--op", "RotaryEmbedding", "--device", "jvm", "--format", "csv");
        assertEquals(0, one.code());
        assertEquals(2, one.out().lines().count());
        conformance("--op", "Atention").assertRefused("no operator 'Atention'", "did you mean 'Attention'?");
        conformance("--case", "meen").assertRefused("no case 'meen'", "did you mean 'mean'?");
    }

    @Test
    void aTruncatedTensorIsNamed() throws IOException {
        Path file = folder.resolve("mean/test_data_set_0/input_1.pb");
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(whole, whole.length - 3));
        conformance("--device", "jvm").assertRefused(file.toString(), "is not a whole ONNX tensor");
        Files.delete(file);
        conformance("--device", "jvm").assertRefused(file.toString());
    }
}
