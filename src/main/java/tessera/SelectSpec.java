package tessera;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tessera.Pooling.Fold;

/**
 * Which keys attention should look at (SELECT): an {@link Estimator} guesses what candidates, blocks of {@code blockK} keys, are worth
 * to rows, blocks of {@code blockQ} queries; {@link Pooling} makes one score of them; a {@link SelectionRule} keeps the best, and
 * {@link Forced} ones are kept in any case. Only visible candidates are kept: where causal, those that begin no later than the
 * row's last query.
 *
 * <p>Inputs are those of the estimator, {@code q [batch, heads, queries, headDim]} and {@code k [batch, kvHeads, keys, headDim]} for most,
 * then {@code sizes}, {@code forcedRows} and {@code forcedColumns} where asked for. Outputs, with {@code rows = ceil(queries / blockQ)}:
 * {@code keyBlocks [batch, rows, listHeads, lists]} (I32), ascending, -1 after the last: the input of that name of an attention
 * over {@link AttentionBuilder#listed}; {@code counts [batch, rows, listHeads]} (I32); as asked for, {@code share [batch, rows, listHeads]},
 * the kept part of the sum of the row's visible scores, and {@code scores [batch, listHeads, rows, candidates]}, minus infinity for
 * what a row does not see or nothing scores; of a {@link SelectionRule.Split}, {@code marginalBlocks} and {@code marginalCounts} as the first two.
 * A choice for all queries, with one row, is the list of keys to keep of a cache.
 *
 * @param blockQ queries that share a list
 * @param blockK keys of a candidate
 * @param scale factor on q·k, {@code 1 / sqrt(headDim)} unless set
 * @param causal whether a row sees only candidates that begin no later than its last query
 * @param alignment where query positions lie among the keys
 * @param dtype storage type of q and k
 * @param share whether that is an output
 * @param allScores whether the scores are an output
 */
public record SelectSpec(int batch, int heads, int kvHeads, int queries, int keys, int headDim, int blockQ, int blockK, float scale,
        boolean causal, CausalAlignment alignment, DType dtype, Estimator estimator, Pooling pooling, SelectionRule rule, Budget budget,
        Forced forced, boolean share, boolean allScores) implements Spec {

    private static final Set<String> INTEGERS = Set.of("rows", "channels", "forcedRows", "forcedColumns");

    /** @throws IllegalArgumentException naming the argument that does not fit, and what would */
    public SelectSpec {
        Require.positive("batch", batch, "heads", heads, "kvHeads", kvHeads, "queries", queries, "keys", keys, "headDim", headDim, "blockQ", blockQ,
                "blockK", blockK);
        Require.finite("scale", scale);
        Require.given("alignment", alignment, "estimator", estimator, "pooling", pooling, "rule", rule, "budget", budget, "forced", forced);
        Require.storage(dtype);
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException("kvHeads must divide heads: " + kvHeads + " does not divide " + heads);
        }
        if (estimator instanceof Estimator.Indexer && (kvHeads != 1 || pooling.group() != Fold.NONE)) {
            throw new IllegalArgumentException("an indexer has one head of keys and sums over the others; kvHeads must be 1 and group NONE, got "
                    + kvHeads + " and " + pooling.group());
        }
        if (pooling.meanQueries() && !estimator.poolsQueries()) {
            throw new IllegalArgumentException("queries can be averaged where they are vectors, one list for each block of them, not for " + estimator);
        }
        if (!estimator.poolsQueries() && !(estimator instanceof Estimator.Antidiagonal || estimator instanceof Estimator.External)
                && blockQ != (estimator.isOfAllQueries() ? queries : 1)) {
            throw new IllegalArgumentException("blockQ must be " + (estimator.isOfAllQueries() ? queries : 1) + " for " + estimator + ", got " + blockQ);
        }
        if (estimator instanceof Estimator.Antidiagonal(int stride) && (blockQ % stride != 0 || blockK % stride != 0)) {
            throw new IllegalArgumentException("stride must divide blockQ = " + blockQ + " and blockK = " + blockK + ", got " + stride);
        }
        if (estimator instanceof Estimator.LastRows(int rows, boolean sampled, _) && !sampled && rows > queries) {
            throw new IllegalArgumentException("rows must be at most queries = " + queries + ", got " + rows);
        }
        if (estimator instanceof Estimator.ListedChannels(int count) && count > headDim
                || estimator instanceof Estimator.TopChannels(int top) && top > headDim) {
            throw new IllegalArgumentException("count must be at most headDim = " + headDim + ", got " + estimator);
        }
        if (forced.apart() && estimator.stride(blockK) != blockK) {
            throw new IllegalArgumentException("columns can be left out of a softmax over candidates, one score each, not for " + estimator);
        }
        if (forced.similarity() >= 0 && ((pooling.meanQueries() || pooling.group() != Fold.NONE) && heads > kvHeads || !estimator.poolsQueries()
                || estimator instanceof Estimator.GivenDot)) {
            throw new IllegalArgumentException("rows can be forced by similarity where each head has lists of its own and q and k are tokens, not for "
                    + estimator + " with " + pooling);
        }
        Shape.of(batch, heads, Math.max(queries, keys), headDim);
    }

    /** A builder for self-attention over {@code length} tokens; every other option starts at its usual value. */
    public static SelectBuilder of(int batch, int heads, int length, int headDim) {
        return new SelectBuilder(batch, heads, length, headDim);
    }

    @Override
    public String operator() {
        return "SELECT";
    }

    /** Rows: blocks of queries. */
    public int rows() {
        return Math.ceilDiv(queries, blockQ);
    }

    /** Candidates of a row: blocks of keys. */
    public int candidates() {
        return Math.ceilDiv(keys, blockK);
    }

    /** Scores of a query before they become those of candidates. */
    public int scores() {
        return estimator.columns(keys, blockK);
    }

    /** Heads with an estimate of their own. */
    public int estimateHeads() {
        return estimator instanceof Estimator.Indexer ? 1 : pooling.meanQueries() ? kvHeads : heads;
    }

    /** Heads with lists of their own. */
    public int listHeads() {
        return pooling.group() == Fold.NONE ? estimateHeads() : kvHeads;
    }

    /** Whether scores are softmax weights, before anything is summed. */
    public boolean hasSoftmax() {
        return pooling.softmax() || estimator.hasSoftmax();
    }

    /** Position of query 0 among the keys. */
    public int offset() {
        return alignment.offset(queries, keys);
    }

    /** Position of a row's last query among the keys. */
    public int lastPosition(int row) {
        return Math.min(queries, (row + 1) * blockQ) - 1 + offset();
    }

    /** Candidates that a row sees: the first ones. */
    public int visible(int row) {
        return causal ? Math.clamp(Math.floorDiv(lastPosition(row), blockK) + 1, 0, candidates()) : candidates();
    }

    /** First candidate after the sinks that a row is forced to keep by its place; the last one is that of its last query. */
    public int forcedFrom(int row) {
        int last = Math.floorDiv(lastPosition(row), blockK);
        int own = forced.own() ? Math.floorDiv(row * blockQ + offset(), blockK) : last + 1;
        return Math.max(0, Math.min(own, last + 1 - forced.recent()));
    }

    /** Candidates after {@link #forcedFrom}'s last. */
    public int forcedTo(int row) {
        return Math.clamp(Math.floorDiv(lastPosition(row), blockK) + 1, 0, visible(row));
    }

    /** Length of the lists {@code keyBlocks}: as many as a row can keep. */
    public int lists() {
        return longest(rule.count(countedOver()));
    }

    /** Length of the lists {@code marginalBlocks}; 0 without. */
    public int marginalLists() {
        int most = 0;
        for (int visible = 1; rule instanceof SelectionRule.Split && visible <= countedOver(); visible++) {
            most = Math.max(most, rule.notSkipped(visible) - rule.count(visible));
        }
        return Math.min(most, candidates());
    }

    /** Candidates over which the rule counts, at most. */
    public int countedOver() {
        return budget.perHead() ? rows() * candidates() : candidates();
    }

    private int longest(int kept) {
        int byRule = Math.min(candidates(), Math.clamp(kept, budget.least(), budget.most()));
        int byForce = forced.dependsOnData() ? candidates() : 0;
        for (int row = 0; row < rows() && byForce < candidates(); row++) {
            int sinks = Math.min(forced.sinks(), visible(row));
            byForce = Math.max(byForce, sinks + Math.max(0, forcedTo(row) - Math.max(sinks, forcedFrom(row))));
        }
        return Math.clamp(forced.counting() == Forced.Counting.FIRST ? Math.max(byRule, byForce) : (long) byRule + byForce, 1, candidates());
    }

    @Override
    public Map<String, Shape> inputs() {
        Map<String, Shape> inputs = new LinkedHashMap<>(estimator.inputs(this));
        if (pooling.weighted()) {
            inputs.put("sizes", Shape.of(batch, kvHeads, scores()));
        }
        if (forced.rows()) {
            inputs.put("forcedRows", Shape.of(batch, listHeads(), rows()));
        }
        if (forced.columns()) {
            inputs.put("forcedColumns", Shape.of(batch, kvHeads, candidates()));
        }
        return inputs;
    }

    /** {@inheritDoc} Codes, rows, channels and what is forced are I32; what is neither these nor q or k is F32. */
    @Override
    public DType type(String input) {
        boolean vectors = input.equals("q") || input.equals("k");
        boolean codes = estimator instanceof Estimator.Hamming || estimator instanceof Estimator.Collisions;
        return INTEGERS.contains(input) || vectors && codes ? DType.I32 : vectors ? dtype : DType.F32;
    }

    @Override
    public Map<String, Shape> outputs() {
        Map<String, Shape> outputs = new LinkedHashMap<>();
        outputs.put("keyBlocks", Shape.of(batch, rows(), listHeads(), lists()));
        outputs.put("counts", Shape.of(batch, rows(), listHeads()));
        if (rule instanceof SelectionRule.Split) {
            outputs.put("marginalBlocks", Shape.of(batch, rows(), listHeads(), Math.max(1, marginalLists())));
            outputs.put("marginalCounts", Shape.of(batch, rows(), listHeads()));
        }
        if (share) {
            outputs.put("share", Shape.of(batch, rows(), listHeads()));
        }
        if (allScores) {
            outputs.put("scores", Shape.of(batch, listHeads(), rows(), candidates()));
        }
        return outputs;
    }

    /** {@inheritDoc} Lists and counts are I32. */
    @Override
    public DType outputType(String output) {
        return Set.of("keyBlocks", "counts", "marginalBlocks", "marginalCounts").contains(output) ? DType.I32 : DType.F32;
    }

    /** Kept pairs of (query, key) over visible ones, of given {@code counts}; whole blocks count, cut by the ends only. */
    public double density(Tensor counts) {
        double kept = 0;
        double visible = 0;
        for (int n = 0; n < counts.shape().elements(); n++) {
            int row = n / listHeads() % rows();
            int rowQueries = Math.min(queries, (row + 1) * blockQ) - row * blockQ;
            kept += (double) rowQueries * counts.get(n);
            visible += (double) rowQueries * visible(row);
        }
        return visible == 0 ? 0 : kept / visible;
    }

    /** {@inheritDoc} Blocks and strides stay as they are, so that they end in the same way. */
    @Override
    public SelectSpec miniature() {
        int n = estimator.isOfAllQueries() ? Math.min(queries, 37) : Math.min(queries, blockQ == 1 ? 37 : 2 * blockQ + blockQ / 2 + 1);
        int m = Math.min(keys, blockK == 1 ? 45 : 5 * blockK + blockK / 2 + 1);
        int both = queries == keys ? Math.max(n, m) : 0;
        n = both > 0 && !estimator.isOfAllQueries() ? both : n;
        m = both > 0 && !estimator.isOfAllQueries() ? both : m;
        int kv = Math.min(kvHeads, 2);
        Estimator small = estimator instanceof Estimator.LastRows(int rows, boolean sampled, Estimator.Lines lines)
                ? new Estimator.LastRows(sampled ? Math.min(rows, 7) : Math.min(rows, n), sampled, lines) : estimator;
        int some = Math.max(1, Math.ceilDiv(m, blockK) / 2);
        SelectionRule fewer = rule instanceof SelectionRule.TopK(int count) ? new SelectionRule.TopK(Math.min(count, some)) : rule;
        Budget tighter = new Budget(budget.perHead(), Math.min(budget.least(), some), budget.most());
        return new SelectSpec(Math.min(batch, 2), kv * (heads / kvHeads), kv, n, m, headDim, estimator.isOfAllQueries() ? n : blockQ, blockK, scale,
                causal, alignment, dtype, small, pooling, fewer, tighter, forced, share, allScores);
    }
}
