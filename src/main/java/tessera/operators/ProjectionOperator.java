package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.ProjectionSpec;
import tessera.ProjectionSpec.Axis;
import tessera.Shape;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.ProjectionReference;
import tessera.reference.Sample;
import tessera.tasks.compact.ProjectChannels;
import tessera.tasks.compact.ProjectSequence;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** PROJ: projections of channels or of the sequence. */
public final class ProjectionOperator implements Operator<ProjectionSpec> {
    private static final Kernel CHANNELS = Kernel.of(ProjectChannels.class, "rows");
    private static final Kernel SEQUENCE = Kernel.of(ProjectSequence.class, "rows");

    @Override
    public Candidates plans(ProjectionSpec spec, Device device) {
        long out = spec.outputs().get("out").elements();
        long bytes = 4 * (out + spec.inputs().values().stream().mapToLong(Shape::elements).sum());
        long terms = spec.axis() == Axis.CHANNELS ? spec.dim() : spec.length();
        Candidates candidates = new Candidates();
        candidates.add(new Plan("PROJ", "rows", "-", Map.of(), DType.F32, new Cost(2 * out * terms, bytes, bytes, 1),
                "four elements of the result for each work-item"));
        return candidates;
    }

    @Override
    public Program bind(ProjectionSpec spec, Plan plan, Map<String, Tensor> tensors) {
        GivenInputs given = new GivenInputs(tensors);
        FloatArray x = given.of("x");
        FloatArray weight = given.of("weight");
        FloatArray out = (FloatArray) tensors.get("out").data();
        Shape shape = tensors.get("out").shape();
        int rows = shape.elements() / shape.dim(-1) * Math.ceilDiv(shape.dim(-1), 4);
        Task task = spec.axis() == Axis.CHANNELS
                ? Task.rows("channels", CHANNELS, rows, x, weight, given.or("bias", spec.weightHeads() * spec.features(), 0), out, spec.outHeads(),
                        spec.heads(), spec.weightHeads(), spec.length(), spec.dim(), spec.features())
                : Task.rows("sequence", SEQUENCE, rows, x, weight, out, spec.outHeads(), spec.heads(), spec.weightHeads(), spec.length(), spec.dim(),
                        spec.features());
        return new Program(List.of(task), given.inputs(), given.constants(), List.of(out));
    }

    @Override
    public Expected reference(ProjectionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return ProjectionReference.compute(spec, inputs, sample);
    }
}
