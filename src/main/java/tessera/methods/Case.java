package tessera.methods;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import tessera.AttentionSpec;
import tessera.CodedAttentionSpec;
import tessera.DType;
import tessera.QuantisedAttentionSpec;
import tessera.RecurrenceSpec;
import tessera.Spec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.planner.Planner;

/**
 * A method applied to given tensors: operators one after the other, most often a single one. The output {@code out} of the last
 * one is the result.
 *
 * @param inputs what the steps read by name, and what else the twin needs
 * @param selected the lists that the method selects by its twin, by the output that must hold the same ones, such as {@code select.keyBlocks}
 */
public record Case(List<Step> steps, Map<String, Tensor> inputs, Map<String, Selected> selected) {

    /** What a twin selects: a list for each row of an output {@code [..., lists]}, in any order and without the -1 of the output. */
    @FunctionalInterface
    public interface Selected {
        int[][] of(Map<String, Tensor> inputs);
    }

    /** A method whose steps select nothing. */
    public Case(List<Step> steps, Map<String, Tensor> inputs) {
        this(steps, inputs, Map.of());
    }

    /** A method of one operator. */
    public Case(Spec spec, Map<String, Tensor> inputs) {
        this(spec, inputs, _ -> true);
    }

    /** A method of one operator, computed in one of the wanted ways. */
    public Case(Spec spec, Map<String, Tensor> inputs, Predicate<Plan> wanted) {
        this(List.of(new Step(spec.operator(), spec, UnaryOperator.identity(), wanted)), inputs);
    }

    /** The same, whose output of that name must hold the lists of the twin. */
    public Case selecting(String output, Selected twin) {
        Map<String, Selected> all = new LinkedHashMap<>(selected);
        all.put(output, twin);
        return new Case(steps, inputs, all);
    }

    /** What the last step computes. */
    public Spec spec() {
        return steps.getLast().spec();
    }

    /** Storage type of the inputs, which bounds how exact the result can be. */
    public DType dtype() {
        return steps.getFirst().spec().dtype();
    }

    /** Whether no token sees a later one: so says the last attention or recurrence. */
    public boolean isCausal() {
        return steps.reversed().stream().map(Step::spec).<Boolean>mapMulti((spec, said) -> {
            switch (spec) {
                case AttentionSpec attention -> said.accept(attention.causal());
                case CodedAttentionSpec coded -> said.accept(coded.causal());
                case QuantisedAttentionSpec quantised -> said.accept(quantised.attention().causal());
                case RecurrenceSpec recurrence -> said.accept(recurrence.causal());
                default -> { }
            }
        }).findFirst().orElse(true);
    }

    /**
     * The best plan of each step on a device that is this method.
     *
     * @throws tessera.TesseraException if a step has none, naming the limits
     */
    public List<Plan> plans(Device device) {
        return steps.stream().map(s -> Planner.plan(s.spec(), device, s.wanted(), "in this method's own way of computing")).toList();
    }
}
