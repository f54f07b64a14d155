package tessera.experiments;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;

/** Everything that was measured of decoding, and as plain maps: the JSON document, the rows of CSV, and those of a table at the terminal. */
public record Decoding(Machine machine, List<AttentionSpec> specs, Instant date, Protocol protocol, List<DecodePoint> points) implements Measured {

    @Override
    public List<Measurement> measurements() {
        return points.stream().map(DecodePoint::measurement).toList();
    }

    @Override
    public List<Map<String, Object>> rows() {
        return points.stream().map(Decoding::row).toList();
    }

    @Override
    public Map<String, Object> document() {
        Map<String, Object> document = Measured.super.document();
        document.put("inputs", specs.stream().map(Decoding::input).toList());
        return document;
    }

    @Override
    public List<Map<String, Object>> table() {
        return points.stream().map(point -> {
            Measurement m = point.measurement();
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("device", m.device().id());
            row.put("keys", point.spec().keys());
            row.put("plan", m.plan());
            Report.kernel(row, m);
            row.put("GB/s", m.verified() ? point.gigabytesPerSecond() : null);
            row.put("copy GB/s", point.copyGigabytesPerSecond());
            row.put("of copy", m.verified() ? point.shareOfCopy() : null);
            row.put("RMS", Report.rms(m.accuracy()));
            row.put("note", Report.failure(m));
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
