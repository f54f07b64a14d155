package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.MergeSpec;
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
import tessera.reference.MergeReference;
import tessera.reference.Sample;
import tessera.tasks.dense.MergeParts;
import tessera.tasks.dense.TiledMerge;
import tessera.tasks.sparse.WeighParts;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** MERGE: partial attention results combined by their log-sum-exp or by given weights. */
public final class MergeOperator implements Operator<MergeSpec> {

    private static final Kernel ROWS = Kernel.of(MergeParts.class, "rows");
    private static final Kernel TILES = Kernel.of(TiledMerge.class, "tiles");
    private static final Kernel WEIGH = Kernel.of(WeighParts.class, "rows");

    /** With fewer rows of the result than this, one work-item for each leaves most of a large device idle. */
    private static final int MANY_ROWS = 4096;

    @Override
    public Candidates plans(MergeSpec spec, Device device) {
        long rows = (long) spec.batch() * spec.heads() * spec.queries();
        long elements = (spec.parts() + 1L) * rows * (spec.valueDim() + 1);
        Candidates candidates = new Candidates();
        candidates.add(new Plan("MERGE", "rows", "-", Map.of(), DType.F32,
                new Cost(2L * spec.parts() * rows * spec.valueDim(), 4 * elements, 4 * elements, 1),
                spec.weights() != null ? "one channel of a row of the result for each work-item"
                        : "one row of the result, or one element where the rows are few, for each work-item"));
        return candidates;
    }

    @Override
    public Program bind(MergeSpec spec, Plan plan, Map<String, Tensor> tensors) {
        int rows = spec.batch() * spec.heads() * spec.queries();
        FloatArray parts = (FloatArray) tensors.get("parts").data();
        FloatArray out = (FloatArray) tensors.get("out").data();
        if (spec.weights() != null) {
            FloatArray weights = (FloatArray) tensors.get("weights").data();
            int[] strides = strides(spec.weights());
            Task weigh = Task.rows("weigh", WEIGH, out.getSize(), parts, weights, out, spec.parts(), rows, spec.heads(), spec.queries(),
                    spec.valueDim(), strides[0], strides[1], strides[2], strides[3]);
            return new Program(List.of(weigh), List.of(parts, weights), List.of(), List.of(out));
        }
        FloatArray lses = (FloatArray) tensors.get("lses").data();
        FloatArray lse = (FloatArray) tensors.get("lse").data();
        Task task = task(parts, lses, out, lse, spec.parts(), rows, spec.valueDim());
        return new Program(List.of(task), List.of(parts, lses), List.of(), List.of(out, lse), () -> Lse.markEmpty(lse));
    }

    /** 0 along an axis that is broadcast. */
    private static int[] strides(Shape shape) {
        int[] strides = new int[4];
        for (int axis = 3, stride = 1; axis >= 0; stride *= shape.dim(axis), axis--) {
            strides[axis] = shape.dim(axis) == 1 ? 0 : stride;
        }
        return strides;
    }

    /** Merges {@code parts} results of {@code rows} rows. */
    static Task task(Object partOut, Object partLse, Object out, Object lse, int parts, int rows, int valueDim) {
        int width = rows < MANY_ROWS ? 1 : valueDim;
        return Task.rows("merge", ROWS, rows * (valueDim / width), partOut, partLse, out, lse, parts, rows, valueDim, width);
    }

    /** As {@link #task}, on a GPU: a work-group for each row, of at most {@code mostItems} work-items or one for each channel. */
    static Task tiles(Object partOut, Object partLse, Object out, Object lse, int parts, int rows, int valueDim, int mostItems) {
        int slices = Math.max(1, mostItems / valueDim);
        return Task.tiles("merge", TILES, rows, 1, slices * valueDim, partOut, partLse, out, lse, parts, rows, valueDim, slices);
    }

    @Override
    public Expected reference(MergeSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return MergeReference.compute(spec, inputs, sample);
    }
}
