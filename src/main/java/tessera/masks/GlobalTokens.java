package tessera.masks;

import java.util.BitSet;

/** Some tokens see all, and are seen by all: Longformer's global attention (arXiv:2004.05150). Other pairs are not allowed. */
public record GlobalTokens(BitSet tokens) implements Mask {

    /** The positions of the tokens, copied. */
    public GlobalTokens {
        tokens = (BitSet) tokens.clone();
    }

    public static GlobalTokens of(int... positions) {
        BitSet tokens = new BitSet();
        for (int position : positions) {
            tokens.set(position);
        }
        return new GlobalTokens(tokens);
    }

    @Override
    public BitSet tokens() {
        return (BitSet) tokens.clone();
    }

    @Override
    public boolean allows(int map, int query, int position, int key) {
        return tokens.get(key) || position >= 0 && tokens.get(position);
    }

    @Override
    public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        int first = queries.firstPosition();
        int last = queries.lastPosition();
        boolean all = covers(firstKey, endKey - 1) || first >= 0 && covers(first, last);
        return Coverage.of(meets(firstKey, endKey - 1) || meets(first, last), all);
    }

    @Override
    public int nextKey(int map, QueryBlock queries, int key) {
        int next = meets(queries.firstPosition(), queries.lastPosition()) ? key : tokens.nextSetBit(key);
        return next < 0 ? NONE : next;
    }

    private boolean covers(int first, int last) {
        return tokens.nextClearBit(first) > last;
    }

    private boolean meets(int first, int last) {
        int next = last < 0 ? -1 : tokens.nextSetBit(Math.max(0, first));
        return next >= 0 && next <= last;
    }

    /** {@inheritDoc} Tokens beyond its end come round to its beginning. */
    @Override
    public Mask resized(int queries, int keys) {
        return of(tokens.stream().map(token -> token % Math.min(queries, keys)).toArray());
    }

    @Override
    public String toString() {
        return tokens.cardinality() > 8 ? tokens.cardinality() + " global tokens" : "global tokens " + tokens;
    }
}
