package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.Estimator;
import tessera.Pooling.Fold;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.engine.Kernel;
import tessera.engine.Task;
import tessera.tasks.sparse.FoldScores;
import tessera.tasks.sparse.PairScores;
import tessera.tasks.sparse.PoolNeighbours;
import tessera.tasks.sparse.PoolTokens;
import tessera.tasks.sparse.VisibleSoftmax;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** From the inputs to the scores of candidates: the estimator's own scores, their softmax, and their folds. */
final class SelectEstimates {

    /** The score of what is not seen, which kernels must not know as minus infinity. */
    static final float NONE = -1e30f;

    private static final Kernel POOL = Kernel.of(PoolTokens.class, "rows");
    private static final Kernel PAIRS = Kernel.of(PairScores.class, "rows");
    private static final Kernel SOFTMAX = Kernel.of(VisibleSoftmax.class, "rows");
    private static final Kernel NEIGHBOURS = Kernel.of(PoolNeighbours.class, "rows");
    private static final Kernel FOLD = Kernel.of(FoldScores.class, "rows");

    private final SelectSpec spec;
    private final Map<String, Tensor> tensors;
    private final int heads;
    private final int queries;
    private final int columns;
    private final List<Task> tasks = new ArrayList<>();
    private final List<TornadoNativeArray> inputs = new ArrayList<>();
    private final List<TornadoNativeArray> constants = new ArrayList<>();

    SelectEstimates(SelectSpec spec, Map<String, Tensor> tensors, FloatArray scores) {
        this.spec = spec;
        this.tensors = tensors;
        this.heads = spec.estimateHeads();
        this.columns = spec.scores();
        this.queries = shape(spec).dim(2);
        FloatArray estimate = estimate();
        IntArray visible = visible();
        IntArray apart = spec.forced().apart() ? integers("forcedColumns") : constant(spec.batch() * spec.kvHeads() * columns);
        if (spec.hasSoftmax()) {
            FloatArray weights = new FloatArray(estimate.getSize());
            tasks.add(Task.rows("softmax", SOFTMAX, estimate.getSize() / columns, estimate, visible, apart, sizes(), weights, heads / spec.kvHeads(),
                    queries, columns));
            estimate = weights;
        }
        if (spec.pooling().width() == 1) {
            fold(estimate, visible, apart, scores);
        } else {
            FloatArray folded = new FloatArray(scores.getSize());
            fold(estimate, visible, apart, folded);
            tasks.add(Task.rows("neighbours", NEIGHBOURS, scores.getSize(), folded, places(spec, constants), scores, spec.rows(), spec.candidates(),
                    spec.pooling().width(), spec.pooling().neighbours() == Fold.MAX ? 1 : 0));
        }
    }

    /** How many candidates each row sees, the first that it is forced to keep, and the one after the last of those. */
    static IntArray places(SelectSpec spec, List<TornadoNativeArray> constants) {
        int rows = spec.rows();
        IntArray places = new IntArray(3 * rows);
        for (int row = 0; row < rows; row++) {
            places.set(row, spec.visible(row));
            places.set(rows + row, spec.forcedFrom(row));
            places.set(2 * rows + row, spec.forcedTo(row));
        }
        constants.add(places);
        return places;
    }

    /** [batch, heads, queries, scores] of the estimator. */
    static Shape shape(SelectSpec spec) {
        int queries = spec.estimator() instanceof Estimator.Antidiagonal(int stride) ? Math.ceilDiv(spec.queries(), stride) : spec.rows();
        return Shape.of(spec.batch(), spec.estimateHeads(), queries, spec.scores());
    }

    private FloatArray estimate() {
        return switch (spec.estimator()) {
            case Estimator.PooledDot _, Estimator.OverlappedDot _ -> pairs(pooledQueries(), pooledKeys());
            case Estimator.GivenDot _ -> pairs(pooledQueries(), floats("k"));
            case Estimator.External _ -> floats("estimate");
            default -> throw new IllegalArgumentException("no kernel for " + spec.estimator());
        };
    }

    private FloatArray pooledQueries() {
        int group = spec.pooling().meanQueries() ? spec.heads() / spec.kvHeads() : 1;
        return group == 1 && spec.blockQ() == 1 ? floats("q")
                : pool("q", heads, group, spec.queries(), spec.rows(), spec.blockQ(), spec.blockQ(), PoolTokens.MEAN);
    }

    private FloatArray pooledKeys() {
        int stride = spec.estimator().stride(spec.blockK());
        int span = spec.estimator().span(spec.blockK());
        return span == 1 ? floats("k") : pool("k", spec.kvHeads(), 1, spec.keys(), columns, stride, span, PoolTokens.MEAN);
    }

    private FloatArray pool(String name, int ofHeads, int group, int length, int segments, int stride, int span, int kind) {
        FloatArray pooled = new FloatArray(spec.batch() * ofHeads * segments * spec.headDim());
        tasks.add(Task.rows("pool_" + name + kind, POOL, pooled.getSize(), floats(name), pooled, group, length, segments, spec.headDim(), stride, span,
                kind));
        return pooled;
    }

    private FloatArray pairs(FloatArray q, FloatArray k) {
        FloatArray estimate = new FloatArray(shape(spec).elements());
        tasks.add(Task.rows("pairs", PAIRS, estimate.getSize(), q, k, estimate, heads / spec.kvHeads(), queries, columns, spec.headDim(), spec.scale()));
        return estimate;
    }

    private void fold(FloatArray estimate, IntArray visible, IntArray apart, FloatArray scores) {
        Estimator how = spec.estimator();
        int rowQueries = how instanceof Estimator.Antidiagonal(int side) ? spec.blockQ() / side : 1;
        tasks.add(Task.rows("fold", FOLD, scores.getSize(), estimate, visible, apart, scores, heads / spec.listHeads(), heads / spec.kvHeads(),
                spec.rows(), spec.candidates(), queries, columns, rowQueries, spec.blockK(), how.stride(spec.blockK()), how.span(spec.blockK()), fold(spec.pooling().blocks()), fold(spec.pooling().group()),
                spec.hasSoftmax() ? 0.0f : NONE));
    }

    private static int fold(Fold fold) {
        return switch (fold) {
            case NONE, SUM -> FoldScores.SUM;
            case MEAN -> FoldScores.MEAN;
            case MAX -> FoldScores.MAX;
        };
    }

    /** How many of the estimator's columns each of its queries sees. */
    private IntArray visible() {
        int stride = spec.estimator().stride(spec.blockK());
        int past = spec.estimator().seesWhatIsPast() ? spec.estimator().span(spec.blockK()) : 1;
        IntArray visible = new IntArray(queries);
        for (int i = 0; i < queries; i++) {
            int position = spec.estimator() instanceof Estimator.Antidiagonal(int side)
                    ? Math.min(spec.queries(), (i + 1) * side) - 1 + spec.offset() : spec.lastPosition(i);
            boolean seesAll = !spec.causal() || position >= spec.keys() - 1;
            visible.set(i, seesAll ? columns : Math.clamp(Math.floorDiv(position + 1 - past, stride) + 1, 0, columns));
        }
        constants.add(visible);
        return visible;
    }

    private FloatArray sizes() {
        if (spec.pooling().weighted()) {
            return floats("sizes");
        }
        FloatArray ones = new FloatArray(spec.batch() * spec.kvHeads() * columns);
        ones.init(1);
        constants.add(ones);
        return ones;
    }

    private FloatArray floats(String name) {
        return input((FloatArray) tensors.get(name).data());
    }

    private IntArray integers(String name) {
        return input((IntArray) tensors.get(name).data());
    }

    private <T extends TornadoNativeArray> T input(T array) {
        if (inputs.stream().noneMatch(known -> known == array)) {
            inputs.add(array);
        }
        return array;
    }

    private IntArray constant(int size) {
        IntArray zeros = new IntArray(size);
        zeros.init(0);
        constants.add(zeros);
        return zeros;
    }

    /** Runs on the host before every run. */
    void fill() {
    }

    List<Task> tasks() {
        return tasks;
    }

    List<TornadoNativeArray> inputs() {
        return inputs;
    }

    List<TornadoNativeArray> constants() {
        return constants;
    }
}
