package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.PermuteSpec;
import tessera.PermuteSpec.Direction;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.PermuteReference;
import tessera.reference.Sample;
import tessera.tasks.sparse.GatherTokens;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** PERM: tokens in another order. Scattering gathers by the inverse order, which the host finds before each run. */
public final class PermuteOperator implements Operator<PermuteSpec> {

    private static final Kernel ROWS = Kernel.of(GatherTokens.class, "rows");

    @Override
    public Candidates plans(PermuteSpec spec, Device device) {
        long elements = (long) spec.batch() * spec.heads() * spec.outLength() * spec.dim();
        long bytes = 4 * (2 * elements + (long) spec.indexBatch() * spec.indexHeads() * spec.outLength());
        Candidates candidates = new Candidates();
        candidates.add(new Plan("PERM", "rows", "-", Map.of(), DType.F32, new Cost(0, bytes, bytes, 1), "one channel of a token for each work-item"));
        return candidates;
    }

    @Override
    public Program bind(PermuteSpec spec, Plan plan, Map<String, Tensor> tensors) {
        FloatArray x = (FloatArray) tensors.get("x").data();
        IntArray index = (IntArray) tensors.get("index").data();
        FloatArray out = (FloatArray) tensors.get("out").data();
        boolean gathers = spec.direction() == Direction.GATHER;
        IntArray sources = gathers ? index : new IntArray(spec.indexBatch() * spec.indexHeads() * spec.outLength());
        Task task = Task.rows("gather", ROWS, out.getSize(), x, sources, out, spec.heads(), spec.length(), spec.outLength(), spec.dim(),
                spec.indexBatch(), spec.indexHeads());
        return new Program(List.of(task), List.of(x, sources), List.of(), List.of(out), () -> {
            requireInside(spec, index);
            if (!gathers) {
                invert(spec, index, sources);
            }
        }, () -> { });
    }

    private static void requireInside(PermuteSpec spec, IntArray index) {
        for (int i = 0; i < index.getSize(); i++) {
            if (index.get(i) < -1 || index.get(i) >= spec.limit()) {
                throw new IllegalArgumentException(place(spec, i) + " must be from 0 to " + (spec.limit() - 1) + ", or -1 for padding, got " + index.get(i));
            }
        }
    }

    private static void invert(PermuteSpec spec, IntArray index, IntArray sources) {
        sources.init(-1);
        for (int i = 0; i < index.getSize(); i++) {
            int target = i / spec.length() * spec.outLength() + index.get(i);
            if (index.get(i) >= 0 && sources.get(target) >= 0) {
                throw new IllegalArgumentException(place(spec, i) + " scatters a second token to " + index.get(i) + "; each place takes one");
            }
            if (index.get(i) >= 0) {
                sources.set(target, i % spec.length());
            }
        }
    }

    private static String place(PermuteSpec spec, int i) {
        int head = i / spec.indices();
        return "index[" + head / spec.indexHeads() + ", " + head % spec.indexHeads() + ", " + i % spec.indices() + "]";
    }

    @Override
    public Expected reference(PermuteSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return PermuteReference.compute(spec, inputs, sample);
    }
}
