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

    /** {@inheritDoc} Tokens beyond its end come round to its beginning. */
    @Override
    public Mask resized(int queries, int keys) {
        return of(tokens.stream().map(token -> token % Math.min(queries, keys)).toArray());
    }

    @Override
    public String toString() {
        return "global tokens " + tokens;
    }
}
