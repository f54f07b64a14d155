package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import tessera.Estimator;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.engine.Kernel;
import tessera.engine.Task;
import tessera.tasks.sparse.AntidiagonalScores;
import tessera.tasks.sparse.ChannelScores;
import tessera.tasks.sparse.CodeScores;
import tessera.tasks.sparse.GatherTokens;
import tessera.tasks.sparse.IndexerScores;
import tessera.tasks.sparse.LineSums;
import tessera.tasks.sparse.PairScores;
import tessera.tasks.sparse.PoolTokens;
import tessera.tasks.sparse.RangeScores;
import tessera.tasks.sparse.RankChannels;
import tessera.tasks.sparse.RoundTokens;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The scores of each estimator, before softmax and folds. */
final class SelectEstimates {
    private static final Kernel POOL = Kernel.of(PoolTokens.class, "rows");
    private static final Kernel PAIRS = Kernel.of(PairScores.class, "rows");
    private static final Kernel RANGES = Kernel.of(RangeScores.class, "rows");
    private static final Kernel ANTIDIAGONALS = Kernel.of(AntidiagonalScores.class, "rows");
    private static final Kernel GATHER = Kernel.of(GatherTokens.class, "rows");
    private static final Kernel LINES = Kernel.of(LineSums.class, "rows");
    private static final Kernel RANK = Kernel.of(RankChannels.class, "rows");
    private static final Kernel CHANNELS = Kernel.of(ChannelScores.class, "rows");
    private static final Kernel CODES = Kernel.of(CodeScores.class, "rows");
    private static final Kernel INDEXER = Kernel.of(IndexerScores.class, "rows");
    private static final Kernel ROUND = Kernel.of(RoundTokens.class, "rows");

    private final SelectSpec spec;
    private final SelectArrays arrays;
    private final int group;
    private final int queries;
    private final int columns;
    private final List<Task> tasks = new ArrayList<>();

    SelectEstimates(SelectSpec spec, SelectArrays arrays) {
        this.spec = spec;
        this.arrays = arrays;
        this.group = spec.estimateHeads() / spec.kvHeads();
        this.queries = shape(spec).dim(2);
        this.columns = spec.scores();
    }

    /** [batch, heads, queries, scores] of a spec's estimator. */
    static Shape shape(SelectSpec spec) {
        int queries = spec.estimator() instanceof Estimator.Antidiagonal(int stride) ? Math.ceilDiv(spec.queries(), stride) : spec.rows();
        return Shape.of(spec.batch(), spec.estimateHeads(), queries, spec.scores());
    }

    List<Task> tasks() {
        return tasks;
    }

    FloatArray estimate() {
        return switch (spec.estimator()) {
            case Estimator.PooledDot _, Estimator.OverlappedDot _ -> pairs(queries(), keys(PoolTokens.MEAN));
            case Estimator.GivenDot _ -> pairs(queries(), arrays.floats("k"));
            case Estimator.MinMax _ -> scores("ranges", RANGES, queries(), keys(PoolTokens.MIN), keys(PoolTokens.MAX), null, group, queries, columns,
                    spec.headDim(), spec.scale());
            case Estimator.Antidiagonal(int stride) -> scores("antidiagonals", ANTIDIAGONALS, arrays.floats("q"), arrays.floats("k"), null, group,
                    spec.queries(), spec.keys(), queries, columns, stride, spec.headDim(), spec.scale() / stride);
            case Estimator.LastRows last -> lines(last);
            case Estimator.ListedChannels(int count) -> channels(queries(), arrays.integers("channels"), count, 0);
            case Estimator.TopChannels(int count) -> ranked(queries(), count);
            case Estimator.Hamming(int words) -> codes(words, 0);
            case Estimator.Collisions(int tables) -> codes(tables, 1);
            case Estimator.Indexer _ -> scores("indexer", INDEXER, arrays.floats("q"), arrays.floats("k"), arrays.floats("weights"), null, spec.heads(),
                    queries, columns, spec.headDim(), spec.scale());
            case Estimator.ColumnMass _ -> arrays.floats("mass");
            case Estimator.LowBit(int bits) -> pairs(queries(), rounded((1 << bits) - 1));
            case Estimator.External _ -> arrays.floats("estimate");
        };
    }

    /** A task over all scores; they take the place of null among its arguments. */
    private FloatArray scores(String id, Kernel kernel, Object... arguments) {
        FloatArray scores = new FloatArray(shape(spec).elements());
        for (int n = 0; n < arguments.length; n++) {
            arguments[n] = arguments[n] == null ? scores : arguments[n];
        }
        tasks.add(Task.rows(id, kernel, scores.getSize(), arguments));
        return scores;
    }

    private FloatArray pairs(FloatArray q, FloatArray k) {
        return scores("pairs", PAIRS, q, k, null, group, queries, columns, spec.headDim(), spec.scale());
    }

    private FloatArray queries() {
        int averaged = spec.heads() / spec.estimateHeads();
        return averaged == 1 && spec.blockQ() == 1 ? arrays.floats("q")
                : pool("q", spec.estimateHeads(), averaged, spec.queries(), spec.rows(), spec.blockQ(), spec.blockQ(), PoolTokens.MEAN);
    }

    private FloatArray keys(int kind) {
        int span = spec.estimator().span(spec.blockK());
        return span == 1 ? arrays.floats("k")
                : pool("k", spec.kvHeads(), 1, spec.keys(), columns, spec.estimator().stride(spec.blockK()), span, kind);
    }

    private FloatArray pool(String name, int heads, int averaged, int length, int segments, int stride, int span, int kind) {
        FloatArray pooled = new FloatArray(spec.batch() * heads * segments * spec.headDim());
        tasks.add(Task.rows("pool_" + name + kind, POOL, pooled.getSize(), arrays.floats(name), pooled, averaged, length, segments, spec.headDim(),
                stride, span, kind));
        return pooled;
    }

    private FloatArray rounded(int steps) {
        FloatArray k = arrays.floats("k");
        FloatArray rounded = new FloatArray(k.getSize());
        tasks.add(Task.rows("round", ROUND, k.getSize() / spec.headDim(), k, rounded, spec.headDim(), steps));
        return rounded;
    }

    private FloatArray ranked(FloatArray q, int count) {
        int rows = spec.batch() * spec.kvHeads() * queries;
        IntArray channels = new IntArray(rows * count);
        tasks.add(Task.rows("rank", RANK, rows, q, channels, group, queries, spec.headDim(), count));
        return channels(q, channels, count, 1);
    }

    private FloatArray channels(FloatArray q, IntArray channels, int count, int own) {
        return scores("channels", CHANNELS, q, arrays.floats("k"), channels, null, spec.kvHeads(), group, queries, columns, spec.headDim(), count, own,
                spec.scale());
    }

    private FloatArray codes(int words, int equal) {
        return scores("codes", CODES, arrays.integers("q"), arrays.integers("k"), null, group, queries, columns, words, equal);
    }

    /** Softmax over the keys of a few queries, and sums along lines of it. */
    private FloatArray lines(Estimator.LastRows last) {
        int heads = spec.batch() * spec.heads();
        int rows = last.rows();
        IntArray index = last.sampled() ? arrays.integers("rows") : arrays.constant(new IntArray(rows));
        for (int i = 0; !last.sampled() && i < rows; i++) {
            index.set(i, spec.queries() - rows + i);
        }
        FloatArray q = new FloatArray(heads * rows * spec.headDim());
        FloatArray products = new FloatArray(heads * rows * columns);
        tasks.add(Task.rows("gather", GATHER, q.getSize(), arrays.floats("q"), index, q, heads, spec.queries(), rows, spec.headDim(), 1, 1));
        tasks.add(Task.rows("pairs", PAIRS, products.getSize(), q, arrays.floats("k"), products, group, rows, columns, spec.headDim(), spec.scale()));
        FloatArray weights = SelectScores.softmax(spec, arrays, "rows_softmax", tasks, products, index, rows, 1);
        return scores("lines", LINES, weights, index, null, rows, columns, spec.offset(), last.lines() == Estimator.Lines.DIAGONALS ? 1 : 0);
    }
}
