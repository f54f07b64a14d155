package tessera.operators;

import java.util.Map;
import tessera.RecurrenceSpec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Program;
import tessera.planner.Candidates;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.Sample;

/** GLR: the gated linear recurrence. */
public final class RecurrenceOperator implements Operator<RecurrenceSpec> {

    @Override
    public Candidates plans(RecurrenceSpec spec, Device device) {
        return new Candidates();
    }

    @Override
    public Program bind(RecurrenceSpec spec, Plan plan, Map<String, Tensor> tensors) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Expected reference(RecurrenceSpec spec, Map<String, Tensor> inputs, Sample sample) {
        throw new UnsupportedOperationException();
    }
}
