package tessera.planner;

import java.time.Instant;
import java.util.List;
import org.apache.commons.math3.stat.descriptive.rank.Median;
import tessera.AttentionSpec;
import tessera.Spec;
import tessera.engine.Device;

/**
 * A plan that was measured on a device.
 *
 * @param edition edition of this record; others are refused
 * @param device fingerprint of the device, with its driver and TornadoVM
 * @param problem what it was measured on
 * @param spec that problem in words
 * @param plan the plan's summary
 * @param flops floating-point operations of the plan
 * @param bytes bytes that the plan moves at least
 * @param kernelNanos kernel time of each timed run; empty if the plan failed
 * @param failure why there is none, or null
 * @param date when, ISO 8601
 */
public record TunedPlan(int edition, String device, TunedProblem problem, String spec, String plan, long flops, long bytes, List<Long> kernelNanos,
        String failure, String date) {

    /** Goes up when kernels change so much that older times mislead. */
    static final int EDITION = 1;

    /** What was just measured; {@code failure} says why there are no times, or is null. */
    public static TunedPlan of(Device device, Spec spec, Plan plan, List<Long> kernelNanos, String failure, Instant date) {
        return new TunedPlan(EDITION, TunedPlans.fingerprint(device), TunedProblem.of(spec, plan), words(spec), plan.summary(), plan.cost().flops(),
                plan.cost().bytes(), kernelNanos, failure, date.toString());
    }

    /** Inputs with their shapes, the storage type, and for attention who sees whom. */
    public static String words(Spec spec) {
        String mask = spec instanceof AttentionSpec a ? (a.causal() ? " causal " : " ") + a.mask() : "";
        return spec.operator() + " " + spec.dtype() + mask + " " + spec.inputs();
    }

    /** Why these figures cannot be used here, or null if they can. */
    String defect() {
        if (edition != EDITION) {
            return "it is of edition " + edition + ", this program reads edition " + EDITION;
        }
        boolean complete = device != null && problem != null && problem.kind() != null && problem.size() != null && plan != null && kernelNanos != null;
        if (!complete || !problem.size().stream().allMatch(size -> size != null && Double.isFinite(size))) {
            return "it lacks a device, a problem, a plan or times";
        }
        boolean measured = failure == null && !kernelNanos.isEmpty() && kernelNanos.stream().allMatch(nanos -> nanos != null && nanos > 0);
        return measured || failure != null && kernelNanos.isEmpty() ? null : "its times are not positive";
    }

    /** Median kernel time in nanoseconds; infinite if the plan failed. */
    public double median() {
        return kernelNanos.isEmpty() ? Double.POSITIVE_INFINITY : new Median().evaluate(kernelNanos.stream().mapToDouble(Long::doubleValue).toArray());
    }

    /** Time over that of a roofline with these rates, per ns; what carries over to a problem nearby. */
    double slowness(double gigaflops, double gigabytesPerSecond) {
        return median() / Math.max(flops / gigaflops, bytes / gigabytesPerSecond);
    }
}
