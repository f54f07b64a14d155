package tessera;

/**
 * What happens to the estimates of SELECT before its rule, in this order.
 *
 * @param meanQueries the queries of a group's heads are averaged first, so that every key/value head has one estimate
 * @param softmax over each row's visible scores; or none
 * @param weighted an input {@code sizes [batch, kvHeads, scores]} is a factor of each exponential: the keys that a score stands for
 * @param blocks how the scores within a candidate become one
 * @param group how the heads of a group become one; NONE leaves each query head its own choice
 * @param width of the neighbourhood over which candidates are pooled, odd; 1 for none
 * @param neighbours how: MEAN, of those that are there, or MAX
 */
public record Pooling(boolean meanQueries, boolean softmax, boolean weighted, Fold blocks, Fold group, int width, Fold neighbours) {

    /** How several scores become one. */
    public enum Fold {
        NONE, SUM, MEAN, MAX
    }

    /** @throws IllegalArgumentException if a fold is missing or the width is even */
    public Pooling {
        Require.given("blocks", blocks, "group", group, "neighbours", neighbours);
        if (blocks == Fold.NONE) {
            throw new IllegalArgumentException("blocks must be SUM, MEAN or MAX, got NONE");
        }
        if (width < 1 || width % 2 == 0) {
            throw new IllegalArgumentException("width must be an odd number of candidates, got " + width);
        }
        if (width > 1 && neighbours != Fold.MEAN && neighbours != Fold.MAX) {
            throw new IllegalArgumentException("neighbours must be MEAN or MAX, got " + neighbours);
        }
        if (weighted && !softmax) {
            throw new IllegalArgumentException("sizes weigh a softmax; ask for one too");
        }
        if (meanQueries && group != Fold.NONE) {
            throw new IllegalArgumentException("a group whose queries are averaged has one estimate already; leave group at NONE");
        }
    }
}
