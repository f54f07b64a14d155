package tessera;

import java.util.List;
import tessera.engine.Kernel;
import tessera.masks.Mask;

/** Collects the options of an {@link AttentionSpec}; made by {@link AttentionSpec#of}. */
public final class AttentionBuilder {
    private final int batch;
    private final int heads;
    private final int queries;
    private final int headDim;
    private int kvHeads;
    private int keys;
    private int valueDim;
    private Float scale;
    private Mask mask = Mask.FULL;
    private boolean causal;
    private CausalAlignment alignment = CausalAlignment.BOTTOM_RIGHT;
    private DType dtype = DType.F32;
    private float softcap;
    private boolean slopes;
    private boolean sinks;
    private Shape bias;
    private Shape maskTensor;
    private boolean keyLengths;
    private ScoreFunction function;
    private Kernel kernel;
    private HeadMaps headMaps;
    private TensorLayout layout = TensorLayout.BHLD;
    private int past;
    private int sequences;
    private int pages;
    private int pageSize;
    private int lists;
    private int listHeads;
    private int listQueries;
    private int listBlock;
    private int columns;
    private float pvSkip;
    private boolean valuesInKeys;
    private boolean lse;
    private boolean columnMass;
    private int massQ;
    private int massK;
    private ScoreStage stage;

    AttentionBuilder(int batch, int heads, int length, int headDim) {
        this.batch = batch;
        this.heads = heads;
        this.queries = length;
        this.headDim = headDim;
        this.kvHeads = heads;
        this.keys = length;
        this.valueDim = headDim;
    }

    /** Every option of a spec, to change some of them. */
    AttentionBuilder(AttentionSpec spec) {
        this(spec.batch(), spec.heads(), spec.queries(), spec.headDim());
        kvHeads(spec.kvHeads()).keys(spec.keys()).valueDim(spec.valueDim()).scale(spec.scale()).mask(spec.mask()).alignment(spec.alignment());
        causal = spec.causal();
        dtype = spec.dtype();
        softcap = spec.scores().softcap();
        slopes = spec.scores().slopes();
        sinks = spec.scores().sinks();
        bias = spec.scores().bias();
        maskTensor = spec.scores().mask();
        keyLengths = spec.scores().keyLengths();
        function = spec.scores().function();
        kernel = spec.scores().kernel();
        headMaps = spec.hasGroupedHeads() ? null : spec.headMaps();
        layout = spec.arrangement().layout();
        past = spec.arrangement().past();
        sequences = spec.arrangement().sequences();
        pages = spec.arrangement().pages();
        pageSize = spec.arrangement().pageSize();
        lists = spec.arrangement().lists();
        listHeads = spec.arrangement().listHeads();
        listQueries = spec.arrangement().listQueries();
        listBlock = spec.arrangement().listBlock();
        columns = spec.arrangement().columns();
        pvSkip = spec.arrangement().pvSkip();
        valuesInKeys = spec.arrangement().valuesInKeys();
        lse = spec.requested().lse();
        columnMass = spec.requested().columnMass();
        massQ = spec.requested().massQ();
        massK = spec.requested().massK();
        stage = spec.requested().scores();
    }

    public AttentionBuilder kvHeads(int count) {
        kvHeads = count;
        return this;
    }

    /** Number of keys, where it is not the number of queries (cross attention, decoding); past keys among them. */
    public AttentionBuilder keys(int count) {
        keys = count;
        return this;
    }

    public AttentionBuilder valueDim(int dim) {
        valueDim = dim;
        return this;
    }

    public AttentionBuilder scale(float factor) {
        scale = factor;
        return this;
    }

    /** Who may attend to whom: one of {@link tessera.masks}, or a lambda. */
    public AttentionBuilder mask(Mask rule) {
        mask = rule;
        return this;
    }

    /** Causal, the last query seeing the last key. */
    public AttentionBuilder causal() {
        return causal(CausalAlignment.BOTTOM_RIGHT);
    }

    public AttentionBuilder causal(CausalAlignment where) {
        causal = true;
        alignment = where;
        return this;
    }

    /** Where query positions lie among the keys, without making the attention causal. */
    public AttentionBuilder alignment(CausalAlignment where) {
        alignment = where;
        return this;
    }

    public AttentionBuilder dtype(DType type) {
        dtype = type;
        return this;
    }

    /** Scores stay between -bound and bound; 0 for no bound. */
    public AttentionBuilder softcap(float bound) {
        softcap = bound;
        return this;
    }

    /** An input {@code slopes [heads]} of linear biases (ALiBi). */
    public AttentionBuilder slopes() {
        slopes = true;
        return this;
    }

    /** An input {@code sinks [heads]} of logits that join the denominator only. */
    public AttentionBuilder sinks() {
        sinks = true;
        return this;
    }

    /** An input {@code bias} of up to four dimensions that broadcast to [batch, heads, queries, keys]. */
    public AttentionBuilder bias(int... dims) {
        bias = Shape.of(dims);
        return this;
    }

    /**
     * An input {@code mask} of type I8, 0 for "not allowed", with dimensions as for the bias. With a last dimension of 1 it says
     * which (token, head) pairs are active, as for mixtures of heads.
     */
    public AttentionBuilder maskTensor(int... dims) {
        maskTensor = Shape.of(dims);
        return this;
    }

    /** An input {@code keyLengths [batch]} of type I32, beyond which keys are padding. */
    public AttentionBuilder keyLengths() {
        keyLengths = true;
        return this;
    }

    /** The user's own change of each score, on the JVM. */
    public AttentionBuilder score(ScoreFunction change) {
        function = change;
        return this;
    }

    /**
     * The user's own change of the scores on every device: a public static method {@code (FloatArray scores, int heads, int queries,
     * int keys, int rowOffset, int rowCount)} with one {@code @Parallel} loop over rows of {@code scores [batch, heads, queries, keys]},
     * compiled with {@code -g} and on the class path. A hidden key's score is -1e30 and must stay below -1e29.
     *
     * @throws IllegalArgumentException if the class has no such method
     */
    public AttentionBuilder scoreKernel(Class<?> owner, String method) {
        kernel = Kernel.of(owner, method);
        return this;
    }

    /** Which key head, value head and query head each head uses, see {@link HeadMaps}; null queries are each head's own. */
    public AttentionBuilder headMaps(List<Integer> keyHeads, List<Integer> valueHeads, List<Integer> queryHeads) {
        headMaps = new HeadMaps(keyHeads, valueHeads, queryHeads == null ? HeadMaps.grouped(heads, heads).keys() : queryHeads);
        return this;
    }

    /** Order of the dimensions of q, k, v and out. */
    public AttentionBuilder layout(TensorLayout order) {
        layout = order;
        return this;
    }

    /** The first {@code count} keys and values are inputs of their own, as from a cache; all of them are outputs. */
    public AttentionBuilder past(int count) {
        past = count;
        return this;
    }

    /** Batch 1 holds so many sequences, one after the other; inputs {@code cuSeqlensQ}, {@code cuSeqlensK} say where they begin. */
    public AttentionBuilder ragged(int count) {
        sequences = count;
        return this;
    }

    /** Keys and values lie in {@code count} pages of {@code size} keys; inputs {@code pageTable} and {@code keyLengths} find them. */
    public AttentionBuilder paged(int count, int size) {
        pages = count;
        pageSize = size;
        keyLengths = true;
        return this;
    }

    /** Each query sees only the blocks of {@code block} keys that its own list of {@code count} names; see {@link Arrangement}. */
    public AttentionBuilder listed(int headLists, int count, int block) {
        return listed(headLists, count, 1, block);
    }

    /** Each block of {@code blockQ} queries sees only the blocks of {@code blockK} keys that its own list of {@code count} names. */
    public AttentionBuilder listed(int headLists, int count, int blockQ, int blockK) {
        lists = count;
        listHeads = headLists;
        listQueries = blockQ;
        listBlock = blockK;
        return this;
    }

    /** Beside listed blocks, all queries see {@code count} keys that an input {@code keyColumns} names. */
    public AttentionBuilder keyColumns(int count) {
        columns = count;
        return this;
    }

    /**
     * The values of a listed block are left out, though not their weights, where its largest score stays below the largest one so far,
     * that of its own among them, by more than {@code -lambda} for each query of a block (SpargeAttn, arXiv:2502.18137); blocks come in
     * the order of their keys.
     */
    public AttentionBuilder pvSkip(float lambda) {
        pvSkip = lambda;
        return this;
    }

    /**
     * The value of a key is its own first {@code dim} channels, read where they are: there is no input {@code v}. So multi-head latent
     * attention reads its cache of latents (MLA, arXiv:2405.04434).
     */
    public AttentionBuilder valuesFromKeys(int dim) {
        valueDim = dim;
        valuesInKeys = true;
        return this;
    }

    /** The log-sum-exp is an output. */
    public AttentionBuilder lse() {
        lse = true;
        return this;
    }

    /** The weight of each key, summed over the queries, is an output. */
    public AttentionBuilder columnMass() {
        columnMass = true;
        return this;
    }

    /** Weights summed over blocks of queries x keys are an output. */
    public AttentionBuilder blockMass(int blockQ, int blockK) {
        Require.positive("blockQ", blockQ, "blockK", blockK);
        massQ = blockQ;
        massK = blockK;
        return this;
    }

    /** The matrix of scores at a stage is an output. */
    public AttentionBuilder scores(ScoreStage at) {
        stage = at;
        return this;
    }

    /** @throws IllegalArgumentException naming the argument that does not fit */
    public AttentionSpec build() {
        Require.positive("headDim", headDim, "heads", heads, "kvHeads", kvHeads);
        float factor = scale == null ? (float) (1 / Math.sqrt(headDim)) : scale;
        return new AttentionSpec(batch, heads, kvHeads, queries, keys, headDim, valueDim, factor, mask, causal, alignment, dtype,
                new Scores(softcap, slopes, sinks, bias, maskTensor, keyLengths, function, kernel),
                headMaps == null ? HeadMaps.grouped(heads, kvHeads) : headMaps,
                new Arrangement(layout, past, sequences, pages, pageSize, lists, listHeads, listQueries, listBlock, columns, pvSkip, valuesInKeys),
                new AttentionOutputs(lse, columnMass, massQ, massK, stage));
    }
}
