package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import tessera.AttentionSpec;
import tessera.engine.Device;

/**
 * What a run of a prepared plan costs outside of its kernels: small problems are made of it. Compiling is reported apart, for the
 * first plan of its kind in this process and for a second one.
 *
 * @param points one for each problem and device
 */
public record Overhead(Machine machine, Instant date, Protocol protocol, List<OverheadPoint> points) implements Measured {

    /** @param progress is told what comes next, once for each problem and device */
    public static Overhead run(List<AttentionSpec> specs, List<Device> devices, Protocol protocol, long seed, Consumer<String> progress) {
        Instant date = Instant.now();
        List<OverheadPoint> points = new ArrayList<>();
        for (AttentionSpec spec : specs) {
            for (Device device : devices) {
                progress.accept(spec.keys() + " tokens on " + device.id());
                points.add(new OverheadTrial(spec, device, protocol, seed).run());
            }
        }
        return new Overhead(Machine.here(devices), date, protocol, points);
    }

    @Override
    public List<Measurement> measurements() {
        return points.stream().map(OverheadPoint::measurement).toList();
    }

    @Override
    public List<Map<String, Object>> table() {
        return points.stream().map(point -> {
            Measurement m = point.measurement();
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("device", m.device().id());
            row.put("length", m.length());
            row.put("plan", m.plan());
            if (m.verified()) {
                Summary wall = Summary.of(OverheadPoint.walls(point.inPlace()));
                row.put("kernel us", 1e3 * m.kernel().median());
                row.put("wall us", wall.median());
                row.put("p10", wall.p10());
                row.put("p90", wall.p90());
                row.put("overhead us", point.overhead(point.inPlace()).median());
                row.put("copied us", point.overhead(point.copied()).median());
                row.put("timed us", point.overhead(m.runs()).median());
                row.put("first ms", point.first());
                row.put("compile ms", point.compile());
                row.put("again ms", point.again());
            }
            row.put("RMS", Report.rms(m.accuracy()));
            row.put("note", Report.failure(m));
            return row;
        }).toList();
    }

    @Override
    public List<Map<String, Object>> rows() {
        return points.stream().map(Overhead::row).toList();
    }

    private static Map<String, Object> row(OverheadPoint point) {
        Measurement m = point.measurement();
        AttentionSpec spec = (AttentionSpec) m.problem().spec();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", m.device().id());
        row.put("batch", spec.batch());
        row.put("heads", spec.heads());
        row.put("length", spec.keys());
        row.put("headDim", spec.headDim());
        row.put("dtype", spec.dtype().name());
        Report.result(row, m);
        Report.times(row, m);
        row.put("wallMicros", OverheadPoint.walls(point.inPlace()));
        row.put("copiedMicros", OverheadPoint.walls(point.copied()));
        if (m.verified()) {
            Summary overhead = point.overhead(point.inPlace());
            row.put("overheadMedian", overhead.median());
            row.put("overheadP10", overhead.p10());
            row.put("overheadP90", overhead.p90());
            row.put("copiedOverheadMedian", point.overhead(point.copied()).median());
            row.put("timedOverheadMedian", point.overhead(m.runs()).median());
            row.put("firstMillis", point.first());
            row.put("firstCompileMillis", point.compile());
            row.put("againMillis", point.again());
        }
        row.put("reason", m.reason());
        return row;
    }
}
