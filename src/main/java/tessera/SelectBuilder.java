package tessera;

import tessera.Pooling.Fold;

/** Collects the options of a {@link SelectSpec}; made by {@link SelectSpec#of}. */
public final class SelectBuilder {
    private final int batch;
    private final int heads;
    private final int queries;
    private final int headDim;
    private int kvHeads;
    private int keys;
    private int blockQ;
    private int blockK = 1;
    private Float scale;
    private boolean causal;
    private CausalAlignment alignment = CausalAlignment.BOTTOM_RIGHT;
    private DType dtype = DType.F32;
    private Estimator estimator = new Estimator.PooledDot();
    private boolean meanQueries;
    private boolean softmax;
    private boolean weighted;
    private Fold blocks;
    private Fold group = Fold.NONE;
    private int width = 1;
    private Fold neighbours = Fold.NONE;
    private SelectionRule rule;
    private boolean perHead;
    private int least;
    private int most = Integer.MAX_VALUE;
    private Forced forced = Forced.NONE;
    private boolean share;
    private boolean scores;

    SelectBuilder(int batch, int heads, int length, int headDim) {
        this.batch = batch;
        this.heads = heads;
        this.queries = length;
        this.headDim = headDim;
        this.kvHeads = heads;
        this.keys = length;
    }

    public SelectBuilder kvHeads(int count) {
        kvHeads = count;
        return this;
    }

    /** Number of keys, where it is not the number of queries. */
    public SelectBuilder keys(int count) {
        keys = count;
        return this;
    }

    /** Queries that share a list, and keys of a candidate; each query and each key for itself unless set. */
    public SelectBuilder blocks(int ofQueries, int ofKeys) {
        Require.positive("ofQueries", ofQueries, "ofKeys", ofKeys);
        blockQ = ofQueries;
        blockK = ofKeys;
        return this;
    }

    public SelectBuilder scale(float factor) {
        scale = factor;
        return this;
    }

    /** Causal, the last query seeing the last key. */
    public SelectBuilder causal() {
        return causal(CausalAlignment.BOTTOM_RIGHT);
    }

    public SelectBuilder causal(CausalAlignment where) {
        causal = true;
        alignment = where;
        return this;
    }

    /** Where query positions lie among the keys, without hiding any. */
    public SelectBuilder alignment(CausalAlignment where) {
        alignment = where;
        return this;
    }

    public SelectBuilder dtype(DType type) {
        dtype = type;
        return this;
    }

    /** How candidates are scored; {@link Estimator.PooledDot} unless set. */
    public SelectBuilder estimator(Estimator how) {
        estimator = how;
        return this;
    }

    /** Queries of a group's heads are averaged before they are scored. */
    public SelectBuilder meanQueries() {
        meanQueries = true;
        return this;
    }

    /** Scores become softmax weights over what a row sees. */
    public SelectBuilder softmax() {
        softmax = true;
        return this;
    }

    /** Softmax weights count by an input {@code sizes}: the keys that each score stands for. */
    public SelectBuilder weighted() {
        softmax = true;
        weighted = true;
        return this;
    }

    /** How scores within a candidate become one: the sum of softmax weights of tokens or squares, else the largest, unless set. */
    public SelectBuilder foldBlocks(Fold how) {
        blocks = how;
        return this;
    }

    /** Heads of a group choose together. */
    public SelectBuilder foldGroup(Fold how) {
        group = how;
        return this;
    }

    /** Scores of neighbouring candidates are pooled, {@code count} of them, by MEAN or MAX. */
    public SelectBuilder foldNeighbours(int count, Fold how) {
        width = count;
        neighbours = how;
        return this;
    }

    public SelectBuilder rule(SelectionRule what) {
        rule = what;
        return this;
    }

    public SelectBuilder topK(int count) {
        return rule(new SelectionRule.TopK(count));
    }

    /** The fewest candidates that have more than a share p of all scores. */
    public SelectBuilder cover(double p) {
        return rule(new SelectionRule.TopP(p, true));
    }

    /** The most candidates that have no more than a share p of all scores, at least one. */
    public SelectBuilder under(double p) {
        return rule(new SelectionRule.TopP(p, false));
    }

    /** The rule counts over all rows of a head at once. */
    public SelectBuilder perHead() {
        perHead = true;
        return this;
    }

    /** The rule keeps between {@code atLeast} and {@code atMost} candidates. */
    public SelectBuilder budget(int atLeast, int atMost) {
        least = atLeast;
        most = atMost;
        return this;
    }

    public SelectBuilder forced(Forced what) {
        forced = what;
        return this;
    }

    /** The share of the scores that is kept is an output. */
    public SelectBuilder share() {
        share = true;
        return this;
    }

    /** The scores are an output. */
    public SelectBuilder scores() {
        scores = true;
        return this;
    }

    /** @throws IllegalArgumentException naming the argument that does not fit */
    public SelectSpec build() {
        Require.positive("headDim", headDim, "queries", queries);
        Require.given("estimator", estimator);
        float factor = scale == null ? (float) (1 / Math.sqrt(headDim)) : scale;
        int shared = blockQ == 0 ? estimator.isOfAllQueries() ? queries : 1 : blockQ;
        boolean summed = estimator.hasSoftmax() || estimator instanceof Estimator.ColumnMass;
        Fold within = blocks == null ? summed ? Fold.SUM : Fold.MAX : blocks;
        return new SelectSpec(batch, heads, kvHeads, queries, keys, headDim, shared, blockK, factor, causal, alignment, dtype, estimator,
                new Pooling(meanQueries, softmax, weighted, within, group, width, neighbours), rule, new Budget(perHead, least, most), forced,
                share, scores);
    }
}
