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
    public List<Map<String, Object>> rows() {
        return measurements.stream().map(Dense::row).toList();
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
            Report.kernel(row, m);
            row.put("TFLOP/s", m.verified() ? teraflops(m) : null);
            row.put("RMS", Report.rms(m.accuracy()));
            row.put("note", Report.failure(m));
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
