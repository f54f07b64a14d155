package tessera.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.TesseraException;
import tessera.io.Safetensors;

/** Inputs from files, from the program and from a seed. */
class WorkloadTest {

    @TempDir
    private Path folder;

    private Path file(Map<String, Tensor> tensors, Map<String, String> metadata) {
        Path file = folder.resolve("qkv.safetensors");
        Safetensors.write(file, tensors, metadata);
        return file;
    }

    private static Map<String, Tensor> tensors(Shape q, Shape k, Shape v) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("q", Tensor.random(q, 1));
        tensors.put("k", Tensor.random(k, 2));
        tensors.put("v", Tensor.random(v, 3));
        return tensors;
    }

    private void assertRefused(Map<String, Tensor> tensors, Map<String, String> metadata, String part) {
        Path file = file(tensors, metadata);
        String message = assertThrows(TesseraException.class, () -> Workload.read(file)).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void theSampleIsSmallAndWhole() {
        Workload sample = Workload.sample();
        assertEquals(Shape.of(1, 4, 97, 64), sample.q().shape());
        assertEquals(sample.q().shape(), sample.expected().shape());
        assertTrue(sample.causal());
    }

    @Test
    void aPrefixKeepsTheFirstTokensOfEveryHead() {
        Shape shape = Shape.of(2, 3, 5, 2);
        Map<String, Tensor> tensors = tensors(shape, shape, shape);
        tensors.put("out", Tensor.random(shape, 4));
        Workload causal = Workload.read(file(tensors, Map.of("causal", "true"))).prefix(3);
        assertEquals(Shape.of(2, 3, 3, 2), causal.v().shape());
        for (int block = 0; block < 6; block++) {
            for (int i = 0; i < 6; i++) {
                assertEquals(tensors.get("v").get(block * 10 + i), causal.v().get(block * 6 + i));
            }
        }
        assertNotNull(causal.expected());
        Workload full = Workload.read(file(tensors, Map.of("causal", "false")));
        assertNotNull(full.expected());
        assertNull(full.prefix(3).expected(), "later tokens count where attention is not causal");
        String message = assertThrows(IllegalArgumentException.class, () -> full.prefix(6)).getMessage();
        assertTrue(message.contains("length 6 is more than the 5 tokens"), message);
    }

    @Test
    void withoutMetadataTheFilesResultSaysNothing() {
        Shape shape = Shape.of(1, 1, 5, 2);
        Map<String, Tensor> tensors = tensors(shape, shape, shape);
        tensors.put("out", Tensor.random(shape, 4));
        assertNull(Workload.read(file(tensors, Map.of())).expected());
    }

    @Test
    void fewerKeyValueHeadsAreRepeated() {
        Map<String, Tensor> tensors = tensors(Shape.of(1, 4, 3, 2), Shape.of(1, 2, 3, 2), Shape.of(1, 2, 3, 2));
        Workload workload = Workload.read(file(tensors, Map.of()));
        assertEquals(Shape.of(1, 4, 3, 2), workload.k().shape());
        assertEquals(tensors.get("k").get(7), workload.k().get(13));
        assertEquals(tensors.get("k").get(7), workload.k().get(19));
        assertTrue(workload.source().endsWith("k and v repeated from 2 to 4 heads"));
    }

    @Test
    void mixedStorageBecomesFloat32() {
        Shape shape = Shape.of(1, 1, 3, 2);
        Map<String, Tensor> tensors = tensors(shape, shape, shape);
        tensors.put("k", tensors.get("k").to(DType.F16));
        assertEquals(DType.F32, Workload.read(file(tensors, Map.of())).k().dtype());
        tensors.replaceAll((_, tensor) -> tensor.to(DType.F16));
        assertEquals(DType.F16, Workload.read(file(tensors, Map.of())).k().dtype());
    }

    @Test
    void whatDoesNotFitIsNamed() {
        Shape shape = Shape.of(1, 2, 3, 4);
        assertRefused(tensors(Shape.of(2, 3, 4), shape, shape), Map.of(), "'q' of shape 2x3x4");
        assertRefused(tensors(shape, shape, Shape.of(1, 2, 3, 5)), Map.of(), "v of shape 1x2x3x5");
        assertRefused(tensors(Shape.of(1, 3, 3, 4), shape, shape), Map.of(), "heads of k that divide those of q");
        assertRefused(tensors(Shape.of(1, 2, 2, 4), shape, shape), Map.of(), "same batch, length and dim");
        assertRefused(tensors(shape, shape, shape), Map.of("layout", "BTHD"), "BTHD");
        Map<String, Tensor> missing = tensors(shape, shape, shape);
        missing.remove("v");
        assertRefused(missing, Map.of(), "'v'");
        Map<String, Tensor> infinite = tensors(shape, shape, shape);
        infinite.get("k").set(3, Float.NaN);
        assertRefused(infinite, Map.of(), "NaN or infinity in 'k'");
        Map<String, Tensor> integers = tensors(shape, shape, shape);
        integers.put("q", integers.get("q").to(DType.I32));
        assertRefused(integers, Map.of(), "stored as I32");
    }
}
