package tessera.operators;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.CodedAttentionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.CodedAttentionReference;
import tessera.reference.Expected;
import tessera.reference.Sample;
import tessera.tasks.compact.CodedAttention;
import tessera.tasks.compact.MatrixCodedAttention;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** ATTN over codes: scores from products of 8-bit integers. */
public final class CodedAttentionOperator implements Operator<CodedAttentionSpec> {

    private static final Kernel ROWS = Kernel.of(CodedAttention.class, "rows");
    private static final Kernel MATRIX = Kernel.of(MatrixCodedAttention.class, "tiles");

    @Override
    public Candidates plans(CodedAttentionSpec spec, Device device) {
        Candidates candidates = new Candidates();
        Plan rows = new Plan("ATTN", "rows", "codes", Map.of(), DType.F32, cost(spec, DType.F32), "one row of the result for each work-item");
        boolean first = device.kind().equals("GPU") && spec.queries() >= 16;
        if (!first) {
            candidates.add(rows);
        }
        for (CodedTiling t : CodedTiling.ALL) {
            String limit = t.limit(spec, device);
            if (limit != null) {
                candidates.ruleOut("matrix " + t.tuning(), limit);
            } else {
                candidates.add(new Plan("ATTN", "matrix", "codes", t.tuning(), DType.F16, cost(spec, DType.F16), "matrix units, 8-bit integers for the "
                        + "scores and float16 for the rest, " + t.tileQ() + " queries for each work-group; weights are rounded to float16"));
            }
        }
        if (first) {
            candidates.add(rows);
        }
        return candidates;
    }

    private static Cost cost(CodedAttentionSpec spec, DType storage) {
        long heads = (long) spec.batch() * spec.heads();
        long pairs = heads * IntStream.range(0, spec.queries()).mapToLong(i -> Math.clamp(i + spec.diagonal() + 1L, 0, spec.keys())).sum();
        long tokens = heads * spec.queries() + (long) spec.batch() * spec.kvHeads() * spec.keys();
        long values = (long) spec.batch() * spec.kvHeads() * spec.keys() * spec.valueDim();
        long bytes = tokens * spec.headDim() + values * storage.bytes() + 4 * heads * spec.queries() * spec.valueDim();
        return new Cost(pairs * 2L * (spec.headDim() + spec.valueDim()), bytes, bytes, (double) pairs / heads / spec.queries() / spec.keys());
    }

    @Override
    public Program bind(CodedAttentionSpec spec, Plan plan, Map<String, Tensor> tensors) {
        List<TornadoNativeArray> inputs = spec.inputs().keySet().stream().map(name -> tensors.get(name).data()).toList();
        TornadoNativeArray out = tensors.get("out").data();
        Task task = plan.variant().equals("matrix") ? matrix(spec, CodedTiling.of(plan), inputs, out) : rows(spec, inputs, out);
        return new Program(List.of(task), inputs, List.of(), List.of(out));
    }

    private static Task rows(CodedAttentionSpec spec, List<TornadoNativeArray> in, TornadoNativeArray out) {
        return Task.rows("attention", ROWS, spec.batch() * spec.heads() * spec.queries(), in.get(0), in.get(1), in.get(2), in.get(3), in.get(4), out,
                spec.heads() / spec.kvHeads(), spec.queries(), spec.keys(), spec.headDim(), spec.valueDim(), spec.scale(), spec.blockQ(), spec.blockK(),
                spec.diagonal());
    }

    private static Task matrix(CodedAttentionSpec spec, CodedTiling t, List<TornadoNativeArray> in, TornadoNativeArray out) {
        int group = spec.heads() / spec.kvHeads();
        FloatArray lse = new FloatArray(spec.batch() * spec.heads() * spec.queries());
        return Task.tiles("attention", MATRIX, Math.ceilDiv(group * spec.queries(), t.tileQ()), spec.batch() * spec.kvHeads(), 32 * t.warps(), in.get(0),
                in.get(1), in.get(2), in.get(3), in.get(4), out, lse, group, spec.queries(), spec.keys(), spec.headDim(), spec.scale(), spec.diagonal(),
                spec.blockQ(), spec.blockK(), spec.keys() % t.tileK() == 0 ? 1 : 0, t.tileK(), t.warps(), t.rowTiles());
    }

    @Override
    public Expected reference(CodedAttentionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return CodedAttentionReference.compute(spec, inputs, sample);
    }
}
