package tessera.planner;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tessera.Spec;
import tessera.engine.Device;

/**
 * What measured plans tell of a problem: the time of a plan is that of a roofline times the slowness that the same plan had on
 * problems nearby, weighted by the inverse square of their distance in doublings (Shepard 1968). On a measured problem that is its own time.
 */
final class Calibration {

    /** Doublings beyond which one problem tells nothing of another. */
    private static final double FARTHEST = 4;

    /** Rates that set the shape of the roofline where a device is not measured; only their ratio matters, since slowness takes up the rest. */
    private static final double GIGAFLOPS = 100;
    private static final double GIGABYTES_PER_SECOND = 10;

    private final TunedProblem problem;
    private final Map<String, List<TunedPlan>> near = new HashMap<>();

    /** @param unseen whether the problem's own figures are left out */
    private Calibration(TunedProblem problem, List<TunedPlan> measured, boolean unseen) {
        this.problem = problem;
        for (TunedPlan plan : measured) {
            if (problem.distance(plan.problem()) <= FARTHEST && !(unseen && plan.problem().equals(problem))) {
                near.computeIfAbsent(plan.plan(), _ -> new ArrayList<>()).add(plan);
            }
        }
    }

    /** Legal plans in the order of their expected times; those of which nothing is known follow as they were. */
    static List<Plan> order(Spec spec, Device device, List<Plan> legal, TunedPlans tuned, boolean unseen) {
        if (legal.size() < 2 || tuned.isEmpty()) {
            return legal;
        }
        Map<String, Calibration> byKind = new HashMap<>();
        Map<Plan, Double> expected = new HashMap<>();
        for (Plan plan : legal) {
            TunedProblem problem = TunedProblem.of(spec, plan);
            Calibration calibration = byKind.computeIfAbsent(problem.toString(), _ -> new Calibration(problem, tuned.of(problem.kind(), device), unseen));
            Double nanos = calibration.nanos(plan);
            if (nanos != null) {
                expected.put(plan, nanos);
            }
        }
        if (!expected.containsKey(legal.getFirst())) {
            return legal;
        }
        List<Plan> known = legal.stream().filter(expected::containsKey).sorted(Comparator.comparing(expected::get)).toList();
        List<Plan> ordered = new ArrayList<>();
        known.stream().filter(plan -> expected.get(plan) < Double.POSITIVE_INFINITY).forEach(plan -> ordered.add(reasoned(plan, expected.get(plan))));
        legal.stream().filter(plan -> !expected.containsKey(plan)).forEach(ordered::add);
        known.stream().filter(plan -> expected.get(plan) == Double.POSITIVE_INFINITY).forEach(ordered::add);
        return ordered;
    }

    /** Expected time of one plan in milliseconds. */
    static Double millis(Spec spec, Device device, Plan plan, TunedPlans tuned) {
        TunedProblem problem = TunedProblem.of(spec, plan);
        Double nanos = new Calibration(problem, tuned.of(problem.kind(), device), false).nanos(plan);
        return nanos == null ? null : nanos / 1e6;
    }

    private static Plan reasoned(Plan plan, double nanos) {
        String reason = String.format(Locale.ROOT, "%s; %.3g ms by what was measured of it", plan.reason(), nanos / 1e6);
        return new Plan(plan.operator(), plan.variant(), plan.layout(), plan.tuning(), plan.storage(), plan.cost(), reason);
    }

    /** Expected time; infinite for a plan that failed nearby, null if nothing is known. */
    private Double nanos(Plan plan) {
        List<TunedPlan> measured = near.get(plan.summary());
        if (measured == null) {
            return null;
        }
        double roofline = Math.max(plan.cost().flops() / GIGAFLOPS, plan.cost().bytes() / GIGABYTES_PER_SECOND);
        double weights = 0;
        double sum = 0;
        for (TunedPlan other : measured) {
            double distance = problem.distance(other.problem());
            if (distance == 0) {
                return other.median();
            }
            double weight = other.failure() == null ? 1 / (distance * distance) : 0;
            weights += weight;
            sum += weight == 0 ? 0 : weight * Math.log(other.slowness(GIGAFLOPS, GIGABYTES_PER_SECOND));
        }
        return weights == 0 ? Double.POSITIVE_INFINITY : Double.valueOf(roofline * Math.exp(sum / weights));
    }
}
