package tessera.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.TesseraException;

class SafetensorsTest {

    @TempDir
    private Path folder;

    private static Path file(Path folder, String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        return file(folder, json.length, json, new byte[dataBytes]);
    }

    private static Path file(Path folder, long claimed, byte[] json, byte[] data) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN).putLong(claimed).put(json).put(data);
        // a new folder each time, as an open file is mapped
        return Files.write(Files.createTempDirectory(folder, "x").resolve("x.safetensors"), all.array());
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private Safetensors one(String type, String shape, byte[] data) throws IOException {
        String json = "{\"t\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[0," + data.length + "]}}";
        return Safetensors.open(file(folder, json.length(), json.getBytes(StandardCharsets.UTF_8), data));
    }

    private static String problem(Path file) {
        return assertThrows(TesseraException.class, () -> Safetensors.open(file)).getMessage();
    }

    @Test
    void everyTypeComesBack() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (DType type : DType.values()) {
            Tensor tensor = Tensor.zeros(type, Shape.of(2, 3));
            for (int n = 0; n < 6; n++) {
                tensor.set(n, n - 2.0f);
            }
            tensors.put("as " + type, tensor);
        }
        tensors.put("scalar", Tensor.of(Shape.of(), 7.5f));
        Path file = folder.resolve("types.safetensors");
        Safetensors.write(file, tensors, Map.of("made by", "a \"test\" ü"));
        Safetensors back = Safetensors.open(file);
        assertEquals(tensors.keySet(), back.names());
        assertEquals(Map.of("made by", "a \"test\" ü"), back.metadata());
        tensors.forEach((name, tensor) -> {
            assertEquals(tensor.dtype(), back.tensor(name).dtype());
            assertEquals(tensor.shape(), back.tensor(name).shape());
            assertArrayEquals(tensor.toArray(), back.tensor(name).toArray(), name);
        });
    }

    @Test
    void otherTypesAreConverted() throws IOException {
        assertArrayEquals(new float[] {1, 0, 127}, one("U8", "[3]", new byte[] {1, 0, 127}).tensor("t").toArray());
        assertEquals(DType.I8, one("BOOL", "[2]", new byte[] {1, 0}).tensor("t").dtype());
        assertArrayEquals(new float[] {0.5f, Float.NEGATIVE_INFINITY},
                one("F64", "[2]", little(16).putDouble(0.5).putDouble(Double.NEGATIVE_INFINITY).array()).tensor("t").toArray());
        assertArrayEquals(new float[] {-3}, one("I64", "[1]", little(8).putLong(-3).array()).tensor("t").toArray());
    }

    @Test
    void whatDoesNotFitIsRefused() throws IOException {
        record Refused(Safetensors file, String reason) {
        }
        for (Refused refused : List.of(new Refused(one("U8", "[2]", new byte[] {1, (byte) 200}), "holds 200, which does not fit I8"),
                new Refused(one("F64", "[1]", little(8).putDouble(1e300).array()), "holds 1.0E300, which does not fit F32"),
                new Refused(one("I64", "[1]", little(8).putLong(1L << 31).array()), "holds 2147483648, which does not fit I32"),
                new Refused(one("U16", "[1]", new byte[2]), "has the type U16"), new Refused(one("Q5", "[1]", new byte[5]), "has the type Q5"),
                new Refused(one("F32", "[2,0]", new byte[0]), "every dimension must be from 1"))) {
            String message = assertThrows(TesseraException.class, () -> refused.file().tensor("t")).getMessage();
            assertTrue(message.contains(refused.reason()) && message.contains("tensor 't' of ") && message.contains("x.safetensors"), message);
        }
        String missing = assertThrows(TesseraException.class, () -> one("I8", "[1]", new byte[1]).tensor("q")).getMessage();
        assertTrue(missing.contains("no tensor 'q'; it has [t]"), missing);
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}; not valid JSON",
        "[]; not a JSON object",
        "{\"t\":7}; tensor 't' has no dtype",
        "{\"t\":{\"shape\":[1],\"data_offsets\":[0,4]}}; tensor 't' has no dtype",
        "{\"t\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}; tensor 't' has no shape",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[1]}}; tensor 't' has no data_offsets",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}; has 1 data_offsets instead of 2",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}; has -1 among its shape",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}; has 1.5 among its shape",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}; has -4 among its data_offsets",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,99999999999999999999]}}; among its data_offsets",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}; claims bytes 0 to 12 of 8 bytes of data",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}; claims bytes 4 to 0",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}; has 8 bytes, its shape and type F32 need 12",
        "{\"t\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,8]}}; more than 2^63 bytes",
        "{\"t\":{\"dtype\":\"I8\",\"shape\":[5],\"data_offsets\":[0,5]},\"u\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[4,8]}}; overlap",
        "{\"t\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[0,2]},\"u\":{\"dtype\":\"I8\",\"shape\":[4],\"data_offsets\":[4,8]}}; leave a gap",
        "{\"t\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[0,2]}}; take 2 bytes, the file has 8",
        "{\"t\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[0,8]},\"t\":{\"dtype\":\"I8\",\"shape\":[8],\"data_offsets\":[0,8]}}; Duplicate",
        "{\"__metadata__\":{\"a\":1}}; the value of 'a' in __metadata__ is not a string",
        "{\"__metadata__\":\"a\"}; __metadata__ is not a map of strings"})
    void hostileHeadersAreRefused(String header, String reason) throws IOException {
        String message = problem(file(folder, header, 8));
        assertTrue(message.contains("x.safetensors is not a valid safetensors file: ") && message.contains(reason), message);
        assertEquals(1, message.lines().count());
    }

    @Test
    void headersPastTheFileOrTheLimitAreRefused() throws IOException {
        byte[] json = "{}".getBytes(StandardCharsets.UTF_8);
        for (long claimed : new long[] {3, 10_000_000_000L, -1, Long.MIN_VALUE}) {
            String message = problem(file(folder, claimed, json, new byte[0]));
            assertTrue(message.contains("claims " + Long.toUnsignedString(claimed) + " bytes") && message.contains("100000000"), message);
        }
        assertTrue(problem(Files.write(folder.resolve("x.safetensors"), new byte[5])).contains("it has 5 bytes"));
        assertTrue(problem(Files.write(folder.resolve("x.safetensors"), new byte[0])).contains("it has 0 bytes"));
        assertTrue(Safetensors.open(file(folder, "{}  ", 0)).names().isEmpty());
    }

    @Test
    void aFileCutShortIsRefused() throws IOException {
        Path file = folder.resolve("whole.safetensors");
        Safetensors.write(file, Map.of("t", Tensor.zeros(4, 4)), Map.of());
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            Path cut = Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(whole, length));
            assertTrue(problem(cut).contains("cut.safetensors is not a valid safetensors file"), "cut at " + length);
        }
    }

    @Test
    void whatIsNotAFileIsRefused() {
        assertTrue(problem(folder).contains("it is not a file"));
        assertTrue(problem(folder.resolve("absent")).contains("there is no such file"));
    }

    @Test
    void controlCharactersInNamesAreNotPrinted() throws IOException {
        String message = problem(file(folder, "{\"a\\n\\u001b[31m\":{}}", 0));
        assertTrue(message.contains("tensor 'a??[31m' has no dtype"), message);
    }
}
