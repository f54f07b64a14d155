package tessera.operators;

import java.util.Map;
import tessera.Spec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Program;
import tessera.planner.Candidates;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.Sample;

/** An operator: which plans it has for a spec, the program of a plan, and the slow twin that defines the result. */
public interface Operator<S extends Spec> {

    /** Heuristic, search space and support test in one: every legal plan, best guess first. */
    Candidates plans(S spec, Device device);

    /**
     * The tasks of a plan over the given tensors.
     *
     * @param tensors every input and output of the spec by name, inputs in the type of the plan's operands, outputs as float32
     */
    Program bind(S spec, Plan plan, Map<String, Tensor> tensors);

    /**
     * The result in double precision, straight from the formula.
     *
     * @param inputs every input of the spec by name
     * @param sample which part of the result to compute
     */
    Expected reference(S spec, Map<String, Tensor> inputs, Sample sample);
}
