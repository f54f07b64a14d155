package tessera.methods;

import java.util.Map;
import java.util.function.Predicate;
import tessera.Spec;
import tessera.Tensor;
import tessera.planner.Plan;

/**
 * A method applied to given tensors.
 *
 * @param inputs every input of the spec by name
 * @param wanted which plans are this method, where the method is a way of computing and not only what is computed
 */
public record Case(Spec spec, Map<String, Tensor> inputs, Predicate<Plan> wanted) {

    public Case(Spec spec, Map<String, Tensor> inputs) {
        this(spec, inputs, plan -> true);
    }
}
