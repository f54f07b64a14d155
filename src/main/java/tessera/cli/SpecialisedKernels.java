package tessera.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tessera.DType;
import tessera.Spec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Engines;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.operators.Storage;
import tessera.planner.Plan;
import tessera.planner.SelfCheck;
import tessera.specialise.KernelListing;
import tessera.specialise.Specialiser;

/** The specialised kernels that a plan runs, as text: as Java's compiler would give them, and as the device's compiler gets them. */
final class SpecialisedKernels {
    private SpecialisedKernels() {
    }

    static String text(Spec spec, Plan plan, Device device) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        SelfCheck.inputs(spec, 1).forEach((name, tensor) -> tensors.put(name, tensor.to(Storage.type(spec, plan, name))));
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape)));
        Program program = Storage.bind(spec, plan, tensors);
        List<Kernel> kernels = program.tasks().stream().filter(task -> Specialiser.isFor(task.kernel())).map(Specialiser::specialise).map(Task::kernel).distinct().toList();
        if (kernels.isEmpty()) {
            return device.id() + ": no kernel of " + plan.summary() + " is specialised";
        }
        try (var session = Engines.of(device).prepare(device, program)) {
            return device.id() + ": " + plan.summary() + "\n" + kernels.stream().map(KernelListing::of).collect(Collectors.joining("\n")) + session.source();
        }
    }
}
