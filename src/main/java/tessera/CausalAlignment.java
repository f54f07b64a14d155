package tessera;

/** Where the causal diagonal (and any window) lies when the numbers of queries N and keys M differ. */
public enum CausalAlignment {
    /** Query i stands at position i: the first query sees the first key. */
    TOP_LEFT,
    /** Query i stands at position i + M - N: the last query sees the last key, as in decoding with a cache. */
    BOTTOM_RIGHT;

    /** Position of query 0. */
    public int offset(int queries, int keys) {
        return this == BOTTOM_RIGHT ? keys - queries : 0;
    }
}
