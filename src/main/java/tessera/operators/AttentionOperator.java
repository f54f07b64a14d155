package tessera.operators;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.stream.Stream;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.layouts.Bsr;
import tessera.layouts.Layout;
import tessera.layouts.Range;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.AttentionReference;
import tessera.reference.Expected;
import tessera.reference.Sample;
import tessera.tasks.dense.BiasedAttention;
import tessera.tasks.dense.MergeParts;
import tessera.tasks.dense.RangeAttention;
import tessera.tasks.dense.TiledAttention;
import tessera.tasks.sparse.BlockAttention;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** ATTN: softmax attention over a layout. */
public final class AttentionOperator implements Operator<AttentionSpec> {

    private static final Kernel RANGE = Kernel.of(RangeAttention.class, "rows");
    private static final Kernel BIASED = Kernel.of(BiasedAttention.class, "rows");
    private static final Kernel BLOCKS = Kernel.of(BlockAttention.class, "rows");
    private static final Kernel TILES = Kernel.of(TiledAttention.class, "tiles");
    private static final Kernel MERGE = Kernel.of(MergeParts.class, "rows");

    /** Fewest keys that a part of a split row should have, so that merging stays cheap beside it. */
    private static final int KEYS_IN_PART = 256;

    @Override
    public Candidates plans(AttentionSpec spec, Device device) {
        Candidates candidates = new Candidates();
        Layout layout = Layout.of(spec);
        int rows = spec.batch() * spec.heads() * spec.queries();
        Plan byRows = plan(spec, layout, "rows", Map.of(), 1, "one row of the result for each work-item");
        if (layout instanceof Bsr && !spec.scores().isPlain()) {
            candidates.ruleOut("rows", "modified scores need a FULL or RANGE layout, not " + layout.name()
                    + "; give the blocks as a mask tensor");
            return candidates;
        }
        if (layout instanceof Bsr) {
            candidates.add(byRows);
            candidates.ruleOut("split", "splitting the keys needs a FULL or RANGE layout, not " + layout.name());
            candidates.ruleOut("tiles", "the tiled kernel needs a FULL or RANGE layout, not " + layout.name());
            return candidates;
        }
        int parts = Math.min(Math.ceilDiv(4 * device.computeUnits(), rows), spec.keys() / KEYS_IN_PART);
        Plan split = plan(spec, layout, "split", ordered("parts", Math.max(2, parts)), Math.max(2, parts),
                rows + " rows would leave some of " + device.computeUnits() + " compute units idle, so the keys are split");
        boolean splitFirst = parts >= 2;
        List<Plan> tiled = tiles(spec, layout, device, candidates);
        boolean tilesFirst = device.kind().equals("GPU") && spec.queries() >= 16;
        if (splitFirst) {
            addSplit(spec, split, device, candidates);
        }
        if (tilesFirst) {
            tiled.forEach(candidates::add);
        }
        candidates.add(byRows);
        if (!tilesFirst) {
            tiled.forEach(candidates::add);
        }
        if (!splitFirst && spec.keys() >= 2) {
            addSplit(spec, plan(spec, layout, "split", split.tuning(), 2, "splits the keys although " + rows + " rows fill the device"),
                    device, candidates);
        }
        return candidates;
    }

    private static void addSplit(AttentionSpec spec, Plan split, Device device, Candidates candidates) {
        long elements = (long) split.get("parts") * spec.batch() * spec.heads() * spec.queries() * spec.valueDim();
        if (elements > Math.min(Integer.MAX_VALUE, device.maxArrayBytes() / 4)) {
            candidates.ruleOut("split", "the parts' results need an array of " + elements + " elements, more than " + device.id() + " allows");
        } else {
            candidates.add(split);
        }
    }

    private List<Plan> tiles(AttentionSpec spec, Layout layout, Device device, Candidates candidates) {
        List<Plan> plans = new ArrayList<>();
        if (!spec.scores().isPlain()) {
            candidates.ruleOut("tiles", "the tiled kernel computes plain scores, without " + spec.scores());
            return plans;
        }
        if (device.localMemoryBytes() == 0) {
            candidates.ruleOut("tiles", device.id() + " has no local memory");
            return plans;
        }
        for (int[] t : new int[][] {{16, 32, 8}, {16, 16, 8}, {8, 16, 8}, {32, 32, 4}}) {
            Map<String, Integer> tuning = ordered("tileQ", t[0], "tileK", t[1], "lanes", t[2]);
            long local = localBytes(spec, t[0], t[1], t[2]);
            String name = "tiles " + tuning;
            if (local > device.localMemoryBytes()) {
                candidates.ruleOut(name, "needs " + local + " bytes of local memory, " + device.id() + " has " + device.localMemoryBytes());
            } else if (t[0] * t[2] > device.maxGroupSize()) {
                candidates.ruleOut(name, "needs " + t[0] * t[2] + " work-items in a group, " + device.id() + " allows " + device.maxGroupSize());
            } else {
                plans.add(plan(spec, layout, "tiles", tuning, 1, "tiles of keys and values are shared in local memory (" + local + " bytes)"));
            }
        }
        return plans;
    }

    /** What the tiled kernel allocates: a tile of queries, one of keys or values, one of weights. */
    private static long localBytes(AttentionSpec spec, int tileQ, int tileK, int lanes) {
        int width = Math.max(spec.headDim(), Math.ceilDiv(spec.valueDim(), lanes) * lanes) + 1;
        return 4L * (tileQ * (spec.headDim() + 1L) + tileK * (long) width + tileQ * (tileK + 1L));
    }

    private static Map<String, Integer> ordered(Object... keysAndValues) {
        Map<String, Integer> map = new LinkedHashMap<>();
        for (int n = 0; n < keysAndValues.length; n += 2) {
            map.put((String) keysAndValues[n], (Integer) keysAndValues[n + 1]);
        }
        return map;
    }

    private static Plan plan(AttentionSpec spec, Layout layout, String variant, Map<String, Integer> tuning, int parts, String reason) {
        long rows = (long) spec.batch() * spec.heads() * spec.queries();
        long pairs = layout.pairs(spec);
        long flops = pairs * (2L * spec.headDim() + 2L * spec.valueDim() + 1);
        long in = spec.inputs().values().stream().mapToLong(s -> s.elements()).sum();
        long out = rows * (spec.valueDim() + 1);
        long scratch = parts > 1 ? parts * out : 0;
        long index = layout instanceof Bsr b ? b.rowPtr().getSize() + b.colIdx().getSize() : 0;
        double density = (double) pairs / ((double) rows * spec.keys());
        Cost cost = new Cost(flops, 4 * (in + out + index + 2 * scratch), 4 * (in + out + index + scratch), density);
        return new Plan("ATTN", variant, layout.name(), tuning, DType.F32, cost, reason);
    }

    @Override
    public Program bind(AttentionSpec spec, Plan plan, Map<String, Tensor> tensors) {
        Layout layout = Layout.of(spec);
        if (!plan.layout().equals(layout.name())) {
            throw new IllegalArgumentException("the plan " + plan + " is not one for the mask " + spec.mask() + ", stored as " + layout.name());
        }
        if (!spec.scores().isPlain() && !(layout instanceof Range && List.of("rows", "split").contains(plan.variant()))) {
            throw new IllegalArgumentException("the plan " + plan + " is not one for scores with " + spec.scores() + "; rows and split are");
        }
        int rows = spec.batch() * spec.heads() * spec.queries();
        TornadoNativeArray q = tensors.get("q").data();
        TornadoNativeArray k = tensors.get("k").data();
        TornadoNativeArray v = tensors.get("v").data();
        TornadoNativeArray out = tensors.get("out").data();
        FloatArray lse = spec.lse() ? (FloatArray) tensors.get("lse").data() : new FloatArray(rows);
        List<TornadoNativeArray> outputs = spec.lse() ? List.of(out, lse) : List.of(out);
        List<TornadoNativeArray> constants = layout instanceof Bsr b ? List.of(b.rowPtr(), b.colIdx()) : List.of();
        int parts = plan.tuning().getOrDefault("parts", 1);
        if (layout instanceof Range r && !spec.scores().isPlain()) {
            ScoreBuffers scores = new ScoreBuffers(spec, r, tensors);
            List<Task> tasks = merged(spec, parts, rows, out, lse, (o, l) -> biased(spec, scores, rows, parts, q, k, v, o, l));
            List<TornadoNativeArray> inputs = Stream.concat(Stream.of(q, k, v), scores.arrays().stream()).toList();
            return new Program(tasks, inputs, List.of(), outputs, scores::fill, () -> Lse.markEmpty(lse));
        }
        List<Task> tasks = switch (layout) {
            case Bsr b -> List.of(Task.rows("attention", BLOCKS, rows, q, k, v, out, lse, b.rowPtr(), b.colIdx(), spec.heads(),
                    spec.kvHeads(), b.heads(), spec.queries(), spec.keys(), spec.headDim(), spec.valueDim(), spec.scale(), b.blockQ(),
                    b.blockK(), Math.min(spec.keys(), spec.causal() ? spec.offset() : spec.keys())));
            case Range r when plan.variant().equals("tiles") -> List.of(tiled(spec, plan, r, q, k, v, out, lse));
            case Range r -> merged(spec, parts, rows, out, lse, (o, l) -> range(spec, r, rows, parts, q, k, v, o, l));
        };
        return new Program(tasks, List.of(q, k, v), constants, outputs, () -> Lse.markEmpty(lse));
    }

    private static Task range(AttentionSpec spec, Range r, int rows, int parts, Object q, Object k, Object v, Object out, Object lse) {
        return Task.rows("attention", RANGE, parts * rows, q, k, v, out, lse, spec.heads(), spec.kvHeads(), spec.queries(), spec.keys(),
                spec.headDim(), spec.valueDim(), spec.scale(), rows, Math.ceilDiv(spec.keys(), parts), r.sink(), r.first(), r.last(), r.diagonal());
    }

    private static Task biased(AttentionSpec spec, ScoreBuffers scores, int rows, int parts, Object q, Object k, Object v, Object out, Object lse) {
        List<TornadoNativeArray> s = scores.arrays();
        return Task.rows("attention", BIASED, parts * rows, q, k, v, out, lse, s.get(0), s.get(1), s.get(2), s.get(3), spec.heads(),
                spec.kvHeads(), spec.queries(), spec.keys(), spec.headDim(), spec.valueDim(), spec.scale(), rows, Math.ceilDiv(spec.keys(), parts));
    }

    /** The task that {@code attention} makes for an output and its log-sum-exp, over parts of the keys that are merged if there are several. */
    private static List<Task> merged(AttentionSpec spec, int parts, int rows, Object out, Object lse, BiFunction<Object, Object, Task> attention) {
        if (parts == 1) {
            return List.of(attention.apply(out, lse));
        }
        FloatArray partOut = (FloatArray) Tensor.zeros(parts, rows, spec.valueDim()).data();
        FloatArray partLse = (FloatArray) Tensor.zeros(parts, rows).data();
        return List.of(attention.apply(partOut, partLse), Task.rows("merge", MERGE, rows, partOut, partLse, out, lse, parts, rows, spec.valueDim()));
    }

    private static Task tiled(AttentionSpec spec, Plan plan, Range r, Object q, Object k, Object v, Object out, Object lse) {
        int tileQ = plan.get("tileQ");
        int lanes = plan.get("lanes");
        return Task.tiles("attention", TILES, Math.ceilDiv(spec.queries(), tileQ), spec.batch() * spec.heads(), tileQ * lanes, q, k, v, out,
                lse, spec.heads(), spec.kvHeads(), spec.queries(), spec.keys(), spec.headDim(), spec.valueDim(), spec.scale(), r.sink(),
                r.first(), r.last(), r.diagonal(), tileQ, plan.get("tileK"), lanes);
    }

    @Override
    public Expected reference(AttentionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return AttentionReference.compute(spec, inputs, sample);
    }
}
