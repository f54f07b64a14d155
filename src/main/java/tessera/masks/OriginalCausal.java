package tessera.masks;

import java.util.Arrays;

/** Causality of tokens that were sorted: query i sees key j if j stood at or before i's place, {@code keys[j] <= queries[i]}. */
public record OriginalCausal(int[] queries, int[] keys) implements Mask {

    /** Original positions of every query and of every key, copied. */
    public OriginalCausal {
        queries = queries.clone();
        keys = keys.clone();
    }

    @Override
    public boolean allows(int map, int query, int position, int key) {
        return keys[key] <= queries[query];
    }

    @Override
    public Coverage coverage(int map, QueryBlock block, int firstKey, int endKey) {
        int firstQuery = Integer.MAX_VALUE;
        int lastQuery = Integer.MIN_VALUE;
        for (int i = block.first(); i < block.end(); i++) {
            firstQuery = Math.min(firstQuery, queries[i]);
            lastQuery = Math.max(lastQuery, queries[i]);
        }
        boolean some = false;
        boolean all = true;
        for (int j = firstKey; j < endKey; j++) {
            some |= keys[j] <= lastQuery;
            all &= keys[j] <= firstQuery;
        }
        return Coverage.of(some, all);
    }

    @Override
    public void requireFit(int queryCount, int keyCount) {
        if (queries.length < queryCount || keys.length < keyCount) {
            throw new IllegalArgumentException("the mask has original positions for " + queries.length + " queries and " + keys.length
                    + " keys, too few for " + queryCount + " queries and " + keyCount + " keys");
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof OriginalCausal o && Arrays.equals(queries, o.queries) && Arrays.equals(keys, o.keys);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(queries) + Arrays.hashCode(keys);
    }

    @Override
    public String toString() {
        return "causal by original position";
    }
}
