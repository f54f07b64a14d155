package tessera;

import java.util.Map;

/**
 * How queries, keys and values arrive, and which inputs say where they lie; lengths, page tables and lists are inputs (I32), so that
 * one plan serves every step.
 *
 * @param layout order of the dimensions of q, k, v and out
 * @param past how many of the keys come first, as {@code pastK} and {@code pastV}; k and v hold the others, and {@code presentK},
 *        {@code presentV} are outputs with all of them
 * @param sequences number of sequences of a ragged batch, 0 for none: batch is 1, and {@code cuSeqlensQ}, {@code cuSeqlensK
 *        [sequences + 1]} say where each sequence begins and the last one ends; later rows are empty
 * @param pages pages of a cache, 0 for none: k and v are {@code [pages, kvHeads, pageSize, dim]}, and {@code pageTable [batch, keys /
 *        pageSize]} names the page of each run of keys (PagedAttention, arXiv:2309.06180); goes with {@code keyLengths}
 * @param pageSize keys in a page
 * @param lists key blocks in a list, 0 for none: {@code keyBlocks [batch, ceil(queries / listQueries), listHeads, lists]}, -1 for no
 *        block; a block that is named twice counts once
 * @param listHeads heads with lists of their own
 * @param listQueries consecutive queries that share a list
 * @param listBlock keys in a listed block; 1 lists tokens
 * @param columns single keys that all queries see beside the blocks, 0 for none: {@code keyColumns [batch, listHeads, columns]}, -1 for
 *        no key; a key that a listed block has too counts once (MInference, arXiv:2407.02490)
 * @param pvSkip see {@link AttentionBuilder#pvSkip}; 0 for none
 * @param valuesInKeys whether the value of a key is its own first channels, so that there are no v, pastV and presentV
 */
public record Arrangement(TensorLayout layout, int past, int sequences, int pages, int pageSize, int lists, int listHeads, int listQueries,
        int listBlock, int columns, float pvSkip, boolean valuesInKeys) {

    /** Dense BHLD tensors. */
    public static final Arrangement PLAIN = new Arrangement(TensorLayout.BHLD, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    /** All values of listed blocks count, and values are an input of their own. */
    public Arrangement(TensorLayout layout, int past, int sequences, int pages, int pageSize, int lists, int listHeads, int listQueries,
            int listBlock, int columns) {
        this(layout, past, sequences, pages, pageSize, lists, listHeads, listQueries, listBlock, columns, 0, false);
    }

    /** @throws IllegalArgumentException naming the count that is negative or missing */
    public Arrangement {
        Require.given("layout", layout);
        if (past < 0 || sequences < 0 || pages < 0 || lists < 0) {
            throw new IllegalArgumentException("past, sequences, pages and lists must not be negative, got " + past + ", " + sequences + ", " + pages
                    + ", " + lists);
        }
        if (pages > 0) {
            Require.positive("pageSize", pageSize);
        }
        if (lists > 0) {
            Require.positive("listHeads", listHeads, "listQueries", listQueries, "listBlock", listBlock);
        }
        if (columns < 0 || columns > 0 && lists == 0) {
            throw new IllegalArgumentException("key columns stand beside listed blocks, see AttentionBuilder.listed; got " + columns + " columns and "
                    + lists + " blocks in a list");
        }
        if (!(pvSkip <= 0) || Float.isInfinite(pvSkip) || pvSkip < 0 && (lists == 0 || columns > 0)) {
            throw new IllegalArgumentException("pvSkip must be negative, or 0 for none, and goes with listed blocks without key columns; got " + pvSkip + ", "
                    + lists + " blocks in a list and " + columns + " columns");
        }
    }

    /** Whether only the inputs of a run say which keys a query sees. */
    public boolean isDynamic() {
        return sequences > 0 || pages > 0 || lists > 0;
    }

    /** Channels from a value to that of the next key. */
    public int valueStride(AttentionSpec spec) {
        return valuesInKeys ? spec.headDim() : spec.valueDim();
    }

    void requireFit(int batch, int heads, int queries, int keys, Scores scores) {
        if (past >= keys) {
            throw new IllegalArgumentException("past must be less than keys = " + keys + ", got " + past);
        }
        if (past > 0 && isDynamic()) {
            throw new IllegalArgumentException("past keys go with neither ragged, paged nor listed keys; append them to the cache first");
        }
        if (sequences > 0 && batch != 1) {
            throw new IllegalArgumentException("a ragged batch must have batch = 1, its sequences one after the other, got " + batch);
        }
        if (pages > 0 && (keys % pageSize != 0 || !scores.keyLengths())) {
            throw new IllegalArgumentException("paged keys need keyLengths and keys that are a multiple of pageSize = " + pageSize + ", got " + keys);
        }
        if (pages > 0 && layout != TensorLayout.BHLD) {
            throw new IllegalArgumentException("paged keys are [pages, kvHeads, pageSize, dim] and go with BHLD queries, got " + layout);
        }
        if (sequences > 0 && pages == 0 && scores.keyLengths()) {
            throw new IllegalArgumentException("a ragged batch has its key lengths in cuSeqlensK; leave keyLengths out");
        }
        if (lists > 0 && (heads % listHeads != 0 || sequences > 0 || pages > 0)) {
            throw new IllegalArgumentException("listed keys need listHeads that divide heads = " + heads
                    + ", got " + listHeads + ", and keys that are neither ragged nor paged");
        }
        if (pvSkip < 0 && !scores.isPlain()) {
            throw new IllegalArgumentException("pvSkip goes with plain scores, not with " + scores + "; leave one of them out");
        }
        if (pvSkip < 0 && valuesInKeys) {
            throw new IllegalArgumentException("pvSkip goes with values of their own, not with the first channels of the keys; leave one of them out");
        }
        if (lists > 0) {
            listShape(batch, queries);
            Shape.of(batch, listHeads, Math.max(1, columns));
        }
    }

    private Shape listShape(int batch, int queries) {
        return Shape.of(batch, Math.ceilDiv(queries, listQueries), listHeads, lists);
    }

    /** Number of key lengths: one for each sequence of a ragged batch, else for each batch. */
    int lengths(int batch) {
        return sequences > 0 ? sequences : batch;
    }

    /** Shape of k or v as it arrives. */
    Shape keyShape(int batch, int kvHeads, int keys, int dim) {
        return pages > 0 ? Shape.of(pages, kvHeads, pageSize, dim) : layout.shape(batch, kvHeads, keys - past, dim);
    }

    void addInputs(Map<String, Shape> inputs, AttentionSpec spec) {
        if (past > 0) {
            inputs.put("pastK", layout.shape(spec.batch(), spec.kvHeads(), past, spec.headDim()));
            if (!valuesInKeys) {
                inputs.put("pastV", layout.shape(spec.batch(), spec.kvHeads(), past, spec.valueDim()));
            }
        }
        if (sequences > 0) {
            inputs.put("cuSeqlensQ", Shape.of(sequences + 1));
        }
        if (sequences > 0 && pages == 0) {
            inputs.put("cuSeqlensK", Shape.of(sequences + 1));
        }
        if (pages > 0) {
            inputs.put("pageTable", Shape.of(lengths(spec.batch()), spec.keys() / pageSize));
        }
        if (lists > 0) {
            inputs.put("keyBlocks", listShape(spec.batch(), spec.queries()));
        }
        if (columns > 0) {
            inputs.put("keyColumns", Shape.of(spec.batch(), listHeads, columns));
        }
    }
}
