package tessera.methods;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.reference.Accuracy;
import tessera.reference.Expected;

/** Runs methods on devices and compares each with its twin. */
public final class Verification {

    /** [batch, heads, length, dim] of the problems: several windows and blocks with a short last one; a single token. */
    private static final List<Shape> PROBLEMS = List.of(Shape.of(2, 6, 259, 12), Shape.of(1, 2, 1, 20));

    /**
     * What a check found.
     *
     * @param plan how it was computed, empty if no plan was found
     * @param status passed or failed
     * @param maxAbs largest absolute difference over all problems, NaN if it did not run
     * @param rms largest RMS ratio, NaN if it did not run
     * @param reason why it failed, empty if it passed
     */
    public record Outcome(String id, String name, String family, String device, String plan, String status, double maxAbs, double rms,
            String reason) {

        public boolean passed() {
            return status.equals("passed");
        }
    }

    private Verification() {
    }

    /** Checks every method on every device; {@code progress} gets each outcome as it is found. */
    public static List<Outcome> run(List<Method> methods, List<Device> devices, Consumer<Outcome> progress) {
        List<Outcome> outcomes = new ArrayList<>();
        for (Method method : methods) {
            for (Device device : devices) {
                Outcome outcome = check(method, device);
                outcomes.add(outcome);
                progress.accept(outcome);
            }
        }
        return outcomes;
    }

    /** A failure of any kind is an outcome, so that one method does not hide the others. */
    private static Outcome check(Method method, Device device) {
        Accuracy worst = Accuracy.EXACT;
        String plan = "";
        List<String> differences = new ArrayList<>();
        try {
            for (Shape shape : PROBLEMS) {
                Case problem = method.on(Tensor.random(shape, 1), Tensor.random(shape, 2), Tensor.random(shape, 3), 4);
                List<Plan> chosen = problem.plans(device);
                plan = plan.isEmpty() ? Plan.brief(chosen) : plan;
                worst = worst.worse(accuracy(method, problem, chosen, device, differences));
            }
        } catch (RuntimeException | LinkageError e) {
            return outcome(method, device, plan, new Accuracy(false, Double.NaN, Double.NaN), e.getMessage() == null ? e.toString() : e.getMessage());
        }
        double tolerance = DType.F32.tolerance();
        if (!differences.isEmpty()) {
            return outcome(method, device, plan, worst, differences.getFirst());
        }
        return outcome(method, device, plan, worst, worst.within(tolerance) ? "" : "the RMS ratio must be below " + tolerance + ": " + worst);
    }

    private static Accuracy accuracy(Method method, Case problem, List<Plan> plans, Device device, List<String> differences) {
        try (var prepared = new PreparedCase(problem, device, plans)) {
            prepared.poison();
            prepared.run();
            prepared.selectionDifference().ifPresent(differences::add);
            int[] everywhere = IntStream.range(0, prepared.out().shape().elements()).toArray();
            return Accuracy.of(prepared.out(), new Expected.Values(everywhere, method.twin().of(problem.inputs())));
        }
    }

    private static Outcome outcome(Method method, Device device, String plan, Accuracy accuracy, String reason) {
        Row row = method.row();
        return new Outcome(row.id(), row.name(), row.family(), device.id(), plan, reason.isEmpty() ? "passed" : "failed", accuracy.maxAbs(),
                accuracy.rms(), reason);
    }
}
