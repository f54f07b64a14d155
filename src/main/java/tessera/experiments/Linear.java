package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tessera.DType;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.UpdateRule.Gate;
import tessera.engine.Device;
import tessera.methods.Catalogue;
import tessera.planner.Plan;

/**
 * How fast devices compute linear attention with a gate. Operations are those of the token-by-token form, {@code 4 keyDim valueDim} for
 * each token, and bytes those of inputs and outputs alone, so that the figures of different plans compare as their times do.
 *
 * @param measurements every plan of every problem on every device
 */
public record Linear(Machine machine, Instant date, Protocol protocol, List<Measurement> measurements) implements Measured {

    /** What the state decays by. */
    public enum Form {
        /** One gate for each token and head: Mamba-2, RetNet. */
        SCALAR("G08"),
        /** One gate for each token and key channel: GLA. */
        CHANNEL("G06"),
        /** One gate for each token and head, and the delta rule: Gated DeltaNet. */
        DELTA("T04");

        private final String method;

        Form(String method) {
            this.method = method;
        }

        /** The problem of this form. */
        RecurrenceSpec spec(int batch, int heads, int length, int headDim, DType dtype) {
            RecurrenceBuilder builder = RecurrenceSpec.of(batch, heads, length, headDim).dtype(dtype).scale((float) (1 / Math.sqrt(headDim)));
            builder.gate(this == CHANNEL ? Gate.KEY_TOKEN : Gate.HEAD_TOKEN);
            return (this == DELTA ? builder.delta() : builder).build();
        }

        static Form of(RecurrenceSpec spec) {
            return spec.gate() == Gate.KEY_TOKEN ? CHANNEL : spec.inputs().containsKey("beta") ? DELTA : SCALAR;
        }
    }

    /** Problems of every form and length. */
    public record Problems(List<Form> forms, List<Integer> lengths, int batch, int heads, int headDim, DType dtype) {

        private List<RecurrenceSpec> of(Form form) {
            return lengths.stream().map(length -> form.spec(batch, heads, length, headDim, dtype)).toList();
        }

        private Trials trials(Form form, List<Device> devices, Predicate<Plan> wanted, Protocol protocol, long seed) {
            return new Trials(Catalogue.row(form.method), of(form), devices, wanted, protocol, seed);
        }

        /** How often {@link Linear#run} tells about progress. */
        public int size(List<Device> devices, Predicate<Plan> wanted) {
            return forms.stream().mapToInt(form -> trials(form, devices, wanted, null, 0).size()).sum();
        }
    }

    /**
     * Measures.
     *
     * @param wanted which legal plans; null for the planner's choice
     * @param progress is told what comes next
     */
    public static Linear run(Problems problems, List<Device> devices, Predicate<Plan> wanted, Protocol protocol, long seed, Consumer<String> progress) {
        Instant date = Instant.now();
        List<Measurement> measured = new ArrayList<>();
        problems.forms.forEach(form -> measured.addAll(problems.trials(form, devices, wanted, protocol, seed).run(progress)));
        return new Linear(Machine.here(devices), date, protocol, measured);
    }

    @Override
    public List<Map<String, Object>> rows() {
        return measurements.stream().map(Linear::row).toList();
    }

    @Override
    public List<Map<String, Object>> table() {
        return measurements.stream().map(m -> {
            Map<String, Object> row = problem(m);
            row.keySet().removeAll(List.of("batch", "heads", "dtype"));
            row.put("plan", m.plan());
            Report.kernel(row, m);
            row.put("GB/s", m.verified() ? gigabytesPerSecond(m) : null);
            row.put("TFLOP/s", m.verified() ? teraflops(m) : null);
            row.put("RMS", Report.rms(m.accuracy()));
            row.put("note", Report.failure(m));
            return row;
        }).toList();
    }

    private static Map<String, Object> row(Measurement m) {
        Map<String, Object> row = problem(m);
        Report.result(row, m);
        Report.times(row, m);
        row.put("gigabytesPerSecond", m.verified() ? gigabytesPerSecond(m) : null);
        row.put("teraflops", m.verified() ? teraflops(m) : null);
        row.put("reason", m.reason());
        return row;
    }

    private static Map<String, Object> problem(Measurement m) {
        RecurrenceSpec spec = (RecurrenceSpec) m.problem().spec();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", m.device().id());
        row.put("gate", Form.of(spec).name().toLowerCase(Locale.ROOT));
        row.put("batch", spec.batch());
        row.put("heads", spec.heads());
        row.put("length", spec.length());
        row.put("headDim", spec.keyDim());
        row.put("dtype", spec.dtype().name());
        return row;
    }

    private static double gigabytesPerSecond(Measurement m) {
        RecurrenceSpec spec = (RecurrenceSpec) m.problem().spec();
        long in = spec.inputs().entrySet().stream().mapToLong(input -> spec.type(input.getKey()).bytes() * input.getValue().elements()).sum();
        return (in + 4 * spec.outputs().get("out").elements()) / 1e6 / m.kernel().median();
    }

    private static double teraflops(Measurement m) {
        RecurrenceSpec spec = (RecurrenceSpec) m.problem().spec();
        return 4.0 * spec.states() * spec.length() * spec.keyDim() * spec.valueDim() / 1e9 / m.kernel().median();
    }
}
