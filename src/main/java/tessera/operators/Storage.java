package tessera.operators;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.Spec;
import tessera.Tensor;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Plan;
import tessera.tasks.Widen;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Float16 inputs: they travel as they are and are widened on the device, in front of the operator's own tasks, unless those take
 * them as they are. Inputs that the spec stores in a type of their own are left alone.
 */
public final class Storage {
    private static final Kernel WIDEN = Kernel.of(Widen.class, "rows");

    private Storage() {
    }

    /** The type of an input on the device. */
    public static DType type(Spec spec, Plan plan, String input) {
        DType type = spec.type(input);
        return type == spec.dtype() ? plan.storage() : type;
    }

    /** The program of a plan over tensors in the plan's storage type. */
    public static Program bind(Spec spec, Plan plan, Map<String, Tensor> tensors) {
        Operator<Spec> operator = Operators.of(spec);
        if (plan.storage() == plan.operands()) {
            return operator.bind(spec, plan, tensors);
        }
        Map<String, Tensor> wide = new LinkedHashMap<>(tensors);
        List<Task> tasks = new ArrayList<>();
        List<TornadoNativeArray> inputs = new ArrayList<>();
        List<TornadoNativeArray> widened = new ArrayList<>();
        for (String name : spec.inputs().keySet()) {
            if (type(spec, plan, name) != DType.F16) {
                continue;
            }
            Tensor half = tensors.get(name);
            Tensor full = Tensor.zeros(DType.F32, half.shape());
            wide.put(name, full);
            inputs.add(half.data());
            widened.add(full.data());
            tasks.add(Task.rows("widen_" + name, WIDEN, half.shape().elements(), half.data(), full.data()));
        }
        Program program = operator.bind(spec, plan, wide);
        tasks.addAll(program.tasks());
        program.inputs().stream().filter(array -> widened.stream().noneMatch(full -> full == array)).forEach(inputs::add);
        return new Program(tasks, inputs, program.constants(), program.outputs(), program.start(), program.finish());
    }
}
