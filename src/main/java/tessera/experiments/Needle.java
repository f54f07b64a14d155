package tessera.experiments;

/**
 * A key that only the last queries look for.
 *
 * @param keys its place in each (batch, head)
 * @param queries how many of the last ones look for it
 */
public record Needle(int[] keys, int queries) {
}
