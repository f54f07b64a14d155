package tessera.experiments;

import java.util.LinkedHashMap;
import java.util.Map;
import tessera.AttentionSpec;

/**
 * A measured pattern beside dense attention on the same device.
 *
 * @param dense the quickest dense plan; null if none was measured
 */
public record SparsePoint(Pattern pattern, Measurement measurement, Measurement dense) {

    /** Whether there are two times to compare. */
    public boolean isComparable() {
        return measurement.verified() && dense != null;
    }

    /** Pairs that are seen, over all batches and heads. */
    private static double pairs(Measurement m) {
        AttentionSpec spec = (AttentionSpec) m.problem().spec();
        return m.cost().density() * spec.batch() * spec.heads() * spec.queries() * spec.keys();
    }

    /** Share of dense attention's pairs that are seen. */
    public double density() {
        return pairs(measurement) / pairs(dense);
    }

    /** How many times as fast as dense attention. */
    public double speedup() {
        return dense.kernel().median() / measurement.kernel().median();
    }

    /** Share of the speed-up that the density would allow: 1 where a pair costs what it costs in dense attention. */
    public double efficiency() {
        return speedup() * density();
    }

    /** Operations of the two products over visible pairs, in 10^12 a second. */
    public double teraflops() {
        AttentionSpec spec = pattern.spec();
        return 2 * pairs(measurement) * (spec.headDim() + spec.valueDim()) / 1e9 / measurement.kernel().median();
    }

    public double nanosOfPair() {
        return measurement.kernel().median() * 1e6 / pairs(measurement);
    }

    Map<String, Object> row() {
        AttentionSpec spec = pattern.spec();
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", measurement.device().id());
        row.put("batch", spec.batch());
        row.put("heads", spec.heads());
        row.put("kvHeads", spec.kvHeads());
        row.put("maps", spec.mask().maps());
        row.put("length", spec.keys());
        row.put("headDim", spec.headDim());
        row.put("causal", spec.causal());
        row.put("dtype", spec.dtype().name());
        row.put("pattern", pattern.kind());
        row.put("size", pattern.size());
        row.put("drawn", Double.isNaN(pattern.density()) ? null : pattern.density());
        Report.result(row, measurement);
        Report.times(row, measurement);
        row.put("teraflops", measurement.verified() ? teraflops() : null);
        row.put("nanosOfPair", measurement.verified() ? nanosOfPair() : null);
        row.put("density", isComparable() ? density() : null);
        row.put("speedup", isComparable() ? speedup() : null);
        row.put("efficiency", isComparable() ? efficiency() : null);
        row.put("reason", measurement.reason());
        return row;
    }

    /** The columns that fit a terminal. */
    Map<String, Object> line() {
        Measurement m = measurement;
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("device", m.device().id());
        row.put("pattern", pattern.kind());
        row.put("size", pattern.size() == 0 ? null : pattern.size());
        row.put("density", isComparable() ? density() : null);
        row.put("plan", m.plan());
        Report.kernel(row, m);
        row.put("TFLOP/s", m.verified() ? teraflops() : null);
        row.put("ns/pair", m.verified() ? nanosOfPair() : null);
        row.put("speed-up", isComparable() ? speedup() : null);
        row.put("efficiency", isComparable() ? efficiency() : null);
        row.put("RMS", Report.rms(m.accuracy()));
        row.put("note", Report.failure(m));
        return row;
    }
}
