package tessera.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.TesseraException;

/** Whatever is written comes back; whatever is read either is a file of tensors or is refused. */
class SafetensorsPropertyTest {

    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    boolean tensorsComeBack(@ForAll("tensors") Map<String, Tensor> tensors, @ForAll Map<String, String> metadata) throws IOException {
        Path file = Files.createTempFile("tessera", ".safetensors");
        try {
            Safetensors.write(file, tensors, metadata);
            Safetensors back = Safetensors.open(file);
            return back.metadata().equals(metadata) && back.names().equals(tensors.keySet())
                    && tensors.entrySet().stream().allMatch(e -> same(e.getValue(), back.tensor(e.getKey())));
        } finally {
            Files.delete(file);
        }
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    boolean aDamagedFileIsReadOrRefused(@ForAll("tensors") Map<String, Tensor> tensors, @ForAll int at, @ForAll byte value) throws IOException {
        Path file = Files.createTempFile("tessera", ".safetensors");
        try {
            Safetensors.write(file, tensors, Map.of());
            byte[] bytes = Files.readAllBytes(file);
            bytes[Math.floorMod(at, bytes.length)] = value;
            Files.write(file, bytes);
            Safetensors back = Safetensors.open(file);
            back.names().forEach(back::tensor);
            return true;
        } catch (TesseraException e) {
            return e.getMessage().contains(file.toString());
        } finally {
            Files.delete(file);
        }
    }

    private static boolean same(Tensor a, Tensor b) {
        return a.dtype() == b.dtype() && a.shape().equals(b.shape()) && a.data().getSegment().mismatch(b.data().getSegment()) < 0;
    }

    @Provide
    Arbitrary<Map<String, Tensor>> tensors() {
        Arbitrary<String> names = Arbitraries.strings().ofMinLength(1).ofMaxLength(12)
                .filter(name -> !name.equals("__metadata__") && name.chars().noneMatch(c -> Character.isSurrogate((char) c)));
        Arbitrary<List<Integer>> shapes = Arbitraries.integers().between(1, 5).list().ofMaxSize(4);
        Arbitrary<Tensor> tensors = Combinators.combine(Arbitraries.of(DType.class), shapes, Arbitraries.longs()).as((type, dims, seed) -> {
            Tensor random = Tensor.random(Shape.of(dims.stream().mapToInt(Integer::intValue).toArray()), seed);
            return random.to(type);
        });
        return Arbitraries.maps(names, tensors).ofMaxSize(4).map(LinkedHashMap::new);
    }
}
