package tessera;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How SELECT guesses what attention would give a candidate: a block of keys, or one key. In the formulas s is the scale of the
 * {@link SelectSpec}, q a query or the mean of a block of queries, k a key.
 */
public sealed interface Estimator {

    /** {@code s q · mean(K_c)} of each block c; blocks of one key are the keys themselves (MoBA, arXiv:2502.13189). */
    record PooledDot() implements Estimator {
    }

    /**
     * {@code s q · mean(K_j)} of segments of {@code span} keys, one every {@code stride} keys, that a query sees once it has passed
     * them; a block has the scores of the segments that overlap it (InfLLM-v2, arXiv:2509.24663).
     */
    record OverlappedDot(int span, int stride) implements Estimator {

        /** @throws IllegalArgumentException unless {@code 1 <= stride <= span} */
        public OverlappedDot {
            Require.positive("span", span, "stride", stride);
            if (stride > span) {
                throw new IllegalArgumentException("stride must be at most span = " + span + ", got " + stride);
            }
        }
    }

    /** {@code s q · k_c} where the input k {@code [batch, kvHeads, blocks, headDim]} holds one vector for each block, such as a learned key. */
    record GivenDot() implements Estimator {
    }

    /** {@code s sum_d max(q_d M_cd, q_d m_cd)} with the largest M and the smallest m of a block (Quest, arXiv:2406.10774). */
    record MinMax() implements Estimator {
    }

    /**
     * Sums along antidiagonals of squares of {@code stride} x {@code stride} pairs: softmax over the squares of
     * {@code (s / stride) sum_t q[i stride + stride - 1 - t] · k[j stride + t]} (XAttention, arXiv:2503.16428).
     */
    record Antidiagonal(int stride) implements Estimator {

        /** @throws IllegalArgumentException if the stride is not positive */
        public Antidiagonal {
            Require.positive("stride", stride);
        }
    }

    /** What {@link LastRows} sums over. */
    enum Lines {
        /** Key j: {@code sum_i P_ij}. */
        COLUMNS,
        /** Distance d: {@code sum_i P_i,p(i)-d} for the positions p(i) of the queries. */
        DIAGONALS
    }

    /**
     * Sums of the attention weights {@code P = softmax(s q K^T)} of a few queries (MInference, arXiv:2407.02490; SnapKV,
     * arXiv:2404.14469). One choice is made for all queries.
     *
     * @param rows how many
     * @param sampled whether an input {@code rows} (I32) says which ones; else the last ones
     * @param lines what the weights are summed over
     */
    record LastRows(int rows, boolean sampled, Lines lines) implements Estimator {

        /** @throws IllegalArgumentException if there are no rows */
        public LastRows {
            Require.positive("rows", rows);
            Require.given("lines", lines);
        }
    }

    /** {@code s sum_c q_c k_c} over some channels: those that the input {@code channels [kvHeads, count]} (I32) lists (arXiv:2408.07092). */
    record ListedChannels(int count) implements Estimator {

        /** @throws IllegalArgumentException if there are no channels */
        public ListedChannels {
            Require.positive("count", count);
        }
    }

    /**
     * {@code s sqrt(|q|_1 / |q_C|_1) sum_C q_c k_c} over the channels C where |q|, summed over the heads of a group, is largest
     * (SparQ, arXiv:2312.04985).
     */
    record TopChannels(int count) implements Estimator {

        /** @throws IllegalArgumentException if there are no channels */
        public TopChannels {
            Require.positive("count", count);
        }
    }

    /** Minus the number of bits in which the codes q and k {@code [batch, heads, tokens, words]} (I32) differ (arXiv:2412.14468). */
    record Hamming(int words) implements Estimator {

        /** @throws IllegalArgumentException if there are no words */
        public Hamming {
            Require.positive("words", words);
        }
    }

    /** The number of hash tables in which q and k {@code [batch, heads, tokens, tables]} (I32) have the same code (arXiv:2410.16179). */
    record Collisions(int tables) implements Estimator {

        /** @throws IllegalArgumentException if there are no tables */
        public Collisions {
            Require.positive("tables", tables);
        }
    }

    /** {@code s sum_h w_ih max(q_ih · k_j, 0)} over the heads, with an input {@code weights [batch, heads, queries]} (DeepSeek-V3.2). */
    record Indexer() implements Estimator {
    }

    /** The input {@code mass [batch, heads, keys]}: what each key has got so far (H2O, arXiv:2306.14048). */
    record ColumnMass() implements Estimator {
    }

    /**
     * {@code s q · k'} with keys rounded to {@code 2^bits} steps between the least and the largest channel of each
     * (Twilight, arXiv:2502.02770). Keys are rounded on the way; nothing is stored in few bits.
     */
    record LowBit(int bits) implements Estimator {

        /** @throws IllegalArgumentException unless there are 1 to 8 bits */
        public LowBit {
            if (bits < 1 || bits > 8) {
                throw new IllegalArgumentException("bits must be between 1 and 8, got " + bits);
            }
        }
    }

    /**
     * The input {@code estimate [batch, heads, rows, scores]}, with a score for each {@code span} keys, one every {@code stride} keys
     * (NSA, arXiv:2502.11089); 0 and 0 for one score a candidate.
     */
    record External(int span, int stride) implements Estimator {

        /** One score a candidate. */
        public External() {
            this(0, 0);
        }

        /** @throws IllegalArgumentException unless both are 0 or {@code 1 <= stride <= span} */
        public External {
            if ((span != 0 || stride != 0) && (stride < 1 || stride > span)) {
                throw new IllegalArgumentException("stride must be between 1 and span = " + span + ", got " + stride + "; or leave both out");
            }
        }
    }

    /** Keys from the start of one score to the start of the next. */
    default int stride(int blockK) {
        return switch (this) {
            case PooledDot _, GivenDot _, MinMax _ -> blockK;
            case External(_, int stride) -> stride == 0 ? blockK : stride;
            case OverlappedDot(_, int stride) -> stride;
            case Antidiagonal(int stride) -> stride;
            default -> 1;
        };
    }

    /** Keys that one score stands for. */
    default int span(int blockK) {
        return switch (this) {
            case OverlappedDot(int span, _) -> span;
            case External(int span, _) when span > 0 -> span;
            default -> stride(blockK);
        };
    }

    /** Scores of each query before they are gathered into candidates. */
    default int columns(int keys, int blockK) {
        int stride = stride(blockK);
        return Math.max(0, Math.ceilDiv(keys - span(blockK), stride)) + 1;
    }

    /** Whether a query sees a score's keys only once it has passed all of them. */
    default boolean seesWhatIsPast() {
        return this instanceof OverlappedDot || this instanceof External(int span, _) && span > 0;
    }

    /** Whether one choice is made for all queries. */
    default boolean isOfAllQueries() {
        return this instanceof LastRows || this instanceof ColumnMass;
    }

    /** Whether a softmax belongs to the estimate. */
    default boolean hasSoftmax() {
        return this instanceof LastRows || this instanceof Antidiagonal;
    }

    /** Whether blocks of queries are averaged first. */
    default boolean poolsQueries() {
        return !(isOfAllQueries() || this instanceof Antidiagonal || this instanceof Hamming || this instanceof Collisions
                || this instanceof Indexer || this instanceof External);
    }

    /** The estimator's own inputs of a spec. */
    default Map<String, Shape> inputs(SelectSpec spec) {
        Map<String, Shape> inputs = new LinkedHashMap<>();
        int dim = switch (this) {
            case Hamming(int words) -> words;
            case Collisions(int tables) -> tables;
            default -> spec.headDim();
        };
        switch (this) {
            case ColumnMass _ -> inputs.put("mass", Shape.of(spec.batch(), spec.heads(), spec.keys()));
            case External _ -> inputs.put("estimate", Shape.of(spec.batch(), spec.heads(), spec.rows(), spec.scores()));
            default -> {
                inputs.put("q", Shape.of(spec.batch(), spec.heads(), spec.queries(), dim));
                int vectors = this instanceof GivenDot ? spec.candidates() : spec.keys();
                inputs.put("k", Shape.of(spec.batch(), spec.kvHeads(), vectors, dim));
            }
        }
        switch (this) {
            case LastRows(int rows, boolean sampled, _) when sampled -> inputs.put("rows", Shape.of(rows));
            case ListedChannels(int count) -> inputs.put("channels", Shape.of(spec.kvHeads(), count));
            case Indexer _ -> inputs.put("weights", Shape.of(spec.batch(), spec.heads(), spec.queries()));
            default -> { }
        }
        return inputs;
    }
}
