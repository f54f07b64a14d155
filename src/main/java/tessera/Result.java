package tessera;

import java.util.Map;
import tessera.engine.Timing;
import tessera.planner.Plan;
import tessera.reference.Accuracy;

/**
 * What happened in one run.
 *
 * @param outputs the tensors that were written, by name
 * @param plan how it was computed
 * @param device the device's id
 * @param timing where the time went
 * @param selfCheck accuracy of this plan on a small problem, checked at its first use on the device; null if switched off
 */
public record Result(Map<String, Tensor> outputs, Plan plan, String device, Timing timing, Accuracy selfCheck) {
}
