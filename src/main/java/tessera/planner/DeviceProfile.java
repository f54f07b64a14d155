package tessera.planner;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tessera.DType;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.io.AtomicFile;
import tessera.io.CacheFolder;

/**
 * What a device can do at best, measured by small kernels and kept on disk in the {@link CacheFolder}. Rates are in 10^9 operations
 * a second, a multiply-add being two.
 *
 * @param gigabytesPerSecond bandwidth of a copy, read and written bytes together
 * @param gigaflops rate of float32 multiply-adds
 * @param matrixGigaflops rate of dense float16 attention on matrix units; 0 where the device has none
 * @param splitMatrixGigaflops rate of dense float32 attention on matrix units; 0 where the device has none
 */
public record DeviceProfile(Device device, double gigabytesPerSecond, double gigaflops, double matrixGigaflops, double splitMatrixGigaflops) {

    private static final Logger LOG = LoggerFactory.getLogger(DeviceProfile.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Goes up when the kernels or their sizes change, since older figures do not compare with newer ones. */
    private static final int EDITION = 3;

    /** What the cache holds: for which device, and the numbers. */
    private record Entry(String fingerprint, double gigabytesPerSecond, double gigaflops, double matrixGigaflops, double splitMatrixGigaflops) {

        DeviceProfile of(Device device) {
            return new DeviceProfile(device, gigabytesPerSecond, gigaflops, matrixGigaflops, splitMatrixGigaflops);
        }

        boolean isUsable() {
            boolean positive = gigabytesPerSecond > 0 && gigaflops > 0;
            return positive && Double.isFinite(gigabytesPerSecond + gigaflops + matrixGigaflops + splitMatrixGigaflops) && matrixGigaflops >= 0 && splitMatrixGigaflops >= 0;
        }
    }

    /** A device whose matrix units, if it has any, are not measured. */
    public DeviceProfile(Device device, double gigabytesPerSecond, double gigaflops) {
        this(device, gigabytesPerSecond, gigaflops, 0, 0);
    }

    /**
     * The profile of a device, from the cache or measured now (a few seconds).
     *
     * @throws TesseraException if the device cannot run the kernels
     */
    public static DeviceProfile of(Device device) {
        return of(device, CacheFolder.path());
    }

    /**
     * The profile of a device measured now, whatever the cache holds, and kept there.
     *
     * @throws TesseraException if the device cannot run the kernels
     */
    public static DeviceProfile anew(Device device) {
        return measureAndKeep(device, CacheFolder.path());
    }

    private static String fingerprint(Device device) {
        return String.join(" | ", device.id(), device.name(), device.driver(), device.computeUnits() + " units",
                "java " + System.getProperty("java.version"), "edition " + EDITION + (Probes.hasMatrixUnits(device) ? ", matrix units" : ""));
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
                if (entry != null && fingerprint.equals(entry.fingerprint()) && entry.isUsable()) {
                    return entry.of(device);
                }
                LOG.warn("{} is not a profile of {}; measuring anew", file, device);
            } catch (IOException e) {
                LOG.warn("{} cannot be read; measuring {} anew", file, device);
            }
        }
        return measureAndKeep(device, cache);
    }

    private static DeviceProfile measureAndKeep(Device device, Path cache) {
        DeviceProfile profile = Probes.measure(device);
        Path file = file(device, cache);
        try {
            Files.createDirectories(cache);
            byte[] json = JSON.writeValueAsBytes(new Entry(fingerprint(device), profile.gigabytesPerSecond, profile.gigaflops,
                    profile.matrixGigaflops, profile.splitMatrixGigaflops));
            AtomicFile.write(file, channel -> channel.write(ByteBuffer.wrap(json)));
        } catch (IOException e) {
            LOG.warn("the profile of {} is not kept in {}: {}; name another folder with TESSERA_CACHE", device, cache, AtomicFile.cause(e));
        } catch (TesseraException e) {
            LOG.warn("the profile of {} is not kept: {}; name another folder with TESSERA_CACHE", device, e.getMessage());
        }
        return profile;
    }

    /** Least time of a plan on this device in milliseconds: the longer of computing and moving data (roofline). */
    public double predictedMillis(Plan plan) {
        return Math.max(plan.cost().flops() / rate(plan), plan.cost().bytes() / gigabytesPerSecond) / 1e6;
    }

    private double rate(Plan plan) {
        double matrix = plan.storage() == DType.F16 ? matrixGigaflops : splitMatrixGigaflops;
        return plan.variant().equals("matrix") && matrix > 0 ? matrix : gigaflops;
    }
}
