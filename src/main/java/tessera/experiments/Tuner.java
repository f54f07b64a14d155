package tessera.experiments;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import tessera.Spec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.methods.Case;
import tessera.methods.Catalogue;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.TunedPlan;
import tessera.planner.TunedPlans;

/**
 * Measures the legal plans of problems and keeps each figure as soon as it is there. What was measured before is not measured again, so
 * that a tuning that was interrupted goes on where it stopped.
 *
 * @param protocol how each plan is measured; only verified results get a time
 * @param hopeless how many times slower than the best so far a plan may be expected before it is left out
 * @param endNanos {@link System#nanoTime} after which no new plan is begun
 */
public record Tuner(Protocol protocol, double hopeless, long seed, TunedPlans kept, long endNanos) {

    /**
     * What tuning one problem on one device gave.
     *
     * @param legal number of legal plans
     * @param measured how many of them have a figure now
     * @param left how many have none since they were expected to be slow, or time was over
     * @param guess the plan that comes first without figures, and {@code guessMillis} its time, NaN if it has none
     * @param best the fastest plan, null if none works
     */
    public record Tuned(Device device, Spec spec, int legal, int measured, int left, Plan guess, double guessMillis, Plan best, double bestMillis) {
    }

    /** Tunes a problem on a device; {@code progress} is told each plan before it is measured. */
    public Tuned tune(Spec spec, Device device, Consumer<String> progress) {
        List<Plan> legal = Planner.untuned(spec, device).legal();
        Map<String, Tensor> inputs = null;
        Check check = null;
        List<Plan> timed = new ArrayList<>();
        int left = 0;
        for (Plan plan : legal) {
            if (kept.find(spec, device, plan) == null) {
                if (System.nanoTime() > endNanos || isHopeless(spec, device, plan, timed)) {
                    left++;
                    continue;
                }
                progress.accept(plan.summary() + " on " + device.id());
                inputs = inputs == null ? Trials.inputs(spec, seed) : inputs;
                check = check == null ? new Check(new Case(spec, inputs), seed) : check;
                kept.add(measured(spec, inputs, check, device, plan));
            }
            timed.add(plan);
        }
        ToDoubleFunction<Plan> millis = plan -> kept.find(spec, device, plan).median() / 1e6;
        Plan best = timed.stream().min(Comparator.comparingDouble(millis)).filter(plan -> Double.isFinite(millis.applyAsDouble(plan))).orElse(null);
        Plan guess = legal.isEmpty() ? null : legal.getFirst();
        return new Tuned(device, spec, legal.size(), timed.size(), left, guess, timed.contains(guess) ? millis.applyAsDouble(guess) : Double.NaN, best,
                best == null ? Double.NaN : millis.applyAsDouble(best));
    }

    private boolean isHopeless(Spec spec, Device device, Plan plan, List<Plan> timed) {
        double best = timed.stream().mapToDouble(p -> kept.find(spec, device, p).median()).min().orElse(Double.POSITIVE_INFINITY);
        Double expected = Planner.expectedMillis(spec, device, plan);
        return expected != null && expected * 1e6 > hopeless * best;
    }

    private TunedPlan measured(Spec spec, Map<String, Tensor> inputs, Check check, Device device, Plan plan) {
        Case problem = new Case(spec, inputs, plan::equals);
        String method = spec.operator().equals("ATTN") ? "H03" : "G08";
        Measurement m = protocol.measure(Catalogue.row(method), problem, _ -> List.of(plan), check, Trials.workload(inputs, seed), device);
        List<Long> nanos = m.runs().stream().map(run -> run.kernel()).toList();
        return TunedPlan.of(device, spec, plan, nanos, m.verified() ? null : m.reason(), Instant.now());
    }
}
