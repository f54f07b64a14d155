package tessera.planner;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Prepared;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.tasks.CopyStrips;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

class DeviceProfileTest {

    @TempDir
    private Path folder;

    private static void assertMeasured(DeviceProfile profile) {
        assertTrue(profile.gigabytesPerSecond() > 0 && Double.isFinite(profile.gigabytesPerSecond()), profile::toString);
        assertTrue(profile.gigaflops() > 0 && Double.isFinite(profile.gigaflops()), profile::toString);
    }

    private Path onlyFile() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            List<Path> all = files.toList();
            assertEquals(1, all.size(), all::toString);
            return all.getFirst();
        }
    }

    @Test
    void everyDeviceCanBeMeasured() {
        for (Device device : Tessera.devices()) {
            DeviceProfile first = DeviceProfile.of(device, folder);
            assertMeasured(first);
            assertEquals(first, DeviceProfile.of(device, folder), "kept on disk");
        }
    }

    @Test
    void whatTheCacheShouldNotHoldIsMeasuredAnew() throws IOException {
        Device device = Tessera.device("jvm");
        DeviceProfile first = DeviceProfile.of(device, folder);
        Path file = onlyFile();
        String good = Files.readString(file);
        for (String bad : new String[] {"{", "null", "{\"fingerprint\":\"another\",\"gigabytesPerSecond\":1,\"gigaflops\":1}",
            good.replace("edition ", "edition 1"), good.replaceAll("Second\":[0-9.]+", "Second\":-1"), good.replaceAll("gigaflops\":[0-9.]+", "gigaflops\":\"NaN\"")}) {
            Files.writeString(file, bad);
            assertNotEquals(first, DeviceProfile.of(device, folder), bad);
            assertEquals(file, onlyFile());
            assertTrue(Files.readString(file).startsWith("{\"fingerprint\":\"jvm | "));
        }
    }

    @Test
    void aCacheThatCannotBeWrittenIsNoError() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertMeasured(DeviceProfile.of(Tessera.device("jvm"), file.resolve("cache")));
    }

    @Test
    void stripsCopyEveryElement() {
        Tensor in = Tensor.random(Shape.of(3 * 64 * 16), 1);
        Tensor out = Tensor.zeros(3 * 64 * 16).fill(Float.NaN);
        CopyStrips.rows((FloatArray) in.data(), (FloatArray) out.data(), 0, 100);
        CopyStrips.rows((FloatArray) in.data(), (FloatArray) out.data(), 100, 92);
        assertArrayEquals(in.toArray(), out.toArray());
    }

    @Test
    void theLongerOfComputingAndMovingIsPredicted() {
        DeviceProfile profile = new DeviceProfile(Tessera.device("jvm"), 10, 100, 1000, 400);
        assertEquals(2, profile.predictedMillis(plan("rows", DType.F32, 200_000_000, 1)), 1e-9);
        assertEquals(3, profile.predictedMillis(plan("rows", DType.F32, 1, 30_000_000)), 1e-9);
        assertEquals(0.2, profile.predictedMillis(plan("matrix", DType.F16, 200_000_000, 1)), 1e-9);
        assertEquals(0.5, profile.predictedMillis(plan("matrix", DType.F32, 200_000_000, 1)), 1e-9);
    }

    private static Plan plan(String variant, DType storage, long flops, long bytes) {
        return new Plan("ATTN", variant, "FULL", Map.of(), storage, new Cost(flops, bytes, 1, 1), "");
    }

    @Test
    void theFastestDeviceIsTheOneOfTheLeastPrediction() {
        AttentionSpec spec = AttentionSpec.of(1, 2, 64, 16).build();
        List<Device> devices = Tessera.devices();
        Device fastest = Planner.fastest(spec, devices);
        double least = devices.stream().mapToDouble(d -> DeviceProfile.of(d).predictedMillis(Planner.plan(spec, d))).min().orElseThrow();
        assertEquals(least, DeviceProfile.of(fastest).predictedMillis(Planner.plan(spec, fastest)));
        try (Prepared prepared = Tessera.plan(spec)) {
            assertEquals(fastest, prepared.device());
        }
    }

    @Test
    void whereNoDeviceHasAPlanTheLimitIsNamed() {
        AttentionSpec spec = AttentionSpec.of(1, 1, 1 << 20, 1 << 10).build();
        Device small = new Device("tiny:0", "tiny", "jvm", "CPU", "", 1, 1 << 20, 1 << 20, 0, 0, false);
        assertTrue(assertThrows(TesseraException.class, () -> Planner.fastest(spec, List.of(small))).getMessage().contains("MiB"));
    }
}
