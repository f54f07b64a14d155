package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import tessera.Forced;
import tessera.SelectSpec;
import tessera.SelectionRule;
import tessera.Tensor;
import tessera.engine.Kernel;
import tessera.engine.Task;
import tessera.tasks.sparse.CountKept;
import tessera.tasks.sparse.CoverMass;
import tessera.tasks.sparse.CutScores;
import tessera.tasks.sparse.ListKept;
import tessera.tasks.sparse.MarkCandidates;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** From the scores of candidates to lists of those that are kept: marks, counts, cuts, lists. */
final class SelectLists {
    private static final Kernel MARK = Kernel.of(MarkCandidates.class, "rows");
    private static final Kernel COUNT = Kernel.of(CountKept.class, "rows");
    private static final Kernel COVER = Kernel.of(CoverMass.class, "rows");
    private static final Kernel CUT = Kernel.of(CutScores.class, "rows");
    private static final Kernel LIST = Kernel.of(ListKept.class, "rows");

    private final SelectSpec spec;
    private final Map<String, Tensor> tensors;
    private final SelectArrays arrays;
    private final FloatArray scores;
    private final IntArray marks;
    private final int lists;
    private final int sets;
    private final int top;
    private final int first;
    private final FloatArray shares;
    private final List<Task> tasks = new ArrayList<>();
    private final List<TornadoNativeArray> outputs = new ArrayList<>();

    SelectLists(SelectSpec spec, Map<String, Tensor> tensors, SelectArrays arrays, FloatArray scores) {
        this.spec = spec;
        this.tensors = tensors;
        this.arrays = arrays;
        this.scores = scores;
        this.marks = new IntArray(scores.getSize());
        this.lists = scores.getSize() / spec.candidates();
        this.sets = scores.getSize() / spec.countedOver();
        this.top = spec.forced().counting() == Forced.Counting.ADDED ? MarkCandidates.FORCED : MarkCandidates.SEEN;
        this.first = spec.forced().counting() == Forced.Counting.FIRST ? 1 : 0;
        this.shares = spec.share() ? (FloatArray) tensors.get("share").data() : new FloatArray(lists);
        mark();
        FloatArray cuts = new FloatArray(sets);
        IntArray ties = new IntArray(sets);
        cut("", spec.rule()::count, cuts, ties);
        list("keyBlocks", "counts", cuts, ties, cuts, ties, 0);
        if (spec.share()) {
            outputs.add(shares);
        }
        if (spec.rule() instanceof SelectionRule.Split) {
            FloatArray lower = new FloatArray(sets);
            IntArray lowerTies = new IntArray(sets);
            cut("marginal_", spec.rule()::notSkipped, lower, lowerTies);
            list("marginalBlocks", "marginalCounts", lower, lowerTies, cuts, ties, 1);
        }
    }

    private void mark() {
        tasks.add(Task.rows("mark", MARK, marks.getSize(), arrays.places(), arrays.forcedRows(), arrays.forcedColumns(), marks,
                Math.max(1, spec.listHeads() / spec.kvHeads()), spec.rows(), spec.candidates(), spec.forced().sinks()));
    }

    private void cut(String prefix, IntUnaryOperator count, FloatArray cuts, IntArray ties) {
        IntArray kept = new IntArray(sets);
        int size = spec.countedOver();
        int least = spec.budget().least();
        int most = spec.budget().most();
        if (spec.rule() instanceof SelectionRule.TopP(double p, boolean cover)) {
            tasks.add(Task.rows(prefix + "cover", COVER, sets, scores, marks, kept, size, top, first, (float) p, cover ? 1 : 0, least, most));
        } else {
            IntArray counts = arrays.constant(new IntArray(size + 1));
            for (int visible = 0; visible <= size; visible++) {
                counts.set(visible, count.applyAsInt(visible));
            }
            float threshold = spec.rule() instanceof SelectionRule.Threshold(float score) ? score : 0;
            int byScore = spec.rule() instanceof SelectionRule.Threshold ? 1 : 0;
            tasks.add(Task.rows(prefix + "count", COUNT, sets, scores, marks, counts, kept, size, top, first, byScore, threshold, least, most));
        }
        tasks.add(Task.rows(prefix + "cut", CUT, sets, scores, marks, kept, cuts, ties, size, top));
    }

    private void list(String lists, String counts, FloatArray cuts, IntArray ties, FloatArray earlierCuts, IntArray earlierTies, int earlier) {
        IntArray list = (IntArray) tensors.get(lists).data();
        IntArray count = (IntArray) tensors.get(counts).data();
        FloatArray share = earlier == 0 ? shares : new FloatArray(shares.getSize());
        outputs.add(list);
        outputs.add(count);
        tasks.add(Task.rows(lists, LIST, this.lists, scores, marks, cuts, ties, earlierCuts, earlierTies, list, count, share, spec.listHeads(),
                spec.rows(), spec.candidates(), tensors.get(lists).shape().dim(-1), spec.budget().perHead() ? spec.rows() : 1, top, earlier));
    }

    List<Task> tasks() {
        return tasks;
    }

    List<TornadoNativeArray> outputs() {
        return outputs;
    }
}
