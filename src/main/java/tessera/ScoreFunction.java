package tessera;

/**
 * A user's own change of one score, after soft cap, bias and masks and before the softmax. It is called for visible keys only,
 * from several threads at once. A lambda runs on the JVM; on other devices the same change is given as a kernel, see
 * {@link AttentionBuilder#scoreKernel}.
 */
@FunctionalInterface
public interface ScoreFunction {
    /** The new score of a key. */
    float apply(float score, int batch, int head, int query, int key);
}
