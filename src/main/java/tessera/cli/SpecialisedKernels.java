package tessera.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import tessera.DType;
import tessera.Spec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Task;
import tessera.operators.Storage;
import tessera.planner.Plan;
import tessera.planner.SelfCheck;
import tessera.specialise.KernelListing;
import tessera.specialise.Specialiser;

/** The specialised kernels that a plan runs, as text. */
final class SpecialisedKernels {
    private SpecialisedKernels() {
    }

    static String text(Spec spec, Plan plan, Device device) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        SelfCheck.inputs(spec, 1).forEach((name, tensor) -> tensors.put(name, tensor.to(Storage.type(spec, plan, name))));
        spec.outputs().forEach((name, shape) -> tensors.put(name, Tensor.zeros(DType.F32, shape)));
        String listings = Storage.bind(spec, plan, tensors).tasks().stream().map(Task::kernel).filter(Specialiser::isSpecialised).distinct()
                .map(KernelListing::of).collect(Collectors.joining("\n"));
        return device.id() + ": " + (listings.isEmpty() ? "no kernel of " + plan.summary() + " is specialised" : plan.summary() + "\n" + listings);
    }
}
