package tessera.experiments;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;

/** Everything that was measured of decoding, and as plain maps: the JSON document, the rows of CSV, and those of a table at the terminal. */
public record Decoding(Machine machine, List<AttentionSpec> specs, Instant date, Protocol protocol, List<DecodePoint> points) implements Measured {

    @Override
    public boolean passed() {
        return points.stream().noneMatch(p -> p.measurement().isWrong()) && points.stream().anyMatch(p -> p.measurement().verified());
    }

    @Override
    public Map<String, Object> document() {
        Map<String, Object> document = new LinkedHashMap<>();
        document.put("date", date.toString());
        document.put("machine", machine.devices().stream().map(device -> Report.machine(machine, device)).toList());
        document.put("inputs", specs.stream().map(Decoding::input).toList());
        document.put("protocol", protocol.describe());
        document.put("measurements", points.stream().map(Decoding::row).toList());
        return document;
    }

    @Override
    public List<Map<String, Object>> csv() {
        return points.stream().map(Decoding::row).map(Report::flat).toList();
    }

    @Override
    public List<Map<String, Object>> table() {
        return points.stream().map(point -> {
            Measurement m = point.measurement();
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("device", m.device().id());
            row.put("keys", point.spec().keys());
            row.put("plan", m.plan());
            row.put("kernel ms", m.verified() ? m.kernel().median() : null);
            row.put("p10", m.verified() ? m.kernel().p10() : null);
            row.put("p90", m.verified() ? m.kernel().p90() : null);
            row.put("GB/s", m.verified() ? point.gigabytesPerSecond() : null);
            row.put("copy GB/s", point.copyGigabytesPerSecond());
            row.put("of copy", m.verified() ? point.shareOfCopy() : null);
            row.put("RMS", Report.rms(m.accuracy()));
            row.put("note", m.reason() == null ? "" : m.isWrong() ? "NOT VERIFIED: " + m.reason() : "not run: " + m.reason());
            return row;
        }).toList();
    }

    private static Map<String, Object> input(AttentionSpec spec) {
        Map<String, Object> input = new LinkedHashMap<>();
        spec.inputs().forEach((name, shape) -> input.put(name, shape.dims()));
        input.put("dtype", spec.dtype().name());
        return input;
    }

    private static Map<String, Object> row(DecodePoint point) {
        Measurement m = point.measurement();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", m.device().id());
        row.put("batch", point.spec().batch());
        row.put("heads", point.spec().heads());
        row.put("kvHeads", point.spec().kvHeads());
        row.put("keys", point.spec().keys());
        row.put("headDim", point.spec().headDim());
        row.put("dtype", point.spec().dtype().name());
        Report.result(row, m);
        Report.times(row, m);
        row.put("bytes", m.plan() == null ? null : point.bytes());
        row.put("gigabytesPerSecond", m.verified() ? point.gigabytesPerSecond() : null);
        row.put("copyGigabytesPerSecond", point.copyGigabytesPerSecond());
        row.put("shareOfCopy", m.verified() ? point.shareOfCopy() : null);
        row.put("reason", m.reason());
        return row;
    }
}
