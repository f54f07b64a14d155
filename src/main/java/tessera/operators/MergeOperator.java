package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.MergeSpec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.MergeReference;
import tessera.reference.Sample;
import tessera.tasks.dense.MergeParts;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** MERGE: partial attention results combined by their log-sum-exp. */
public final class MergeOperator implements Operator<MergeSpec> {

    private static final Kernel ROWS = Kernel.of(MergeParts.class, "rows");

    /** With fewer rows of the result than this, one work-item for each leaves most of a large device idle. */
    private static final int MANY_ROWS = 4096;

    @Override
    public Candidates plans(MergeSpec spec, Device device) {
        long rows = (long) spec.batch() * spec.heads() * spec.queries();
        long elements = (spec.parts() + 1L) * rows * (spec.valueDim() + 1);
        Candidates candidates = new Candidates();
        candidates.add(new Plan("MERGE", "rows", "-", Map.of(), DType.F32,
                new Cost(2L * spec.parts() * rows * spec.valueDim(), 4 * elements, 4 * elements, 1),
                "one row of the result, or one element where the rows are few, for each work-item"));
        return candidates;
    }

    @Override
    public Program bind(MergeSpec spec, Plan plan, Map<String, Tensor> tensors) {
        int rows = spec.batch() * spec.heads() * spec.queries();
        FloatArray parts = (FloatArray) tensors.get("parts").data();
        FloatArray lses = (FloatArray) tensors.get("lses").data();
        FloatArray out = (FloatArray) tensors.get("out").data();
        FloatArray lse = (FloatArray) tensors.get("lse").data();
        Task task = task(parts, lses, out, lse, spec.parts(), rows, spec.valueDim());
        return new Program(List.of(task), List.of(parts, lses), List.of(), List.of(out, lse), () -> Lse.markEmpty(lse));
    }

    /** Merges {@code parts} results of {@code rows} rows. */
    static Task task(Object partOut, Object partLse, Object out, Object lse, int parts, int rows, int valueDim) {
        int width = rows < MANY_ROWS ? 1 : valueDim;
        return Task.rows("merge", ROWS, rows * (valueDim / width), partOut, partLse, out, lse, parts, rows, valueDim, width);
    }

    @Override
    public Expected reference(MergeSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return MergeReference.compute(spec, inputs.get("parts"), inputs.get("lses"), sample);
    }
}
