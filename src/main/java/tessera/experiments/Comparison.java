package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import tessera.engine.Device;
import tessera.methods.Row;

/** Everything that was measured, and what follows from it. A speed-up is taken within one device and one length only. */
public record Comparison(Machine machine, List<Workload> workloads, Instant date, Protocol protocol, List<Measurement> measurements) {

    /** The dense method that others are compared with: FlashAttention-2, else the first dense one with a time there. */
    public static final String DENSE = "H03";

    /** The same, by device, then by method in the order in which they were measured first, then by length. */
    public Comparison sorted() {
        List<String> methods = measurements.stream().map(m -> m.method().id()).distinct().toList();
        List<Measurement> sorted = measurements.stream().sorted(Comparator.comparingInt((Measurement m) -> machine.devices().indexOf(m.device()))
                .thenComparingInt(m -> methods.indexOf(m.method().id())).thenComparingInt(Measurement::length)).toList();
        return new Comparison(machine, workloads, date, protocol, sorted);
    }

    /** True unless a result is wrong or nothing could be measured at all. */
    public boolean passed() {
        return measurements.stream().noneMatch(Measurement::isWrong) && measurements.stream().anyMatch(Measurement::verified);
    }

    public List<Measurement> on(Device device) {
        return measurements.stream().filter(m -> m.device().equals(device)).toList();
    }

    /** The dense measurement that speed-ups on this device at this length refer to. */
    public Optional<Measurement> dense(Device device, int length) {
        List<Measurement> dense = measurements.stream().filter(m -> m.verified() && m.method().family().equals("dense")
                && m.device().equals(device) && m.length() == length).toList();
        return dense.stream().filter(m -> m.method().id().equals(DENSE)).findFirst().or(() -> dense.stream().findFirst());
    }

    /** Median time of the dense method over the median time of this one; empty without both. */
    public OptionalDouble speedup(Measurement m) {
        if (!m.verified()) {
            return OptionalDouble.empty();
        }
        Optional<Measurement> dense = dense(m.device(), m.length());
        return dense.isEmpty() ? OptionalDouble.empty() : OptionalDouble.of(dense.get().kernel().median() / m.kernel().median());
    }

    /**
     * The speed-up times the pairs visited over those that dense attention visits: 1 where a visited pair costs what it costs there, choosing
     * included. Empty unless it is a sparse method.
     */
    public OptionalDouble efficiency(Measurement m) {
        OptionalDouble speedup = speedup(m);
        if (speedup.isEmpty() || m.density() == null || !m.method().family().equals("sparse")) {
            return OptionalDouble.empty();
        }
        return OptionalDouble.of(speedup.getAsDouble() * m.density() / dense(m.device(), m.length()).orElseThrow().density());
    }

    /** What a reader should know about a measurement; empty if nothing. */
    public String note(Measurement m) {
        List<String> notes = new ArrayList<>();
        Optional<Measurement> dense = dense(m.device(), m.length());
        if (m.verified() && dense.isPresent() && dense.get().kernel().clearlyBelow(m.kernel())) {
            notes.add("slower than " + dense.get().method().id() + " here");
        }
        if (m.verified() && dense.isPresent() && dense.get().problem().isCausal() && !m.problem().isCausal()) {
            notes.add("sees later tokens, " + dense.get().method().id() + " does not");
        }
        if (m.outside() != null) {
            boolean agrees = m.outside().within(m.problem().dtype().tolerance());
            String distance = m.outside().finite() ? String.format(Locale.ROOT, "RMS %.1e", m.outside().rms()) : m.outside().toString();
            notes.add("outside reference " + (agrees ? "agrees" : "DIFFERS") + " (" + distance + ")");
        }
        return String.join("; ", notes);
    }

    /** The fastest method at the longest length of a device, in a sentence; empty if nothing has a time there. */
    public Optional<String> fastest(Device device) {
        List<Measurement> timed = on(device).stream().filter(Measurement::verified).toList();
        int longest = timed.stream().mapToInt(Measurement::length).max().orElse(0);
        return timed.stream().filter(m -> m.length() == longest).min(Comparator.comparingDouble(m -> m.kernel().median())).map(m -> {
            String sentence = "Fastest at " + longest + " tokens on " + device.id() + ": " + m.method() + ", "
                    + String.format(Locale.ROOT, "%.3g ms", m.kernel().median());
            OptionalDouble speedup = speedup(m);
            String dense = dense(device, longest).map(d -> d.method().id()).orElse("");
            return speedup.isEmpty() || dense.equals(m.method().id()) ? sentence
                    : sentence + String.format(Locale.ROOT, ", %.1f times as fast as dense %s", speedup.getAsDouble(), dense);
        });
    }

    /** Where each method overtakes the dense one, device by device. */
    public List<Crossover> crossovers() {
        return races(Measurement::kernel).stream()
                .flatMap(r -> Crossover.of(r.method.id(), r.method.family(), r.dense, r.device.id(), r.times, r.denseTimes).stream()).toList();
    }

    /** From which length on each method beats the dense one with all of its steps, by the time in kernels and by that from call to result. */
    public List<BreakEven> breakEvens() {
        List<Race> total = races(Measurement::total);
        return races(Measurement::kernel).stream().filter(r -> !r.times.isEmpty()).map(r -> new BreakEven(r.method, r.dense, r.device,
                Crossover.from(r.times, r.denseTimes), total.stream().filter(t -> t.method.equals(r.method) && t.device.equals(r.device)).findFirst()
                        .map(t -> Crossover.from(t.times, t.denseTimes)).orElseThrow(), List.copyOf(r.times.keySet()))).toList();
    }

    /** Times of a method and of the dense one, by length. */
    private record Race(Row method, String dense, Device device, TreeMap<Integer, Summary> times, TreeMap<Integer, Summary> denseTimes) {
    }

    private List<Race> races(Function<Measurement, Summary> time) {
        List<Race> all = new ArrayList<>();
        for (Device device : machine.devices()) {
            Map<String, List<Measurement>> byMethod = on(device).stream().filter(Measurement::verified)
                    .collect(Collectors.groupingBy(m -> m.method().id(), LinkedHashMap::new, Collectors.toList()));
            byMethod.values().forEach(measured -> all.add(race(device, measured, time)));
        }
        return all;
    }

    private Race race(Device device, List<Measurement> measured, Function<Measurement, Summary> time) {
        String id = measured.getFirst().method().id();
        TreeMap<Integer, Summary> times = new TreeMap<>();
        TreeMap<Integer, Summary> denseTimes = new TreeMap<>();
        String reference = null;
        for (Measurement m : measured) {
            Optional<Measurement> dense = dense(device, m.length()).filter(d -> !d.method().id().equals(id));
            if (dense.isPresent() && (reference == null || reference.equals(dense.get().method().id()))) {
                reference = dense.get().method().id();
                times.put(m.length(), time.apply(m));
                denseTimes.put(m.length(), time.apply(dense.get()));
            }
        }
        return new Race(measured.getFirst().method(), reference, device, times, denseTimes);
    }
}
