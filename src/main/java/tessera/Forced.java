package tessera;

/**
 * Candidates that SELECT keeps whatever their scores; of a row, only the visible ones.
 *
 * @param sinks first candidates of every row
 * @param own those that hold positions of the row's queries
 * @param recent the last ones up to that of the row's last query, that one among them
 * @param rows whether an input {@code forcedRows [batch, listHeads, rows]} (I32) says, other than 0, that a row keeps everything
 * @param columns whether an input {@code forcedColumns [batch, kvHeads, candidates]} (I32) says, other than 0, which ones every row keeps
 * @param apart whether a softmax leaves those columns out, and the sum of scores with it
 * @param similarity rows and candidates whose tokens are no more alike than this, as their mean pairwise cosine, are forced as those
 *        inputs force them (SpargeAttn, arXiv:2502.18137); negative for none
 * @param counting what they mean for the rule
 */
public record Forced(int sinks, boolean own, int recent, boolean rows, boolean columns, boolean apart, float similarity, Counting counting) {

    /** What forced candidates mean for the rule. */
    public enum Counting {
        /** They come first: TopK keeps fewer others (MoBA, arXiv:2502.13189; NSA, arXiv:2502.11089). */
        FIRST,
        /** Nothing: they are added to what the rule keeps, if it does not keep them anyway. */
        ADDED,
        /** The rule sees the others only. */
        EXCLUDED
    }

    /** Nothing is forced. */
    public static final Forced NONE = new Forced(0, false, 0, false, false, false, Counting.ADDED);

    /** Without a bound on similarity. */
    public Forced(int sinks, boolean own, int recent, boolean rows, boolean columns, boolean apart, Counting counting) {
        this(sinks, own, recent, rows, columns, apart, -1, counting);
    }

    /** Rows and candidates whose tokens are not alike, and the columns of those left out of the softmax. */
    public static Forced dissimilar(float similarity) {
        return new Forced(0, false, 0, false, false, true, similarity, Counting.ADDED);
    }

    /** Whether it takes more than places to know which candidates are forced. */
    boolean dependsOnData() {
        return rows || columns || similarity >= 0;
    }

    /** @throws IllegalArgumentException if a count is negative, or columns are to be left out that are not given */
    public Forced {
        Require.given("counting", counting);
        if (sinks < 0 || recent < 0) {
            throw new IllegalArgumentException("sinks and recent must not be negative, got " + sinks + " and " + recent);
        }
        if (apart && !columns && similarity < 0) {
            throw new IllegalArgumentException("only forced columns can be left out of the softmax; force columns too");
        }
        if (similarity >= 0 && (rows || columns)) {
            throw new IllegalArgumentException("rows and columns are forced by an input or by similarity, not by both; got similarity = " + similarity);
        }
    }
}
