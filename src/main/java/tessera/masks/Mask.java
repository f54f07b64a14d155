package tessera.masks;

/**
 * Who may attend to whom, as a lazy value: a rule, never a matrix. How a mask is stored for a kernel is a
 * {@link tessera.layouts.Layout}, chosen by the planner.
 */
public sealed interface Mask permits Full, Window, Blocks {

    /** Every query sees every key. */
    Mask FULL = new Full();

    /**
     * Whether a query may see a key.
     *
     * @param head query head
     * @param query row of Q
     * @param position absolute position of that row among the keys (see {@link tessera.CausalAlignment})
     * @param key row of K
     */
    boolean allows(int head, int query, int position, int key);

    /** The keys {@code [position - left, position + right]}; -1 leaves a side open. */
    static Mask window(int left, int right) {
        return new Window(0, left, right);
    }

    /** The first {@code sink} keys and a window behind the query: StreamingLLM (arXiv:2309.17453). */
    static Mask streaming(int sink, int left) {
        return new Window(sink, left, 0);
    }
}
