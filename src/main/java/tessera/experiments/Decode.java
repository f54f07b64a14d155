package tessera.experiments;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tessera.AttentionSpec;
import tessera.engine.Device;
import tessera.methods.Catalogue;
import tessera.methods.Row;
import tessera.planner.DeviceProfile;

/**
 * How fast devices decode: one query for each sequence, keys and values in a cache. It does few operations on each element,
 * so reading the cache bounds its time, and what a device reaches is set beside its own copy, measured in the same run.
 *
 * @param specs problems, each on every device
 * @param allPlans measure every legal plan rather than the planner's choice
 */
public record Decode(List<AttentionSpec> specs, List<Device> devices, boolean allPlans, Protocol protocol, long seed) {

    /** FlashDecoding. */
    private static final Row METHOD = Catalogue.row("H09");

    /** How many steps progress is told about. */
    public int size() {
        return devices.size() + trials().size();
    }

    /**
     * Measures the devices' copy, then every point.
     *
     * @param progress is told what comes next, once for each step
     */
    public Decoding run(Consumer<String> progress) {
        Instant date = Instant.now();
        Map<Device, DeviceProfile> profiles = new LinkedHashMap<>();
        for (Device device : devices) {
            progress.accept("copy on " + device.id());
            profiles.put(device, DeviceProfile.anew(device));
        }
        List<DecodePoint> points = trials().run(progress).stream()
                .map(measured -> new DecodePoint(measured, profiles.get(measured.device()).gigabytesPerSecond())).toList();
        return new Decoding(Machine.here(devices), specs, date, protocol, points);
    }

    private Trials trials() {
        return new Trials(METHOD, specs, devices, allPlans ? plan -> true : null, protocol, seed);
    }
}
