package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import tessera.Prepared;
import tessera.Spec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.engine.Timing;
import tessera.planner.Plan;

/** A case made ready on a device: prepare once, run many times. */
public final class PreparedCase implements AutoCloseable {
    private final Case problem;
    private final List<Prepared> steps = new ArrayList<>();
    private final List<Map<String, Tensor>> tensors = new ArrayList<>();
    private final List<Timing> timings = new ArrayList<>();

    /**
     * One plan for each step, as {@link Case#plans} chooses them; no plan is checked by itself, the result is the caller's to check.
     * What a step hands on to others is kept in float32, or as the integers it is, so that only the result and the cache are rounded to the case's type.
     */
    public PreparedCase(Case problem, Device device, List<Plan> plans) {
        this.problem = problem;
        for (int n = 0; n < plans.size(); n++) {
            Step step = problem.steps().get(n);
            Spec spec = step.spec();
            steps.add(Tessera.unchecked(spec, device, plans.get(n)).timed(true));
            Map<String, Tensor> outputs = new LinkedHashMap<>();
            spec.outputs().forEach((name, shape) -> outputs.put(name, Tensor.zeros(problem.type(step, name), shape)));
            tensors.add(outputs);
        }
    }

    /** Fills every output with what no result is, so that what a kernel leaves unwritten shows. */
    public void poison() {
        for (int n = 0; n < steps.size(); n++) {
            Map<String, Tensor> ofStep = tensors.get(n);
            problem.steps().get(n).spec().outputs().keySet().forEach(name -> ofStep.get(name).poison());
        }
    }

    /** Runs the steps in order. Times are sums over the steps, but for the total: that has in it what the host does to hand one's output to the next. */
    public Timing run() {
        long start = System.nanoTime();
        timings.clear();
        Map<String, Tensor> there = new LinkedHashMap<>(problem.inputs());
        Timing sum = new Timing(0, 0, 0, 0);
        for (int n = 0; n < steps.size(); n++) {
            Step step = problem.steps().get(n);
            Map<String, Tensor> ofStep = tensors.get(n);
            step.arguments(there).forEach((name, tensor) -> keep(ofStep, name, tensor));
            timings.add(steps.get(n).run(ofStep).timing());
            sum = sum.plus(timings.getLast());
            step.spec().outputs().keySet().forEach(name -> there.put(step.name() + "." + name, ofStep.get(name)));
        }
        return new Timing(sum.kernel(), sum.transfer(), sum.compile(), System.nanoTime() - start);
    }

    /** The last run's times, step by step. */
    public List<Timing> timings() {
        return List.copyOf(timings);
    }

    /** A step keeps the tensors of its first run, so that it is bound to them once. */
    private static void keep(Map<String, Tensor> kept, String name, Tensor tensor) {
        Tensor mine = kept.putIfAbsent(name, tensor);
        if (mine != null && mine != tensor) {
            tensor.copyTo(mine);
        }
    }

    /** Inputs and outputs of step {@code n}, by their names in its spec, as its last run left them. */
    public Map<String, Tensor> tensors(int n) {
        return tensors.get(n);
    }

    /** What there was for the last step, and what it computed: the case's inputs, and every output as {@code step.name}. */
    Map<String, Tensor> outputs() {
        Map<String, Tensor> outputs = new LinkedHashMap<>(problem.inputs());
        for (int n = 0; n < steps.size(); n++) {
            Step step = problem.steps().get(n);
            Map<String, Tensor> ofStep = tensors.get(n);
            step.spec().outputs().keySet().forEach(name -> outputs.put(step.name() + "." + name, ofStep.get(name)));
        }
        return outputs;
    }

    /** Where the last run selected other lists than the twin, as sets: "selection differs at ..."; empty if nowhere. */
    public Optional<String> selectionDifference() {
        Map<String, Tensor> outputs = outputs();
        return problem.selected().entrySet().stream()
                .flatMap(entry -> difference(entry.getKey(), outputs.get(entry.getKey()), entry.getValue().of(problem.inputs())).stream()).findFirst();
    }

    private static Optional<String> difference(String name, Tensor lists, int[][] twin) {
        int length = lists.shape().dim(-1);
        int rows = lists.shape().elements() / length;
        if (rows != twin.length) {
            return Optional.of("selection differs at " + name + ": " + rows + " lists instead of " + twin.length);
        }
        for (int row = 0; row < rows; row++) {
            int first = row * length;
            Set<Integer> found = IntStream.range(first, first + length).mapToObj(e -> (int) lists.get(e)).filter(c -> c != -1)
                    .collect(Collectors.toCollection(TreeSet::new));
            Set<Integer> wanted = Arrays.stream(twin[row]).boxed().collect(Collectors.toCollection(TreeSet::new));
            if (!found.equals(wanted)) {
                return Optional.of("selection differs at list " + row + " of " + name + ": " + found + " instead of " + wanted);
            }
        }
        return Optional.empty();
    }

    /** The result. */
    public Tensor out() {
        return tensors.getLast().get("out");
    }

    @Override
    public void close() {
        steps.forEach(Prepared::close);
    }
}
