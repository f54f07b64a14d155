package tessera.experiments;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tessera.AttentionSpec;
import tessera.Spec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.methods.Case;
import tessera.methods.Row;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.planner.SelfCheck;

/**
 * Attentions or recurrences by several plans on several devices.
 *
 * @param method what they are reported as
 * @param specs problems, each on every device
 * @param wanted which legal plans to measure; null for the planner's choice
 */
public record Trials(Row method, List<? extends Spec> specs, List<Device> devices, Predicate<Plan> wanted, Protocol protocol, long seed) {

    /** Number of points. */
    public int size() {
        return specs.stream().mapToInt(spec -> devices.stream().mapToInt(device -> plans(spec, device).size()).sum()).sum();
    }

    /** @param progress is told what comes next, once for each point */
    public List<Measurement> run(Consumer<String> progress) {
        List<Measurement> measured = new ArrayList<>();
        for (Spec spec : specs) {
            Map<String, Tensor> inputs = inputs(spec, seed);
            Workload workload = workload(inputs, seed);
            Check check = new Check(new Case(spec, inputs), seed);
            for (Device device : devices) {
                for (Predicate<Plan> plan : plans(spec, device)) {
                    progress.accept(workload.k().shape().dim(2) + " tokens on " + device.id());
                    measured.add(protocol.measure(method, new Case(spec, inputs, plan), check, workload, device));
                }
            }
        }
        return measured;
    }

    static Workload workload(Map<String, Tensor> inputs, long seed) {
        return new Workload("drawn, seed " + seed, inputs.get("q"), inputs.get("k"), inputs.get("v"), null, false);
    }

    static Map<String, Tensor> inputs(Spec spec, long seed) {
        if (spec instanceof AttentionSpec attention) {
            Workload drawn = Workload.drawn(attention, seed);
            return Map.of("q", drawn.q(), "k", drawn.k(), "v", drawn.v());
        }
        Map<String, Tensor> inputs = SelfCheck.inputs(spec, seed);
        inputs.replaceAll((name, tensor) -> tensor.to(spec.type(name)));
        return inputs;
    }

    /** One entry for each plan to measure; where none is legal, one that makes the measurement say why. */
    private List<Predicate<Plan>> plans(Spec spec, Device device) {
        if (wanted == null) {
            return List.of(_ -> true);
        }
        List<Plan> legal = Planner.candidates(spec, device).legal().stream().filter(wanted).toList();
        return legal.isEmpty() ? List.of(wanted) : legal.stream().map(plan -> (Predicate<Plan>) plan::equals).toList();
    }
}
