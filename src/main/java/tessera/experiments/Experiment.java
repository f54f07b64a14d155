package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tessera.engine.Device;
import tessera.methods.Case;
import tessera.methods.Method;
import tessera.reference.AttentionReference;

/** What to compare: methods, each on every workload and every device. */
public record Experiment(List<Method> methods, List<Workload> workloads, List<Device> devices, Protocol protocol, long seed) {

    /** Tokens that are enough to have the JVM compile every kernel. */
    private static final int SHORT = 128;

    /** How many points progress is told about. */
    public int size() {
        return methods.size() * (workloads.size() * devices.size() + (int) devices.stream().filter(Device::isJvm).count());
    }

    /** Measures every point, the short lengths first; see {@link #run(Consumer, Consumer)}. */
    public Comparison run(Consumer<String> progress) {
        return run(progress, _ -> { });
    }

    /**
     * Measures every point, the short lengths first.
     *
     * @param progress is told what comes next, once for each point
     * @param measured gets what there is so far, once for each point, the newest one last
     */
    public Comparison run(Consumer<String> progress, Consumer<Comparison> measured) {
        Instant date = Instant.now();
        Machine machine = Machine.here(devices);
        List<Measurement> measurements = new ArrayList<>();
        settle(progress);
        for (Workload workload : workloads) {
            Map<Object, AttentionReference.Row[]> dense = new HashMap<>();
            for (Method method : methods) {
                measure(workload, method, devices, dense, progress, m -> {
                    measurements.add(m);
                    measured.accept(new Comparison(machine, workloads, date, protocol, List.copyOf(measurements)));
                });
            }
        }
        return new Comparison(machine, workloads, date, protocol, measurements).sorted();
    }

    /** The JVM compiles in the background what runs often; a first pass over short inputs, which is thrown away, spares the first length that. */
    private void settle(Consumer<String> progress) {
        List<Device> jvm = devices.stream().filter(Device::isJvm).toList();
        Workload brief = workloads.getFirst().prefix(Math.min(SHORT, workloads.getFirst().length()));
        methods.forEach(method -> measure(brief, method, jvm, new HashMap<>(), point -> progress.accept("warming up, " + point), _ -> { }));
    }

    private void measure(Workload workload, Method method, List<Device> on, Map<Object, AttentionReference.Row[]> dense, Consumer<String> progress,
            Consumer<Measurement> measured) {
        Case problem = null;
        Check check = null;
        String reason = null;
        for (Device device : on) {
            progress.accept(method.id() + " at " + workload.length() + " on " + device.id());
            if (check == null && reason == null) {
                try {
                    problem = method.on(workload.q(), workload.k(), workload.v(), seed);
                    check = new Check(method, problem, seed, dense);
                } catch (RuntimeException | OutOfMemoryError e) {
                    reason = Protocol.reason(e);
                }
            }
            measured.accept(check == null ? Measurement.impossible(method.row(), device, workload.length(), null, List.of(), reason)
                    : protocol.measure(method.row(), problem, check, workload, device));
        }
    }
}
