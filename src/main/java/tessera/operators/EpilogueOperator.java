package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.Epilogue;
import tessera.Epilogue.Activation;
import tessera.Epilogue.Gate;
import tessera.Epilogue.Norm;
import tessera.EpilogueSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.EpilogueReference;
import tessera.reference.Expected;
import tessera.reference.Sample;
import tessera.tasks.AddScaled;
import tessera.tasks.linear.GateElements;
import tessera.tasks.linear.MapFeatures;
import tessera.tasks.linear.NormaliseRows;
import tessera.tasks.linear.SoftmaxRows;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** EPI: norms, activations, gates and sums over the last axis. */
public final class EpilogueOperator implements Operator<EpilogueSpec> {
    private static final Kernel NORMALISE = Kernel.of(NormaliseRows.class, "rows");
    private static final Kernel SOFTMAX = Kernel.of(SoftmaxRows.class, "rows");
    private static final Kernel MAP = Kernel.of(MapFeatures.class, "rows");
    private static final Kernel GATE = Kernel.of(GateElements.class, "rows");
    private static final Kernel ADD = Kernel.of(AddScaled.class, "rows");

    @Override
    public Candidates plans(EpilogueSpec spec, Device device) {
        long elements = spec.outputs().get("out").elements();
        long bytes = 4 * (elements + spec.inputs().values().stream().mapToLong(Shape::elements).sum());
        boolean rows = spec.epilogue() instanceof Norm || spec.epilogue() == Activation.SOFTMAX;
        Candidates candidates = new Candidates();
        candidates.add(new Plan("EPI", "rows", "-", Map.of(), DType.F32, new Cost(3 * elements, bytes, bytes, 1),
                rows ? "one token of one head for each work-item" : "one element for each work-item"));
        return candidates;
    }

    @Override
    public Program bind(EpilogueSpec spec, Plan plan, Map<String, Tensor> tensors) {
        GivenInputs given = new GivenInputs(tensors);
        FloatArray out = (FloatArray) tensors.get("out").data();
        return new Program(List.of(task(spec, given, out)), given.inputs(), given.constants(), List.of(out));
    }

    private static Task task(EpilogueSpec spec, GivenInputs given, FloatArray out) {
        int dim = spec.dim();
        int rows = spec.batch() * spec.heads() * spec.length();
        FloatArray x = given.of("x");
        return switch (spec.epilogue()) {
            case Activation.SIGMOID -> Task.rows("sigmoid", MAP, rows * dim, x, out, MapFeatures.SIGMOID);
            case Activation.SILU -> Task.rows("silu", MAP, rows * dim, x, out, MapFeatures.SILU);
            case Activation.SOFTMAX -> Task.rows("softmax", SOFTMAX, rows, x, out, dim);
            case Norm norm -> {
                int weightHeads = Math.max(norm.weightHeads(), 1);
                yield Task.rows("normalise", NORMALISE, rows, x, given.or("weight", dim, 1), given.or("bias", weightHeads * dim, 0), out, spec.heads(),
                        spec.length(), dim, weightHeads, norm.kind() == Norm.Kind.LAYER ? 1 : 0, norm.kind() == Norm.Kind.L2 ? 1 : dim, norm.epsilon());
            }
            case Gate(Gate.Function function) -> Task.rows("gate", GATE, rows * dim, x, given.of("g"), out, switch (function) {
                case IDENTITY -> GateElements.IDENTITY;
                case SIGMOID -> GateElements.SIGMOID;
                case SILU -> GateElements.SILU;
            });
            case Epilogue.Add(float factor) -> Task.rows("add", ADD, rows * dim, x, given.of("y"), out, factor);
        };
    }

    @Override
    public Expected reference(EpilogueSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return EpilogueReference.compute(spec, inputs, sample);
    }
}
