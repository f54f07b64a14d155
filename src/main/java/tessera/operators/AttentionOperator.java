package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.layouts.Bsr;
import tessera.layouts.Layout;
import tessera.layouts.Listing;
import tessera.layouts.Range;
import tessera.planner.Candidates;
import tessera.planner.Plan;
import tessera.reference.AttentionReference;
import tessera.reference.Expected;
import tessera.reference.Sample;
import tessera.tasks.dense.DecodeAttention;
import tessera.tasks.dense.MatrixAttention;
import tessera.tasks.dense.RangeAttention;
import tessera.tasks.dense.RegisterAttention;
import tessera.tasks.dense.SplitMatrixAttention;
import tessera.tasks.dense.StripAttention;
import tessera.tasks.dense.TiledAttention;
import tessera.tasks.sparse.BlockAttention;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** ATTN: softmax attention over a layout. */
public final class AttentionOperator implements Operator<AttentionSpec> {

    private static final Kernel RANGE = Kernel.of(RangeAttention.class, "rows");
    private static final Kernel STRIPS = Kernel.of(StripAttention.class, "rows");
    private static final Kernel BLOCKS = Kernel.of(BlockAttention.class, "rows");
    private static final Kernel TILES = Kernel.of(TiledAttention.class, "tiles");
    private static final Kernel REGISTERS = Kernel.of(RegisterAttention.class, "tiles");
    private static final Kernel MATRIX = Kernel.of(MatrixAttention.class, "tiles");
    private static final Kernel SPLIT_MATRIX = Kernel.of(SplitMatrixAttention.class, "tiles");
    private static final Kernel DECODE = Kernel.of(DecodeAttention.class, "tiles");

    @Override
    public Candidates plans(AttentionSpec spec, Device device) {
        return AttentionPlans.of(spec, device);
    }

    @Override
    public Program bind(AttentionSpec spec, Plan plan, Map<String, Tensor> given) {
        TokenOrder order = new TokenOrder(spec, given);
        Map<String, Tensor> tensors = order.tensors();
        int rows = spec.batch() * spec.heads() * spec.queries();
        FloatArray lse = spec.lse() ? (FloatArray) tensors.get("lse").data() : new FloatArray(rows);
        boolean listed = AttentionPlans.isListed(spec) || plan.variant().equals("stored");
        Layout simple = listed ? null : Layout.simple(spec);
        requireFit(spec, plan, listed ? Layout.names(spec) : List.of(simple.name()));
        TileBuffers tiles = tiles(spec, plan, tensors);
        StreamTask stream = plan.variant().equals("stream") ? new StreamTask(spec, tensors) : null;
        ListedTasks lists = listed && tiles == null && stream == null || needsLists(spec) ? new ListedTasks(spec, listed ? plan.layout() : Layout.names(spec).getFirst(), tensors, lse) : null;
        List<Task> tasks = new ArrayList<>();
        List<TornadoNativeArray> inputs = new ArrayList<>();
        List<TornadoNativeArray> constants = new ArrayList<>();
        if (plan.variant().equals("stored")) {
            tasks.addAll(lists.stored());
        } else if (tiles != null) {
            tasks.add(plan.variant().equals("matrix") ? matrix(spec, plan, simple, tiles, tensors, lse) : registers(spec, plan, simple, tiles, tensors, lse));
            (spec.isDynamic() ? inputs : constants).add(tiles.list());
        } else if (stream != null) {
            tasks.addAll(merged(spec, plan, tensors, lse, (out, l) -> stream.attention(plan, out, l)));
            (spec.isDynamic() ? inputs : constants).add(stream.list());
        } else if (spec.arrangement().pvSkip() < 0) {
            tasks.addAll(lists.skipping());
        } else if (listed) {
            tasks.addAll(merged(spec, plan, tensors, lse, (out, l) -> lists.attention(parts(plan), out, l)));
        } else {
            tasks.addAll(simple(spec, plan, simple, tensors, lse));
        }
        if (simple instanceof Bsr b && tiles == null) {
            constants.addAll(List.of(b.rowPtr(), b.colIdx()));
        }
        if (lists != null) {
            tasks.addAll(lists.requested());
            inputs.addAll(lists.inputs());
        }
        return order.around(tasks, inputs, constants, () -> fill(lists, tiles, stream), () -> finish(spec, tensors, lse));
    }

    /** What the kernels in tiles read, or null for a plan of another kernel. */
    private static TileBuffers tiles(AttentionSpec spec, Plan plan, Map<String, Tensor> tensors) {
        return switch (plan.variant()) {
            case "matrix" -> new TileBuffers(spec, plan, MatrixTiling.of(plan).tileQ(), plan.get("tileK"), tensors);
            case "registers" -> new TileBuffers(spec, plan, plan.get("tileQ"), plan.get("tileK"), tensors);
            default -> null;
        };
    }

    private static void fill(ListedTasks lists, TileBuffers tiles, StreamTask stream) {
        if (lists != null) {
            lists.fill();
        }
        if (tiles != null) {
            tiles.fill();
        }
        if (stream != null) {
            stream.fill();
        }
    }

    private static boolean needsLists(AttentionSpec spec) {
        return spec.requested().columnMass() || spec.requested().massQ() > 0 || spec.requested().scores() != null;
    }

    private static void finish(AttentionSpec spec, Map<String, Tensor> tensors, FloatArray lse) {
        if (spec.lse()) {
            Lse.markEmpty(lse);
        }
        if (spec.requested().scores() != null) {
            Lse.markEmpty((FloatArray) tensors.get("scores").data());
        }
    }

    private static void requireFit(AttentionSpec spec, Plan plan, List<String> layouts) {
        if (!layouts.contains(plan.layout())) {
            throw new IllegalArgumentException("the plan " + plan + " is not one for the mask " + spec.mask() + ", stored as " + String.join(" or ", layouts));
        }
        if (spec.arrangement().valuesInKeys() && !Set.of("rows", "split", "stored").contains(plan.variant())) {
            throw new IllegalArgumentException("the plan " + plan + " is not one for values that are channels of the keys; rows and split are");
        }
        if (Set.of("decode", "stream").contains(plan.variant()) && spec.queries() != 1) {
            throw new IllegalArgumentException("the plan " + plan + " is one for a single query, not for " + spec.queries());
        }
        if (spec.arrangement().pvSkip() < 0 && !plan.variant().equals("rows")) {
            throw new IllegalArgumentException("the plan " + plan + " is not one that leaves out values of blocks, as pvSkip asks; rows is");
        }
        boolean inTiles = Set.of("matrix", "registers").contains(plan.variant()) && TileBuffers.limit(spec) == null
                || plan.variant().equals("stream") && StreamTask.limit(spec) == null;
        boolean plainOnly = Set.of("matrix", "registers", "tiles", "decode", "stream", "strips").contains(plan.variant());
        if (AttentionPlans.isListed(spec) && plainOnly && !inTiles || spec.scores().isOwn() && !plan.variant().equals("stored")) {
            throw new IllegalArgumentException("the plan " + plan + " is not one for scores with " + spec.scores() + "; "
                    + (spec.scores().isOwn() ? "stored is" : "rows and split are"));
        }
    }

    private static int parts(Plan plan) {
        return plan.tuning().getOrDefault("parts", 1);
    }

    private static List<Task> simple(AttentionSpec spec, Plan plan, Layout layout, Map<String, Tensor> tensors, FloatArray lse) {
        int rows = spec.batch() * spec.heads() * spec.queries();
        TornadoNativeArray q = tensors.get("q").data();
        TornadoNativeArray k = tensors.get("k").data();
        TornadoNativeArray v = tensors.get("v").data();
        TornadoNativeArray out = tensors.get("out").data();
        return switch (layout) {
            case Bsr b -> List.of(Task.rows("attention", BLOCKS, rows, q, k, v, out, lse, b.rowPtr(), b.colIdx(), spec.heads(),
                    spec.kvHeads(), b.maps(), spec.queries(), spec.keys(), spec.headDim(), spec.valueDim(), spec.scale(), b.blockQ(),
                    b.blockK(), Math.min(spec.keys(), spec.causal() ? spec.offset() : spec.keys())));
            case Range r when plan.variant().equals("strips") -> List.of(strips(spec, plan, r, q, k, v, out, lse));
            case Range r when plan.variant().equals("tiles") -> List.of(tiled(spec, plan, r, q, k, v, out, lse));
            case Range r when plan.variant().equals("decode") -> merged(spec, plan, tensors, lse, (o, l) -> decode(spec, plan, r, q, k, v, o, l));
            case Range r -> merged(spec, plan, tensors, lse, (o, l) -> Task.rows("attention", RANGE, parts(plan) * rows, q, k, v, o, l,
                    DecodeTiling.group(spec), spec.queries(), spec.keys(), spec.headDim(), spec.valueDim(), spec.arrangement().valueStride(spec),
                    spec.scale(), rows, Math.ceilDiv(spec.keys(), parts(plan)), r.sink(), r.first(), r.last(), r.diagonal()));
            case Listing l -> throw new IllegalStateException("not a simple layout: " + l.name());
        };
    }

    /** The task that {@code attention} makes for an output and its log-sum-exp, over parts of the keys that are merged if there are several. */
    private static List<Task> merged(AttentionSpec spec, Plan plan, Map<String, Tensor> tensors, FloatArray lse, BiFunction<Object, Object, Task> attention) {
        TornadoNativeArray out = tensors.get("out").data();
        int parts = parts(plan);
        if (parts == 1) {
            return List.of(attention.apply(out, lse));
        }
        int rows = spec.batch() * spec.heads() * spec.queries();
        FloatArray partOut = (FloatArray) Tensor.zeros(parts, rows, spec.valueDim()).data();
        FloatArray partLse = (FloatArray) Tensor.zeros(parts, rows).data();
        Task merge = plan.variant().equals("stream") ? MergeOperator.tiles(partOut, partLse, out, lse, parts, rows, spec.valueDim(), StreamTiling.MERGING)
                : MergeOperator.task(partOut, partLse, out, lse, parts, rows, spec.valueDim());
        return List.of(attention.apply(partOut, partLse), merge);
    }

    private static Task strips(AttentionSpec spec, Plan plan, Range r, Object q, Object k, Object v, Object out, Object lse) {
        int tileQ = plan.get("tileQ");
        int rows = spec.batch() * spec.heads() * Math.ceilDiv(spec.queries(), tileQ);
        return Task.rows("attention", STRIPS, rows, q, k, v, out, lse, spec.heads() / spec.kvHeads(), spec.queries(), spec.keys(),
                spec.headDim(), spec.valueDim(), spec.scale(), r.sink(), r.first(), r.last(), r.diagonal(), tileQ, plan.get("tileK"));
    }

    private static Task tiled(AttentionSpec spec, Plan plan, Range r, Object q, Object k, Object v, Object out, Object lse) {
        int tileQ = plan.get("tileQ");
        int lanes = plan.get("lanes");
        return Task.tiles("attention", TILES, Math.ceilDiv(spec.queries(), tileQ), spec.batch() * spec.heads(), tileQ * lanes, q, k, v, out,
                lse, spec.heads(), spec.kvHeads(), spec.queries(), spec.keys(), spec.headDim(), spec.valueDim(), spec.scale(), r.sink(),
                r.first(), r.last(), r.diagonal(), tileQ, plan.get("tileK"), lanes);
    }

    /** @param layout a window, where no list says what is visited */
    private static Task registers(AttentionSpec spec, Plan plan, Layout layout, TileBuffers b, Map<String, Tensor> tensors, FloatArray lse) {
        RegisterTiling t = RegisterTiling.of(plan);
        return Task.tiles("attention", REGISTERS, b.groupsX(), b.groupsY(), t.items(), tensors.get("q").data(), tensors.get("k").data(),
                tensors.get("v").data(), tensors.get("out").data(), lse, b.list(), b.group(), spec.queries(), spec.keys(), spec.headDim(), spec.valueDim(),
                spec.scale(), first(layout), last(layout), t.tileQ(), t.tileK(), t.rows(), t.lanes(), b.walk() + t.tiles() - 1);
    }

    /** @param layout a window, where no list says what is visited */
    private static Task matrix(AttentionSpec spec, Plan plan, Layout layout, TileBuffers b, Map<String, Tensor> tensors, FloatArray lse) {
        MatrixTiling t = MatrixTiling.of(plan);
        int whole = spec.keys() % t.tileK() == 0 ? 1 : 0;
        return Task.tiles("attention", plan.storage() == DType.F16 ? MATRIX : SPLIT_MATRIX, b.groupsX(), b.groupsY(), 32 * t.warps(),
                tensors.get("q").data(), tensors.get("k").data(), tensors.get("v").data(), tensors.get("out").data(), lse, b.list(), b.group(),
                spec.queries(), spec.keys(), spec.headDim(), spec.valueDim(), spec.scale(), first(layout), last(layout), b.walk() + whole, t.tileK(),
                t.warps(), t.rowTiles(), t.stages());
    }

    private static int first(Layout layout) {
        return layout instanceof Range range ? range.first() : 0;
    }

    private static int last(Layout layout) {
        return layout instanceof Range range ? range.last() : 0;
    }

    private static Task decode(AttentionSpec spec, Plan plan, Range r, Object q, Object k, Object v, Object out, Object lse) {
        DecodeTiling t = DecodeTiling.of(plan);
        int visible = r.visible(spec, 0);
        return Task.tiles("attention", DECODE, t.groups(spec), t.parts(), t.items(), q, k, v, out, lse, DecodeTiling.group(spec),
                spec.batch() * spec.heads(), spec.keys(), spec.headDim(), spec.valueDim(), spec.scale(), visible, r.sinks(0),
                Math.max(0, r.first() - r.sinks(0)), Math.ceilDiv(visible, t.parts()), t.tileH(), t.tileK(), t.lanes(), t.items());
    }

    @Override
    public Expected reference(AttentionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return AttentionReference.compute(spec, inputs, sample);
    }
}
