package tessera.planner;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tessera.Tensor;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.engine.Engines;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.io.AtomicFile;
import tessera.io.CacheFolder;
import tessera.tasks.Copy;
import tessera.tasks.CopyStrips;
import tessera.tasks.MultiplyAdd;

/**
 * What a device can do at best, measured by two small kernels and kept on disk in the {@link CacheFolder}.
 *
 * @param gigabytesPerSecond bandwidth of a copy, read and written bytes together
 * @param gigaflops rate of float32 multiply-adds, two operations each, in 10^9 operations a second
 */
public record DeviceProfile(Device device, double gigabytesPerSecond, double gigaflops) {

    private static final Logger LOG = LoggerFactory.getLogger(DeviceProfile.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Kernel COPY = Kernel.of(Copy.class, "rows");
    private static final Kernel COPY_STRIPS = Kernel.of(CopyStrips.class, "rows");
    private static final Kernel MULTIPLY_ADD = Kernel.of(MultiplyAdd.class, "rows");

    /** Goes up when the kernels or their sizes change, since older figures do not compare with newer ones. */
    private static final int EDITION = 2;

    /** Elements of the copy: 256 MiB of traffic, on a GPU 512 MiB, several times its caches. */
    private static final int COPY_ELEMENTS = 1 << 25;
    private static final int GPU_COPY_ELEMENTS = 1 << 26;
    private static final int STRIP = 16;
    private static final int STRIPS_TOGETHER = 64;

    private static final int ROWS_PER_UNIT = 2048;
    private static final int STEPS = 1024;
    private static final int RUNS = 7;
    private static final long WARM_UP_NANOS = 100_000_000;

    /** What the cache holds: for which device, and the two numbers. */
    private record Entry(String fingerprint, double gigabytesPerSecond, double gigaflops) {
    }

    /**
     * The profile of a device, from the cache or measured now (about a second).
     *
     * @throws TesseraException if the device cannot run the two kernels
     */
    public static DeviceProfile of(Device device) {
        return of(device, CacheFolder.path());
    }

    /**
     * The profile of a device measured now, whatever the cache holds, and kept there.
     *
     * @throws TesseraException if the device cannot run the two kernels
     */
    public static DeviceProfile anew(Device device) {
        return measureAndKeep(device, CacheFolder.path());
    }

    private static String fingerprint(Device device) {
        return String.join(" | ", device.id(), device.name(), device.driver(), device.computeUnits() + " units",
                "java " + System.getProperty("java.version"), "edition " + EDITION);
    }

    private static Path file(Device device, Path cache) {
        return cache.resolve("profile-" + HexFormat.of().toHexDigits(fingerprint(device).hashCode()) + ".json");
    }

    static DeviceProfile of(Device device, Path cache) {
        String fingerprint = fingerprint(device);
        Path file = file(device, cache);
        if (Files.exists(file)) {
            try {
                Entry entry = JSON.readValue(Files.readAllBytes(file), Entry.class);
                if (entry != null && fingerprint.equals(entry.fingerprint()) && usable(entry.gigabytesPerSecond()) && usable(entry.gigaflops())) {
                    return new DeviceProfile(device, entry.gigabytesPerSecond(), entry.gigaflops());
                }
                LOG.warn("{} is not a profile of {}; measuring anew", file, device);
            } catch (IOException e) {
                LOG.warn("{} cannot be read; measuring {} anew", file, device);
            }
        }
        return measureAndKeep(device, cache);
    }

    private static DeviceProfile measureAndKeep(Device device, Path cache) {
        DeviceProfile profile = measure(device);
        Path file = file(device, cache);
        try {
            Files.createDirectories(cache);
            byte[] json = JSON.writeValueAsBytes(new Entry(fingerprint(device), profile.gigabytesPerSecond(), profile.gigaflops()));
            AtomicFile.write(file, channel -> channel.write(ByteBuffer.wrap(json)));
        } catch (IOException e) {
            LOG.warn("the profile of {} is not kept in {}: {}; name another folder with TESSERA_CACHE", device, cache, AtomicFile.cause(e));
        } catch (TesseraException e) {
            LOG.warn("the profile of {} is not kept: {}; name another folder with TESSERA_CACHE", device, e.getMessage());
        }
        return profile;
    }

    /** Least time of a plan on this device in milliseconds: the longer of computing and moving data (roofline). */
    public double predictedMillis(Cost cost) {
        return Math.max(cost.flops() / gigaflops, cost.bytes() / gigabytesPerSecond) / 1e6;
    }

    private static DeviceProfile measure(Device device) {
        return new DeviceProfile(device, copyRate(device), multiplyAddRate(device));
    }

    private static double copyRate(Device device) {
        boolean gpu = device.kind().equals("GPU");
        int together = STRIP * STRIPS_TOGETHER;
        long array = Math.min(device.memoryBytes() / 8, device.maxArrayBytes());
        int elements = together * Math.clamp(array / Float.BYTES / together, 1, (gpu ? GPU_COPY_ELEMENTS : COPY_ELEMENTS) / together);
        Tensor in = Tensor.zeros(elements).fill(1);
        Tensor out = Tensor.zeros(elements);
        Task copy = Task.rows("probe", gpu ? COPY_STRIPS : COPY, gpu ? elements / STRIP : elements, in.data(), out.data());
        double nanos = leastNanos(device, copy, in, out);
        for (int i = 0; i < elements; i++) {
            if (out.get(i) != 1) {
                throw new TesseraException("copying on " + device + " went wrong at element " + i);
            }
        }
        return 2.0 * Float.BYTES * elements / nanos;
    }

    private static double multiplyAddRate(Device device) {
        int rows = ROWS_PER_UNIT * Math.max(1, device.computeUnits());
        Tensor in = Tensor.zeros(rows).fill(0.5f);
        Tensor out = Tensor.zeros(rows);
        return 16.0 * STEPS * rows / leastNanos(device, Task.rows("probe", MULTIPLY_ADD, rows, in.data(), out.data(), STEPS), in, out);
    }

    /** The least of several runs, since other work on the machine can only add to it. */
    private static double leastNanos(Device device, Task task, Tensor in, Tensor out) {
        Program program = new Program(List.of(task), List.of(), List.of(in.data()), List.of(out.data()));
        try (var session = Engines.of(device).prepare(device, program)) {
            long start = System.nanoTime();
            for (int n = 0; n < 3 || System.nanoTime() - start < WARM_UP_NANOS; n++) {
                session.run();
            }
            long least = Long.MAX_VALUE;
            for (int n = 0; n < RUNS; n++) {
                least = Math.min(least, session.run().kernel());
            }
            return least;
        }
    }

    private static boolean usable(double rate) {
        return rate > 0 && Double.isFinite(rate);
    }
}
