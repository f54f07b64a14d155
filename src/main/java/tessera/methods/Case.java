package tessera.methods;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;
import tessera.Spec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.planner.Planner;

/**
 * A method applied to given tensors.
 *
 * @param inputs every input of the spec by name, and what else the twin needs
 * @param wanted which plans are this method, where the method is a way of computing and not only what is computed
 */
public record Case(Spec spec, Map<String, Tensor> inputs, Predicate<Plan> wanted) {

    public Case(Spec spec, Map<String, Tensor> inputs) {
        this(spec, inputs, plan -> true);
    }

    /** The inputs that the spec takes, without those that only the twin needs. */
    public Map<String, Tensor> arguments() {
        Map<String, Tensor> arguments = new LinkedHashMap<>(inputs);
        arguments.keySet().retainAll(spec.inputs().keySet());
        return arguments;
    }

    /**
     * The best plan on a device that is this method.
     *
     * @throws tessera.TesseraException if there is none, naming the limits
     */
    public Plan plan(Device device) {
        return Planner.plan(spec, device, wanted, "in this method's own way of computing");
    }
}
