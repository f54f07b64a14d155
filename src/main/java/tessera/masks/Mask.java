package tessera.masks;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Who may attend to whom, as a lazy value: a rule, never a matrix. How a mask is stored for a kernel is a
 * {@link tessera.layouts.Layout}, chosen by the planner. A lambda is a mask too, on every device: it is evaluated on the host
 * when a plan is bound, {@code spec.mask((head, query, position, key) -> key % 2 == query % 2)}.
 */
@FunctionalInterface
public interface Mask {

    /** Every query sees every key. */
    Mask FULL = new Full();

    /** No query sees a key after its position. */
    Mask CAUSAL = new Window(0, -1, 0);

    /** What {@link #nextKey} gives if there is none. */
    int NONE = Integer.MAX_VALUE;

    /**
     * Whether a query may see a key.
     *
     * @param map which of the mask's {@link #maps}: 0 if all heads share one
     * @param query row of Q
     * @param position absolute position of that row among the keys (see {@link tessera.CausalAlignment})
     * @param key row of K
     */
    boolean allows(int map, int query, int position, int key);

    /**
     * How much of a block is allowed, exactly. Unless a rule knows better it looks at one pair after the other until it has met both kinds.
     *
     * @param firstKey row of K
     * @param endKey row behind the last, above {@code firstKey}
     */
    default Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        boolean some = false;
        boolean all = true;
        for (int i = queries.first(); i < queries.end(); i++) {
            for (int j = firstKey; j < endKey; j++) {
                boolean seen = allows(map, i, i + queries.offset(), j);
                some |= seen;
                all &= seen;
                if (some && !all) {
                    return Coverage.PARTIAL;
                }
            }
        }
        return Coverage.of(some, all);
    }

    /** The first key at or after {@code key} that one of the queries may see, or {@link #NONE}: those before it, none of them sees. */
    default int nextKey(int map, QueryBlock queries, int key) {
        return key;
    }

    /** Number of different maps; a divisor of the number of heads, of which consecutive ones share a map. */
    default int maps() {
        return 1;
    }

    /** The rule of {@code count} of the {@link #maps} from {@code first} on. */
    default Mask maps(int first, int count) {
        return count == maps() ? this : new SomeMaps(this, first, count);
    }

    /** The window that this rule is for a map, or null if it is none. */
    default Window window(int map) {
        return null;
    }

    /** @throws IllegalArgumentException if the rule does not say what holds for so many queries and keys, naming what would fit */
    default void requireFit(int queries, int keys) {
    }

    /** A rule of the same kind for a smaller problem. */
    default Mask resized(int queries, int keys) {
        return this;
    }

    /** Pairs that both masks allow. */
    default Mask and(Mask other) {
        return new Combined("and", this, other);
    }

    /** Pairs that one of the masks allows. */
    default Mask or(Mask other) {
        return new Combined("or", this, other);
    }

    /** Pairs that this mask does not allow. */
    default Mask not() {
        return new Combined("not", this, this);
    }

    /** The keys {@code [position - left, position + right]}; -1 leaves a side open. */
    static Mask window(int left, int right) {
        return new Window(0, left, right);
    }

    /** The first {@code sink} keys and a window behind the query: StreamingLLM (arXiv:2309.17453). */
    static Mask streaming(int sink, int left) {
        return new Window(sink, left, 0);
    }

    /** One mask for each head, or for each run of consecutive heads. */
    static Mask perHead(Mask... masks) {
        return new PerHead(List.of(masks));
    }

    /** A rule that tells {@code maps} maps apart. */
    static Mask of(int maps, Mask rule) {
        return new PerHead(IntStream.range(0, maps)
                .<Mask>mapToObj(map -> (_, query, position, key) -> rule.allows(map, query, position, key)).toList());
    }
}
