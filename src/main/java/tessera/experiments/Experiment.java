package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import tessera.engine.Device;
import tessera.methods.Case;
import tessera.methods.Method;

/** What to compare: methods, each on every workload and every device. */
public record Experiment(List<Method> methods, List<Workload> workloads, List<Device> devices, Protocol protocol, long seed) {

    /** Tokens that are enough to have the JVM compile every kernel. */
    private static final int SHORT = 128;

    /** How many points progress is told about. */
    public int size() {
        return methods.size() * (workloads.size() * devices.size() + (int) devices.stream().filter(Device::isJvm).count());
    }

    /**
     * Measures every point, the short lengths first.
     *
     * @param progress is told what comes next, once for each point
     */
    public Comparison run(Consumer<String> progress) {
        Instant date = Instant.now();
        List<Measurement> measurements = new ArrayList<>();
        settle(progress);
        for (Workload workload : workloads) {
            for (Method method : methods) {
                measure(workload, method, devices, progress, measurements);
            }
        }
        measurements.sort(Comparator.comparingInt((Measurement m) -> devices.indexOf(m.device()))
                .thenComparingInt(m -> methods.stream().map(Method::id).toList().indexOf(m.method().id())).thenComparingInt(Measurement::length));
        return new Comparison(Machine.here(devices), workloads, date, protocol, measurements);
    }

    /** The JVM compiles in the background what runs often; a first pass over short inputs, which is thrown away, spares the first length that. */
    private void settle(Consumer<String> progress) {
        List<Device> jvm = devices.stream().filter(Device::isJvm).toList();
        Workload brief = workloads.getFirst().prefix(Math.min(SHORT, workloads.getFirst().length()));
        methods.forEach(method -> measure(brief, method, jvm, point -> progress.accept("warming up, " + point), new ArrayList<>()));
    }

    private void measure(Workload workload, Method method, List<Device> on, Consumer<String> progress, List<Measurement> measurements) {
        Case problem = null;
        Check check = null;
        String reason = null;
        for (Device device : on) {
            progress.accept(method.id() + " at " + workload.length() + " on " + device.id());
            if (check == null && reason == null) {
                try {
                    problem = method.on(workload.q(), workload.k(), workload.v(), seed);
                    check = new Check(method, problem, seed);
                } catch (RuntimeException | OutOfMemoryError e) {
                    reason = Protocol.reason(e);
                }
            }
            measurements.add(check == null ? Measurement.impossible(method.row(), device, workload.length(), null, List.of(), reason)
                    : protocol.measure(method.row(), problem, check, workload, device));
        }
    }
}
