package tessera.methods;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import tessera.Spec;
import tessera.Tensor;
import tessera.planner.Plan;

/**
 * One operator of a method.
 *
 * @param name what its outputs go by for the steps after it: {@code name.out}, {@code name.lse}
 * @param spec what it computes
 * @param inputs finds the spec's inputs, and maybe more, in the case's inputs and the outputs of the steps before; on the host
 * @param wanted which plans are this method, where the method is a way of computing and not only what is computed
 */
public record Step(String name, Spec spec, UnaryOperator<Map<String, Tensor>> inputs, Predicate<Plan> wanted) {

    Step(String name, Spec spec, UnaryOperator<Map<String, Tensor>> inputs) {
        this(name, spec, inputs, _ -> true);
    }

    /** The spec's inputs, and nothing else, from what there is. */
    public Map<String, Tensor> arguments(Map<String, Tensor> there) {
        Map<String, Tensor> arguments = new LinkedHashMap<>(inputs.apply(there));
        arguments.keySet().retainAll(spec.inputs().keySet());
        return arguments;
    }

    /** As {@code there}, with some tensors also under other names: for each pair, the spec's name and the name there. */
    static Map<String, Tensor> renamed(Map<String, Tensor> there, Map<String, String> names) {
        Map<String, Tensor> renamed = new LinkedHashMap<>(there);
        names.forEach((name, other) -> renamed.put(name, there.get(other)));
        return renamed;
    }

    /** The {@code parts} and {@code lses} of a MERGE: the outputs of steps, one behind the other. */
    static Map<String, Tensor> parts(Map<String, Tensor> there, List<String> steps) {
        return Map.of("parts", stacked(steps.stream().map(step -> there.get(step + ".out")).toList()),
                "lses", stacked(steps.stream().map(step -> there.get(step + ".lse")).toList()));
    }

    /** Tensors of one shape, one behind the other. */
    static Tensor stacked(List<Tensor> tensors) {
        int size = tensors.getFirst().shape().elements();
        int[] dims = tensors.getFirst().shape().padded(tensors.getFirst().shape().rank() + 1).dims();
        dims[0] = tensors.size();
        Tensor stacked = Tensor.zeros(dims);
        for (int e = 0; e < stacked.shape().elements(); e++) {
            stacked.set(e, tensors.get(e / size).get(e % size));
        }
        return stacked;
    }
}
