package tessera.experiments;

import java.util.List;
import tessera.engine.Timing;

/**
 * One problem on one device.
 *
 * @param measurement runs that measure their kernels
 * @param inPlace runs on the plan's own tensors that do not; empty unless verified
 * @param copied the same on the caller's tensors
 * @param first preparing a plan and running it once, in milliseconds
 * @param compile compiling kernels in that run, in milliseconds
 * @param again the same as first for a second plan of the same problem
 */
public record OverheadPoint(Measurement measurement, List<Timing> inPlace, List<Timing> copied, double first, double compile, double again) {

    /** Wall times of the runs in microseconds. */
    static double[] walls(List<Timing> runs) {
        return runs.stream().mapToDouble(run -> run.total() / 1e3).toArray();
    }

    /** Wall times of the runs in microseconds, less the time of their kernels; where that was not measured, the median of {@code measurement}. */
    Summary overhead(List<Timing> runs) {
        double median = measurement.kernel().median();
        return Summary.of(runs.stream().mapToDouble(run -> 1e3 * (run.totalMillis() - (run.measured() ? run.kernelMillis() : median))).toArray());
    }
}
