package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.PoolSpec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.PoolReference;
import tessera.reference.Sample;
import tessera.tasks.sparse.PoolSegments;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** POOL: segments of tokens, each reduced to one. */
public final class PoolOperator implements Operator<PoolSpec> {

    private static final Kernel ROWS = Kernel.of(PoolSegments.class, "rows");

    @Override
    public Candidates plans(PoolSpec spec, Device device) {
        long heads = (long) spec.batch() * spec.heads();
        long read = heads * spec.dim() * (spec.segments() > 0 ? spec.length() : (long) spec.count() * spec.size());
        long bytes = 4 * (read + heads * spec.count() * spec.dim());
        Candidates candidates = new Candidates();
        candidates.add(new Plan("POOL", "rows", "-", Map.of(), DType.F32, new Cost(read, bytes, bytes, 1),
                "one channel of a segment for each work-item"));
        return candidates;
    }

    @Override
    public Program bind(PoolSpec spec, Plan plan, Map<String, Tensor> tensors) {
        FloatArray x = (FloatArray) tensors.get("x").data();
        FloatArray out = (FloatArray) tensors.get("out").data();
        boolean given = spec.segments() > 0;
        int boundRows = given ? spec.batch() * spec.heads() * spec.segments() : spec.count();
        IntArray bounds = new IntArray(2 * boundRows);
        Task task = Task.rows("pool", ROWS, out.getSize(), x, bounds, out, spec.length(), spec.count(), spec.dim(), boundRows,
                switch (spec.reduction()) {
                    case MEAN -> PoolSegments.MEAN;
                    case SUM -> PoolSegments.SUM;
                    case MIN -> PoolSegments.MIN;
                    case MAX -> PoolSegments.MAX;
                });
        if (given) {
            IntArray starts = (IntArray) tensors.get("starts").data();
            return new Program(List.of(task), List.of(x, bounds), List.of(), List.of(out), () -> fill(spec, starts, bounds), () -> { });
        }
        for (int s = 0; s < boundRows; s++) {
            bounds.set(2 * s, s * spec.stride());
            bounds.set(2 * s + 1, Math.min(spec.length(), s * spec.stride() + spec.size()));
        }
        return new Program(List.of(task), List.of(x), List.of(bounds), List.of(out));
    }

    private static void fill(PoolSpec spec, IntArray starts, IntArray bounds) {
        for (int row = 0; row < bounds.getSize() / 2; row++) {
            int s = row % spec.segments();
            int at = row / spec.segments() * (spec.segments() + 1) + s;
            int start = starts.get(at);
            int end = starts.get(at + 1);
            if (start < 0 || start > end || end > spec.length()) {
                int head = row / spec.segments();
                throw new IllegalArgumentException("starts[" + head / spec.heads() + ", " + head % spec.heads() + "] must go up from 0 to at most length = "
                        + spec.length() + ", got segment " + s + " from " + start + " to " + end);
            }
            bounds.set(2 * row, start);
            bounds.set(2 * row + 1, end);
        }
    }

    @Override
    public Expected reference(PoolSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return PoolReference.compute(spec, inputs, sample);
    }
}
