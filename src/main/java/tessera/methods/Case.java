package tessera.methods;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
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
 * @param cache what of every token is kept for later ones
 * @param selected the lists that the method selects by its twin, by the output that must hold the same ones, such as {@code select.keyBlocks}
 */
public record Case(List<Step> steps, Map<String, Tensor> inputs, Map<String, Selected> selected, Cache cache) {

    /** What a twin selects: a list for each row of an output {@code [..., lists]}, in any order and without the -1 of the output. */
    @FunctionalInterface
    public interface Selected {
        int[][] of(Map<String, Tensor> inputs);
    }

    /**
     * What is kept of every token.
     *
     * @param tensors inputs of the case, and outputs of steps as {@code step.name}; none where a state or nothing is kept
     * @param layers layers that share it
     */
    public record Cache(List<String> tensors, int layers) {
    }

    /** A method whose steps select nothing. An attention keeps the keys and values that it is given. */
    public Case(List<Step> steps, Map<String, Tensor> inputs) {
        this(steps, inputs, Map.of(), new Cache(steps.stream().anyMatch(step -> step.spec() instanceof AttentionSpec)
                ? Stream.of("k", "v").filter(inputs::containsKey).toList() : List.of(), 1));
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
        return new Case(steps, inputs, all, cache);
    }

    /** The same, which keeps these tensors of every token instead. */
    public Case caching(String... tensors) {
        return new Case(steps, inputs, selected, new Cache(List.of(tensors), 1));
    }

    /** The same, whose cache serves so many layers. */
    public Case forLayers(int layers) {
        return new Case(steps, inputs, selected, new Cache(cache.tensors, layers));
    }

    /** Bytes that one layer keeps of one token, as the tensors of the cache are stored; empty if it keeps nothing of every token. */
    public OptionalDouble cacheBytesPerToken() {
        Tensor keys = inputs.get("k");
        if (cache.tensors.isEmpty() || keys == null || keys.shape().rank() != 4) {
            return OptionalDouble.empty();
        }
        long bytes = cache.tensors.stream().mapToLong(this::bytes).sum();
        return OptionalDouble.of((double) bytes / ((long) keys.shape().dim(0) * keys.shape().dim(2) * cache.layers));
    }

    private long bytes(String name) {
        Tensor input = inputs.get(name);
        if (input != null) {
            return (long) input.shape().elements() * input.dtype().bytes();
        }
        Step step = steps.stream().filter(s -> name.startsWith(s.name() + ".")).findFirst().orElseThrow();
        String output = name.substring(step.name().length() + 1);
        return (long) step.spec().outputs().get(output).elements() * type(step, output).bytes();
    }

    /** The type in which a step's output is kept: that of the case for its result and its cache, else as kernels write it. */
    DType type(Step step, String output) {
        DType computed = step.spec().computedType(output);
        return step == steps.getLast() ? step.spec().outputType(output)
                : computed.isFloat() && cache.tensors.contains(step.name() + "." + output) ? dtype() : computed;
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
