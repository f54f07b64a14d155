package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import tessera.Estimator;
import tessera.Pooling.Fold;
import tessera.SelectSpec;
import tessera.engine.Kernel;
import tessera.engine.Task;
import tessera.tasks.sparse.FoldScores;
import tessera.tasks.sparse.PoolNeighbours;
import tessera.tasks.sparse.VisibleSoftmax;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The scores of candidates: an estimator's own, their softmax, and their folds. */
final class SelectScores {

    /** The score of what nothing scores; kernels must not see minus infinity. */
    static final float NONE = -1e30f;

    private static final Kernel SOFTMAX = Kernel.of(VisibleSoftmax.class, "rows");
    private static final Kernel FOLD = Kernel.of(FoldScores.class, "rows");
    private static final Kernel NEIGHBOURS = Kernel.of(PoolNeighbours.class, "rows");

    private final SelectSpec spec;
    private final SelectArrays arrays;
    private final int queries;
    private final List<Task> tasks = new ArrayList<>();

    SelectScores(SelectSpec spec, SelectArrays arrays, FloatArray scores) {
        this.spec = spec;
        this.arrays = arrays;
        this.queries = SelectEstimates.shape(spec).dim(2);
        SelectEstimates estimates = new SelectEstimates(spec, arrays);
        FloatArray estimate = estimates.estimate();
        tasks.addAll(estimates.tasks());
        boolean whole = spec.hasSoftmax() && !(spec.estimator() instanceof Estimator.LastRows);
        FloatArray weights = whole ? softmax(spec, arrays, "softmax", tasks, estimate, arrays.indices(queries), queries, together()) : estimate;
        if (spec.pooling().width() == 1) {
            fold(weights, scores);
        } else {
            FloatArray folded = new FloatArray(scores.getSize());
            fold(weights, folded);
            tasks.add(Task.rows("neighbours", NEIGHBOURS, scores.getSize(), folded, arrays.places(), scores, spec.rows(), spec.candidates(),
                    spec.pooling().width(), spec.pooling().neighbours() == Fold.MAX ? 1 : 0));
        }
    }

    List<Task> tasks() {
        return tasks;
    }

    /**
     * Adds the softmax of an estimate [batch, heads, rows, scores] to the tasks.
     *
     * @param index the block of queries that each row stands for
     * @param together queries of such a block
     */
    static FloatArray softmax(SelectSpec spec, SelectArrays arrays, String id, List<Task> tasks, FloatArray x, IntArray index, int rows,
            int together) {
        FloatArray weights = new FloatArray(x.getSize());
        FloatArray sizes = spec.pooling().weighted() ? arrays.floats("sizes") : arrays.constant(new FloatArray(spec.batch() * spec.kvHeads() * spec.scores()));
        if (!spec.pooling().weighted()) {
            sizes.init(1);
        }
        tasks.add(Task.rows(id, SOFTMAX, x.getSize() / spec.scores(), x, index, visible(spec, arrays, together), apart(spec, arrays), sizes, weights,
                spec.estimateHeads() / spec.kvHeads(), rows, spec.scores()));
        return weights;
    }

    private void fold(FloatArray estimate, FloatArray scores) {
        Estimator how = spec.estimator();
        int heads = spec.estimateHeads();
        tasks.add(Task.rows("fold", FOLD, scores.getSize(), estimate, visible(spec, arrays, together()), apart(spec, arrays), scores, heads / spec.listHeads(),
                heads / spec.kvHeads(), spec.rows(), spec.candidates(), queries, spec.scores(),
                how instanceof Estimator.Antidiagonal(int side) ? spec.blockQ() / side : 1, spec.blockK(), how.stride(spec.blockK()),
                how.span(spec.blockK()), fold(spec.pooling().blocks()), fold(spec.pooling().group()), spec.hasSoftmax() ? 0.0f : NONE));
    }

    private static int fold(Fold fold) {
        return switch (fold) {
            case NONE, SUM -> FoldScores.SUM;
            case MEAN -> FoldScores.MEAN;
            case MAX -> FoldScores.MAX;
        };
    }

    /** Scores that are left out of a softmax. */
    private static IntArray apart(SelectSpec spec, SelectArrays arrays) {
        return spec.forced().apart() ? arrays.forcedColumns() : arrays.zeros(spec.batch() * spec.kvHeads() * spec.scores());
    }

    /** Queries for which each row of the estimate stands. */
    private int together() {
        return spec.estimator() instanceof Estimator.Antidiagonal(int side) ? side : spec.blockQ();
    }

    /** How many scores each block of {@code together} queries sees. */
    private static IntArray visible(SelectSpec spec, SelectArrays arrays, int together) {
        Estimator how = spec.estimator();
        int stride = how.stride(spec.blockK());
        int past = how.seesWhatIsPast() ? how.span(spec.blockK()) : 1;
        IntArray visible = arrays.constant(new IntArray(Math.ceilDiv(spec.queries(), together)));
        for (int i = 0; i < visible.getSize(); i++) {
            int position = Math.min(spec.queries(), (i + 1) * together) - 1 + spec.offset();
            boolean seesAll = !spec.causal() || position >= spec.keys() - 1;
            visible.set(i, seesAll ? spec.scores() : Math.clamp(Math.floorDiv(position + 1 - past, stride) + 1, 0, spec.scores()));
        }
        return visible;
    }
}
