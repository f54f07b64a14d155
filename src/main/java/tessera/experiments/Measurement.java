package tessera.experiments;

import java.util.List;
import java.util.function.ToLongFunction;
import tessera.engine.Device;
import tessera.engine.Timing;
import tessera.methods.Case;
import tessera.methods.Row;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Accuracy;

/**
 * One method on one device at one length.
 *
 * @param problem what was computed; null if the method cannot be composed for the inputs
 * @param plans how each of its steps was computed; empty if a step has no plan
 * @param checked which part of the result was compared with the reference; null if nothing ran
 * @param accuracy distance from the reference; null if nothing ran
 * @param outside distance from the result that the input file holds; null if it holds none for this method
 * @param verified whether the accuracy is within the tolerance of the storage type
 * @param compileNanos compiling kernels, in the first run
 * @param runs timed runs; empty unless verified
 * @param reason why there is no time; null if there is one
 * @param fidelity what it keeps of dense attention
 */
public record Measurement(Row method, Device device, int length, Case problem, List<Plan> plans, String checked, Accuracy accuracy, Accuracy outside,
        boolean verified, long compileNanos, List<Timing> runs, String reason, Fidelity fidelity) {

    /** @throws IllegalArgumentException for times of an unverified result */
    public Measurement {
        if (!verified && !runs.isEmpty()) {
            throw new IllegalArgumentException("an unverified result has no time");
        }
        plans = List.copyOf(plans);
        runs = List.copyOf(runs);
    }

    /** Where nobody asks what is kept of dense attention. */
    Measurement(Row method, Device device, int length, Case problem, List<Plan> plans, String checked, Accuracy accuracy, Accuracy outside,
            boolean verified, long compileNanos, List<Timing> runs, String reason) {
        this(method, device, length, problem, plans, checked, accuracy, outside, verified, compileNanos, runs, reason, Fidelity.UNKNOWN);
    }

    /** A method that cannot run there. */
    static Measurement impossible(Row method, Device device, int length, Case problem, List<Plan> plans, String reason) {
        return new Measurement(method, device, length, problem, plans, null, null, null, false, 0, List.of(), reason);
    }

    /** A method that ran with a wrong result. */
    static Measurement wrong(Row method, Device device, int length, Case problem, List<Plan> plans, String checked, Accuracy accuracy, Accuracy outside) {
        String reason = "wrong result: " + accuracy + " against the reference (" + checked + ")";
        return new Measurement(method, device, length, problem, plans, checked, accuracy, outside, false, 0, List.of(), reason);
    }

    /** Whether it ran and the result is not right. */
    public boolean isWrong() {
        return accuracy != null && !verified;
    }

    /** The plans in one line; null if there are none. */
    public String plan() {
        return plans.isEmpty() ? null : Plan.summary(plans);
    }

    /** What all steps ask of the device; null without plans. */
    public Cost cost() {
        return plans.isEmpty() ? null : Cost.sum(plans.stream().map(Plan::cost).toList());
    }

    /** What one layer keeps of one token; null if that is nothing, or a state of one size. */
    public Double cacheBytesPerToken() {
        return problem == null || problem.cacheBytesPerToken().isEmpty() ? null : Double.valueOf(problem.cacheBytesPerToken().getAsDouble());
    }

    public double[] kernelMillis() {
        return millis(Timing::kernel);
    }

    public double[] transferMillis() {
        return millis(Timing::transfer);
    }

    public double[] totalMillis() {
        return millis(Timing::total);
    }

    /** Visited pairs over all pairs, by the lists of the run where these say which; null if nothing says. */
    public Double density() {
        return fidelity != Fidelity.UNKNOWN ? fidelity.density() : cost() == null ? null : Double.valueOf(cost().density());
    }

    /** Kernel time in milliseconds. */
    public Summary kernel() {
        return Summary.of(kernelMillis());
    }

    /** Time from the call to the result in milliseconds, with copies and what the host does between steps. */
    public Summary total() {
        return Summary.of(totalMillis());
    }

    private double[] millis(ToLongFunction<Timing> part) {
        return runs.stream().mapToDouble(run -> part.applyAsLong(run) / 1e6).toArray();
    }
}
