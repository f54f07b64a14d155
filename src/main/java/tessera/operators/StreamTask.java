package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.engine.Kernel;
import tessera.engine.Task;
import tessera.layouts.Layout;
import tessera.layouts.Range;
import tessera.layouts.Sequences;
import tessera.planner.Plan;
import tessera.tasks.dense.MatrixDecode;
import tessera.tasks.dense.WarpDecode;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Decoding by warps that read keys each for themselves: how many keys each sequence's query sees, the pages that they lie in, and the task. */
final class StreamTask {
    private static final Kernel HALF = Kernel.of(MatrixDecode.class, "tiles");
    private static final Kernel FULL = Kernel.of(WarpDecode.class, "tiles");

    private final AttentionSpec spec;
    private final Map<String, Tensor> tensors;
    private final int pages;
    private final IntArray list;

    StreamTask(AttentionSpec spec, Map<String, Tensor> tensors) {
        this.spec = spec;
        this.tensors = tensors;
        this.pages = spec.arrangement().pages() > 0 ? spec.batch() * (spec.keys() / spec.arrangement().pageSize()) : 0;
        this.list = new IntArray(3 * spec.batch() + pages);
        if (!spec.isDynamic()) {
            find();
        }
    }

    /** Why the kernels cannot find the keys that a spec asks for, or null if they can. */
    static String limit(AttentionSpec spec) {
        if (!spec.scores().withoutLengths().isPlain()) {
            return "computes plain scores, not " + spec.scores();
        }
        if (spec.mask().maps() != 1 || spec.mask().window(0) == null) {
            return "takes one window for all heads, not " + spec.mask();
        }
        if (spec.arrangement().sequences() > 0 || spec.arrangement().lists() > 0) {
            return "takes keys by batch or in pages, neither ragged nor listed; give ragged ones as batches with key lengths";
        }
        if (spec.arrangement().valuesInKeys()) {
            return AttentionPlans.VALUES_IN_KEYS;
        }
        return spec.hasGroupedHeads() ? null : "takes heads that are grouped as usual";
    }

    IntArray list() {
        return list;
    }

    Task attention(Plan plan, Object out, Object lse) {
        StreamTiling t = StreamTiling.of(plan);
        boolean half = plan.storage() == DType.F16;
        List<Object> arguments = new ArrayList<>(List.of(tensors.get("q").data(), tensors.get("k").data(), tensors.get("v").data(), out, lse, list,
                DecodeTiling.group(spec), spec.kvHeads(), spec.batch() * spec.heads(), spec.keys(), spec.headDim(), spec.valueDim(), spec.scale(),
                t.parts(), spec.arrangement().pageSize(), t.tileH(), t.warps()));
        arguments.addAll(half ? List.of(t.stages()) : List.of(t.tileK(), StreamTiling.lanes(spec)));
        return Task.tiles("attention", half ? HALF : FULL, t.groups(spec), t.parts(), 32 * t.warps(), arguments.toArray());
    }

    /** Made anew from a run's inputs. */
    void fill() {
        if (spec.isDynamic()) {
            find();
        }
    }

    private void find() {
        Sequences sequences = Sequences.of(spec, tensors);
        for (int b = 0; b < spec.batch(); b++) {
            int keys = sequences.keys(b);
            Range range = keys == 0 ? null : range(spec, keys);
            list.set(3 * b, keys == 0 ? 0 : range.visible(alone(spec, keys), 0));
            list.set(3 * b + 1, keys == 0 ? 0 : range.sinks(0));
            list.set(3 * b + 2, keys == 0 ? 0 : Math.max(0, range.first() - range.sinks(0)));
        }
        for (int n = 0; n < pages; n++) {
            list.set(3 * spec.batch() + n, ((IntArray) tensors.get("pageTable").data()).get(n));
        }
    }

    /** Most keys that a query sees. */
    static int visible(AttentionSpec spec) {
        return range(spec, spec.keys()).visible(alone(spec, spec.keys()), 0);
    }

    private static Range range(AttentionSpec spec, int keys) {
        return (Range) Layout.simple(alone(spec, keys));
    }

    /** One query over the first keys of its sequence. */
    private static AttentionSpec alone(AttentionSpec spec, int keys) {
        var alone = AttentionSpec.of(1, 1, 1, 1).keys(keys).mask(spec.mask());
        return (spec.causal() ? alone.causal(spec.alignment()) : alone.alignment(spec.alignment())).build();
    }
}
