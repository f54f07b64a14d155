package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tessera.AttentionSpec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.methods.Case;
import tessera.methods.Catalogue;
import tessera.methods.Row;
import tessera.planner.DeviceProfile;
import tessera.planner.Plan;
import tessera.planner.Planner;

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
        return devices.size() + specs.stream().mapToInt(spec -> devices.stream().mapToInt(device -> plans(spec, device).size()).sum()).sum();
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
        List<DecodePoint> points = new ArrayList<>();
        for (AttentionSpec spec : specs) {
            Workload workload = Workload.drawn(spec, seed);
            Map<String, Tensor> inputs = Map.of("q", workload.q(), "k", workload.k(), "v", workload.v());
            Check check = new Check(new Case(spec, inputs), seed);
            for (Device device : devices) {
                for (Predicate<Plan> wanted : plans(spec, device)) {
                    progress.accept(spec.keys() + " keys on " + device.id());
                    Measurement measured = protocol.measure(METHOD, new Case(spec, inputs, wanted), check, workload, device);
                    points.add(new DecodePoint(measured, profiles.get(device).gigabytesPerSecond()));
                }
            }
        }
        return new Decoding(Machine.here(devices), specs, date, protocol, points);
    }

    /** One entry for each plan to measure; where none is legal, one that makes the measurement say why. */
    private List<Predicate<Plan>> plans(AttentionSpec spec, Device device) {
        List<Plan> legal = allPlans ? Planner.candidates(spec, device).legal() : List.of();
        return legal.isEmpty() ? List.of(_ -> true) : legal.stream().map(plan -> (Predicate<Plan>) plan::equals).toList();
    }
}
