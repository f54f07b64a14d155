package tessera.experiments;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tessera.AttentionSpec;
import tessera.engine.Device;
import tessera.methods.Catalogue;
import tessera.methods.Row;
import tessera.planner.Plan;

/**
 * How fast devices compute dense attention. Operations are those of the two products over visible pairs, {@code 2 (headDim + valueDim)}
 * for each, as others count them.
 *
 * @param measurements every plan of every problem on every device
 */
public record Dense(Machine machine, Instant date, Protocol protocol, List<Measurement> measurements) implements Measured {

    /** FlashAttention. */
    private static final Row METHOD = Catalogue.row("H03");

    /**
     * Measures.
     *
     * @param wanted which legal plans; null for the planner's choice
     * @param progress is told what comes next
     */
    public static Dense run(List<AttentionSpec> specs, List<Device> devices, Predicate<Plan> wanted, Protocol protocol, long seed,
            Consumer<String> progress) {
        Instant date = Instant.now();
        return new Dense(Machine.here(devices), date, protocol, new Trials(METHOD, specs, devices, wanted, protocol, seed).run(progress));
    }

    /** How often {@link #run} tells about progress. */
    public static int size(List<AttentionSpec> specs, List<Device> devices, Predicate<Plan> wanted) {
        return new Trials(METHOD, specs, devices, wanted, null, 0).size();
    }

    @Override
    public boolean passed() {
        return measurements.stream().noneMatch(Measurement::isWrong) && measurements.stream().anyMatch(Measurement::verified);
    }

    @Override
    public Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("date", date.toString());
        document.put("machine", machine.devices().stream().map(device -> Report.machine(machine, device)).toList());
        document.put("protocol", protocol.describe());
        document.put("measurements", measurements.stream().map(Dense::row).toList());
        return document;
    }

    @Override
    public List<Map<String, Object>> csv() {
        return measurements.stream().map(Dense::row).map(Report::flat).toList();
    }

    @Override
    public List<Map<String, Object>> table() {
        return measurements.stream().map(m -> {
            AttentionSpec spec = (AttentionSpec) m.problem().spec();
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("device", m.device().id());
            row.put("length", spec.keys());
            row.put("dim", spec.headDim());
            row.put("causal", spec.causal() ? "yes" : "no");
            row.put("plan", m.plan());
            row.put("kernel ms", m.verified() ? m.kernel().median() : null);
            row.put("p10", m.verified() ? m.kernel().p10() : null);
            row.put("p90", m.verified() ? m.kernel().p90() : null);
            row.put("TFLOP/s", m.verified() ? teraflops(m) : null);
            row.put("RMS", Report.rms(m.accuracy()));
            row.put("note", m.reason() == null ? "" : m.isWrong() ? "NOT VERIFIED: " + m.reason() : "not run: " + m.reason());
            return row;
        }).toList();
    }

    private static Map<String, Object> row(Measurement m) {
        AttentionSpec spec = (AttentionSpec) m.problem().spec();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", m.device().id());
        row.put("batch", spec.batch());
        row.put("heads", spec.heads());
        row.put("kvHeads", spec.kvHeads());
        row.put("length", spec.keys());
        row.put("headDim", spec.headDim());
        row.put("causal", spec.causal());
        row.put("dtype", spec.dtype().name());
        Report.result(row, m);
        Report.times(row, m);
        row.put("teraflops", m.verified() ? teraflops(m) : null);
        row.put("reason", m.reason());
        return row;
    }

    private static double teraflops(Measurement m) {
        AttentionSpec spec = (AttentionSpec) m.problem().spec();
        double pairs = m.cost().density() * spec.batch() * spec.heads() * spec.queries() * spec.keys();
        return 2 * pairs * (spec.headDim() + spec.valueDim()) / 1e9 / m.kernel().median();
    }
}
