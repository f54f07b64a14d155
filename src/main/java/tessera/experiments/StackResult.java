package tessera.experiments;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/** What was measured of stacks: sums over their layers, and each kind of layer by itself. */
public record StackResult(Machine machine, StackComparison comparison, Instant date, List<Measurement> measurements, List<StackPoint> points)
        implements Measured {

    @Override
    public Protocol protocol() {
        return comparison.protocol();
    }

    @Override
    public boolean passed() {
        return Measured.super.passed() && points.stream().allMatch(point -> point.endToEnd().passed());
    }

    @Override
    public List<Map<String, Object>> rows() {
        return points.stream().map(StackPoint::row).toList();
    }

    @Override
    public List<Map<String, Object>> table() {
        return points.stream().map(StackPoint::line).toList();
    }

    /** {@inheritDoc} One row for each kind of layer and phase. */
    @Override
    public List<Map<String, Object>> csv() {
        return points.stream().flatMap(point -> point.flat().stream()).toList();
    }

    @Override
    public Map<String, Object> document() {
        Map<String, Object> document = Measured.super.document();
        document.put("shape", comparison.shape());
        document.put("stacks", comparison.stacks());
        return document;
    }
}
