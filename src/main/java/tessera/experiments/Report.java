package tessera.experiments;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import tessera.engine.Device;
import tessera.reference.Accuracy;

/** A comparison as plain maps: the JSON document, the rows of the CSV file, and those of the table at the terminal. */
public final class Report {
    /** What is kept of dense attention, by the names of its columns. */
    static final Map<String, BiFunction<Comparison, Measurement, Double>> KEPT = kept();

    private Report() {
    }

    private static Map<String, BiFunction<Comparison, Measurement, Double>> kept() {
        Map<String, BiFunction<Comparison, Measurement, Double>> kept = new LinkedHashMap<>();
        kept.put("recall", (_, m) -> m.fidelity().recall());
        kept.put("vs dense", (_, m) -> m.fidelity().error());
        kept.put("needle", (_, m) -> m.fidelity().needle());
        kept.put("selection", (_, m) -> m.fidelity().selection());
        kept.put("efficiency", (comparison, m) -> value(comparison.efficiency(m)));
        return Collections.unmodifiableMap(kept);
    }

    /** The whole document, raw samples included. */
    public static Map<String, Object> document(Comparison comparison) {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("date", comparison.date().toString());
        document.put("machine", comparison.machine().devices().stream().map(device -> machine(comparison.machine(), device)).toList());
        document.put("inputs", comparison.workloads().stream().map(Report::input).toList());
        document.put("protocol", comparison.protocol().describe());
        document.put("measurements", comparison.measurements().stream().map(m -> measurement(comparison, m)).toList());
        document.put("crossovers", comparison.crossovers().stream().map(Report::crossover).toList());
        document.put("breakEvens", breakEvens(comparison));
        return document;
    }

    static Map<String, Object> machine(Machine machine, Device device) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("device", device.id());
        line.put("name", device.name());
        line.put("kind", device.kind());
        line.put("backend", device.backend());
        line.put("driver", device.driver());
        line.put("computeUnits", device.computeUnits());
        line.put("tornadovm", machine.tornadovm());
        line.put("jdk", machine.jdk());
        line.put("os", machine.os());
        line.put("cpu", machine.cpu());
        line.put("tessera", machine.tessera());
        line.put("line", machine.line(device));
        return line;
    }

    private static Map<String, Object> input(Workload workload) {
        Map<String, Object> input = new LinkedHashMap<>();
        input.put("source", workload.source());
        input.put("length", workload.length());
        input.put("q", workload.q().shape().dims());
        input.put("k", workload.k().shape().dims());
        input.put("v", workload.v().shape().dims());
        input.put("dtype", workload.q().dtype().name());
        input.put("outsideReference", workload.expected() == null ? null : workload.causal() ? "causal softmax attention" : "softmax attention");
        return input;
    }

    private static Map<String, Object> measurement(Comparison comparison, Measurement m) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("method", m.method().id());
        row.put("name", m.method().name());
        row.put("family", m.method().family());
        row.put("device", m.device().id());
        row.put("length", m.length());
        result(row, m);
        row.put("outsideMaxAbs", maxAbs(m.outside()));
        row.put("outsideRms", rms(m.outside()));
        times(row, m);
        row.put("speedup", speedup(comparison, m));
        row.put("speedupOver", comparison.dense(m.device(), m.length()).map(d -> d.method().id()).orElse(null));
        row.put("flops", m.cost() == null ? null : m.cost().flops());
        row.put("bytes", m.cost() == null ? null : m.cost().bytes());
        row.put("memoryBytes", m.cost() == null ? null : m.cost().memoryBytes());
        row.put("cacheBytesPerToken", m.cacheBytesPerToken());
        row.put("density", m.density());
        row.put("recall", m.fidelity().recall());
        row.put("denseError", m.fidelity().error());
        row.put("needle", m.fidelity().needle());
        row.put("selectionShare", m.fidelity().selection());
        row.put("efficiency", value(comparison.efficiency(m)));
        row.put("reason", m.reason());
        row.put("note", comparison.note(m));
        return row;
    }

    /** A measurement by itself, raw samples included. */
    public static Map<String, Object> row(Measurement m) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("method", m.method().id());
        row.put("device", m.device().id());
        row.put("length", m.length());
        result(row, m);
        times(row, m);
        row.put("reason", m.reason());
        return row;
    }

    /** Median and spread of the kernel times, as tables have them. */
    static void kernel(Map<String, Object> row, Measurement m) {
        row.put("kernel ms", m.verified() ? m.kernel().median() : null);
        row.put("p10", m.verified() ? m.kernel().p10() : null);
        row.put("p90", m.verified() ? m.kernel().p90() : null);
    }

    /** Why there is no time, for a table; empty if there is one. */
    static String failure(Measurement m) {
        return m.reason() == null ? "" : (m.isWrong() ? "NOT VERIFIED: " : "not run: ") + m.reason();
    }

    /** How a point was computed and whether it is right. */
    static void result(Map<String, Object> row, Measurement m) {
        row.put("plan", m.plan());
        row.put("verified", m.verified());
        row.put("maxAbs", maxAbs(m.accuracy()));
        row.put("rms", rms(m.accuracy()));
        row.put("checked", m.checked());
    }

    /** Raw samples of a point, and their summary. */
    static void times(Map<String, Object> row, Measurement m) {
        row.put("kernelMillis", m.kernelMillis());
        row.put("transferMillis", m.transferMillis());
        row.put("totalMillis", m.totalMillis());
        row.put("compileMillis", m.verified() ? m.compileNanos() / 1e6 : null);
        row.put("kernelMedian", m.verified() ? m.kernel().median() : null);
        row.put("kernelP10", m.verified() ? m.kernel().p10() : null);
        row.put("kernelP90", m.verified() ? m.kernel().p90() : null);
    }

    static Map<String, Object> crossover(Crossover c) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("method", c.method());
        row.put("family", c.family());
        row.put("dense", c.dense());
        row.put("device", c.device());
        row.put("kind", c.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '));
        row.put("below", c.above() == 0 ? null : c.below());
        row.put("above", c.above() == 0 ? null : c.above());
        row.put("at", c.above() == 0 ? null : c.at());
        row.put("sentence", c.sentence());
        return row;
    }

    /** The measurements of the document with raw samples in one field, separated by blanks. */
    public static List<Map<String, Object>> csv(Comparison comparison) {
        return comparison.measurements().stream().map(m -> flat(measurement(comparison, m))).toList();
    }

    /** A row with its raw samples as text. */
    static Map<String, Object> flat(Map<String, Object> row) {
        row.replaceAll((_, value) -> value instanceof double[] samples
                ? Arrays.stream(samples).mapToObj(Double::toString).collect(Collectors.joining(" ")) : value);
        return row;
    }

    /** The columns that fit a terminal. */
    public static List<Map<String, Object>> table(Comparison comparison) {
        return comparison.measurements().stream().map(m -> {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("method", m.method().id() + " " + m.method().name());
            row.put("family", m.method().family());
            row.put("length", m.length());
            row.put("device", m.device().id());
            row.put("kernel ms", m.verified() ? m.kernel().median() : null);
            row.put("± ms", m.verified() ? m.kernel().spread() : null);
            row.put("speed-up", speedup(comparison, m));
            row.put("RMS", rms(m.accuracy()));
            row.put("density", m.density());
            KEPT.forEach((name, part) -> {
                if (isKnown(comparison, part)) {
                    row.put(name, part.apply(comparison, m));
                }
            });
            row.put("cache B/token", m.cacheBytesPerToken());
            row.put("MiB", m.cost() == null ? null : m.cost().memoryBytes() / (double) (1 << 20));
            row.put("note", m.reason() == null ? comparison.note(m) : failure(m));
            return row;
        }).toList();
    }

    /** A measurement in one line. */
    public static String line(Measurement m) {
        String point = m.method() + " at " + m.length() + " on " + m.device().id() + ": ";
        return point + (m.verified() ? String.format(Locale.ROOT, "%.4g ms in kernels, %.4g ms from call to result", m.kernel().median(), m.total().median())
                : failure(m));
    }

    /** From which length on each method beats dense attention, as in the document. */
    public static List<Map<String, Object>> breakEvens(Comparison comparison) {
        return comparison.breakEvens().stream().map(BreakEven::row).toList();
    }

    /** The same for a terminal. */
    public static List<Map<String, Object>> breakEvenTable(Comparison comparison) {
        return comparison.breakEvens().stream().map(BreakEven::line).toList();
    }

    /** Whether one of the sparse methods has a value. */
    static boolean isKnown(Comparison comparison, BiFunction<Comparison, Measurement, Double> part) {
        return comparison.measurements().stream().anyMatch(m -> m.method().family().equals("sparse") && part.apply(comparison, m) != null);
    }

    private static Double speedup(Comparison comparison, Measurement m) {
        return value(comparison.speedup(m));
    }

    private static Double value(OptionalDouble number) {
        return number.isPresent() ? number.getAsDouble() : null;
    }

    private static Double maxAbs(Accuracy accuracy) {
        return accuracy == null || !accuracy.finite() ? null : Double.valueOf(accuracy.maxAbs());
    }

    static Double rms(Accuracy accuracy) {
        return accuracy == null || !accuracy.finite() ? null : Double.valueOf(accuracy.rms());
    }
}
