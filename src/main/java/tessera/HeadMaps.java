package tessera;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Which heads each query head reads: keys, values, and the queries that it scores with. CHAI (arXiv:2403.08058) shares the scores
 * of a cluster's representative among heads that keep values of their own.
 *
 * @param keys the key/value head whose keys each query head scores
 * @param values the key/value head whose values each query head sums
 * @param queries the query head whose queries each query head scores with; itself unless told otherwise
 */
public record HeadMaps(List<Integer> keys, List<Integer> values, List<Integer> queries) {

    /** Copies of the lists. */
    public HeadMaps {
        keys = List.copyOf(keys);
        values = List.copyOf(values);
        queries = List.copyOf(queries);
    }

    /** Grouped heads: query head h reads key/value head {@code h / (heads / kvHeads)} and scores with its own queries. */
    static HeadMaps grouped(int heads, int kvHeads) {
        List<Integer> kv = IntStream.range(0, heads).map(h -> (int) ((long) h * kvHeads / heads)).boxed().toList();
        return new HeadMaps(kv, kv, IntStream.range(0, heads).boxed().toList());
    }

    void requireFit(int heads, int kvHeads) {
        requireFit("keys", keys, heads, kvHeads);
        requireFit("values", values, heads, kvHeads);
        requireFit("queries", queries, heads, heads);
    }

    private static void requireFit(String name, List<Integer> map, int heads, int targets) {
        if (map.size() != heads || map.stream().anyMatch(target -> target < 0 || target >= targets)) {
            throw new IllegalArgumentException("the head map of " + name + " must name one of " + targets + " heads for each of " + heads + ", got " + map);
        }
    }
}
