package tessera.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessera.AttentionSpec;
import tessera.RecurrenceSpec;
import tessera.Tensor;
import tessera.TesseraException;
import tessera.masks.Mask;
import tessera.methods.Step;

class ReferenceFileTest {

    @TempDir
    private Path folder;

    private ReferenceCase read(String attributes, Map<String, Tensor> tensors) throws IOException {
        Map<String, Tensor> named = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> named.put("c/" + name, tensor));
        Path file = Files.createTempDirectory(folder, "x").resolve("x.safetensors");
        Safetensors.write(file, named, attributes == null ? Map.of() : Map.of("c", attributes));
        return ReferenceFile.open(file).read("c");
    }

    private ReferenceCase square(String attributes) throws IOException {
        Tensor t = Tensor.zeros(1, 2, 9, 4);
        return read(attributes, Map.of("q", t, "k", t, "v", t, "out0", t));
    }

    private static AttentionSpec spec(ReferenceCase reference) {
        return (AttentionSpec) ((ReferenceCase.Known) reference).problem().spec();
    }

    private static String reason(ReferenceCase reference) {
        return ((ReferenceCase.Unknown) reference).reason();
    }

    @Test
    void rulesBecomeMasks() throws IOException {
        assertEquals(Mask.window(31, 0), spec(square("{\"layout\":\"BHLD\",\"rule\":\"0<=i-j<32\"}")).mask());
        assertEquals(Mask.streaming(4, 23), spec(square("{\"layout\":\"BHLD\",\"rule\":\"i>=j and (i-j<24 or j<4)\"}")).mask());
        assertEquals(Mask.window(5, 5), spec(square("{\"layout\":\"BHLD\",\"rule\":\"|i-j|<=5\"}")).mask());
        assertTrue(spec(square("{\"layout\":\"BHLD\",\"rule\":\"i>=j\"}")).causal());
        assertEquals(0.5f, spec(square("{\"layout\":\"BHLD\",\"scale\":0.5}")).scale());
        assertEquals(20, spec(square("{\"layout\":\"BHLD\",\"softcap\":20}")).scores().softcap());
    }

    @Test
    void otherRulesBecomeMaskTensors() throws IOException {
        var dilated = (ReferenceCase.Known) square("{\"layout\":\"BHLD\",\"rule\":\"i>=j and (i-j)%3==0 and (i-j)//3<2\"}");
        var global = (ReferenceCase.Known) square("{\"layout\":\"BHLD\",\"rule\":\"|i-j|<=2 or i<1 or j<1\"}");
        assertEquals(List.of("q", "k", "v", "mask"), List.copyOf(dilated.problem().spec().inputs().keySet()));
        assertEquals("000010010", row(dilated, 7));
        assertEquals("100001111", row(global, 7));
        assertEquals("111111111", row(global, 0));
    }

    private static String row(ReferenceCase.Known known, int query) {
        Tensor mask = known.problem().inputs().get("mask");
        return IntStream.range(9 * query, 9 * query + 9).mapToObj(n -> Integer.toString((int) mask.get(n))).collect(Collectors.joining());
    }

    @Test
    void headsAreBroughtToTheFront() throws IOException {
        Tensor t = Tensor.zeros(1, 3, 2, 1);
        for (int n = 0; n < 6; n++) {
            t.set(n, n);
        }
        var known = (ReferenceCase.Known) read("{\"layout\":\"BTHD\"}", Map.of("q", t, "k", t, "v", t, "out0", t));
        assertEquals(Tensor.zeros(1, 2, 3, 1).shape(), known.problem().inputs().get("q").shape());
        assertEquals(List.of(0f, 2f, 4f, 1f, 3f, 5f), IntStream.range(0, 6).mapToObj(known.problem().inputs().get("q")::get).toList());
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "{\"layout\":\"BHLD\",\"rule\":\"bias=-slope*(i-j), causal\"}; it has no tensor 'slopes'",
        "{\"layout\":\"BHLD\",\"rule\":\"i>=j and (i-j)%3==0 and (i-j)//4<8\"}; is not understood",
        "{\"layout\":\"BHLD\",\"rule\":\"|i-j|<=16 or i<3 or j<3\",\"block\":3}; a block mask together with a rule",
        "{\"layout\":\"BHLD\",\"softcap\":-1}; softcap must be positive",
        "{\"layout\":\"BHLD\",\"rule\":\"j<i*i\"}; the rule 'j<i*i' is not understood",
        "{\"layout\":\"BHLD\",\"rule\":\"0<=i-j<0\"}; the rule '0<=i-j<0' is not understood",
        "{\"layout\":\"BHLD\",\"window\":3}; a window without the rule",
        "{\"layout\":\"BHLD\",\"dropout\":0.1}; the attribute 'dropout' is not understood",
        "{\"layout\":\"BHLD\",\"groups\":2}; not 2 in a group",
        "{\"layout\":\"BHLD\",\"block\":3}; it has no tensor 'block_mask'",
        "{\"layout\":\"DLHB\"}; the layout 'DLHB' is not understood",
        "{\"layout\":\"BTHD\",\"ref\":\"fla.naive_recurrent_gla\"}; it has no tensor 'gk'",
        "{\"layout\":\"BTHD\",\"ref\":\"fla.naive_recurrent_kda\"}; it has no tensor",
        "{\"layout\":\"BTHD\",\"ref\":\"fla.naive_other\"}; not one that is understood (naive_other)",
        "[; its attributes are not valid JSON"})
    void whatIsNotOursSaysWhy(String attributes, String reason) throws IOException {
        assertTrue(reason(square(attributes)).contains(reason), () -> reason);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "naive_parallel_rebased; a feature map of degree two alone",
        "naive_path_attn; Householder reflections",
        "naive_recurrent_gated_delta_product; several steps of the delta rule"})
    void whatTheCatalogueDoesNotHaveSaysWhatItNeeds(String function, String needs) throws IOException {
        var outside = (ReferenceCase.Outside) square("{\"ref\":\"fla." + function + "\"}");
        assertTrue(outside.reason().startsWith("needs ") && outside.reason().contains(needs), outside::reason);
    }

    /** With a gate, what is written to the slots is given; without one, the first token fills every slot. */
    @Test
    void slotsAreReadInTwoPasses() throws IOException {
        String abc = "{\"ref\":\"fla.naive_recurrent_abc\",\"scale\":0.25}";
        Tensor t = Tensor.zeros(1, 2, 9, 4);
        Tensor s = Tensor.random(Tensor.zeros(1, 2, 9, 3).shape(), 1);
        Map<String, Tensor> tensors = new LinkedHashMap<>(Map.of("q", t, "k", t, "v", t, "s", s, "out0", t));
        var known = (ReferenceCase.Known) read(abc, tensors);
        assertEquals(List.of("keys", "softmax", "values"), known.problem().steps().stream().map(Step::name).toList());
        assertEquals(0.25f, ((RecurrenceSpec) known.problem().steps().getFirst().spec()).scale());
        assertEquals(1, known.problem().inputs().get("write").get(0));
        tensors.put("g", s);
        assertEquals(s.get(0), ((ReferenceCase.Known) read(abc, tensors)).problem().inputs().get("write").get(0));
        tensors.put("g", t);
        assertTrue(reason(read(abc, tensors)).contains("its valueGate is F32[1x2x9x4], where 1x2x9x3"));
        tensors.put("initial_state", t);
        assertEquals("the tensor 'initial_state' is not understood", reason(read(abc, tensors)));
    }

    @Test
    void whatDoesNotFitTogetherSaysWhy() throws IOException {
        Tensor t = Tensor.zeros(1, 2, 9, 4);
        Tensor cross = Tensor.zeros(1, 2, 5, 4);
        String plain = "{\"layout\":\"BHLD\"}";
        assertTrue(reason(read(null, Map.of("q", t))).contains("has no attributes"));
        assertTrue(reason(read(plain, Map.of("q", t, "k", t, "v", cross, "out0", t))).contains("its v is F32[1x2x5x4]"));
        assertTrue(reason(read(plain, Map.of("q", t, "k", t, "v", t, "out0", cross))).contains("its out is F32[1x2x5x4]"));
        assertTrue(reason(read(plain, Map.of("q", t, "k", t, "v", t, "out0", t, "sinks", t))).contains("the tensor 'sinks'"));
        assertTrue(reason(read("{\"layout\":\"BHLD\",\"causal\":true}", Map.of("q", cross, "k", t, "v", t, "out0", cross))).contains("diagonal"));
        assertTrue(reason(read(plain, Map.of("q", Tensor.zeros(3), "k", t, "v", t, "out0", t))).contains("its q has the shape 3"));
        String linear = "{\"layout\":\"BHTD\",\"ref\":\"fla.naive_recurrent_linear_attn\",\"normalize\":true}";
        Map<String, Tensor> stateOnly = Map.of("q", t, "k", t, "v", t, "out0", t, "initial_state", Tensor.zeros(1, 2, 4, 4));
        assertTrue(reason(read(linear, stateOnly)).contains("it has no tensor for the z0 of 1x2x4"));
        assertTrue(reason(read(linear, Map.of("q", t, "k", t, "v", Tensor.zeros(), "out0", t))).contains("its v has the shape scalar"));
    }

    @Test
    void aFileWithoutCasesIsRefused() {
        Path file = folder.resolve("plain.safetensors");
        Safetensors.write(file, Map.of("q", Tensor.zeros(1)), Map.of());
        String message = assertThrows(TesseraException.class, () -> ReferenceFile.open(file)).getMessage();
        assertTrue(message.contains("holds no reference cases"), message);
    }
}
