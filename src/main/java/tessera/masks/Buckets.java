package tessera.masks;

import java.util.Arrays;

/** Query i sees key j if both lie in the same bucket, as after hashing or clustering (Reformer, arXiv:2001.04451). */
public record Buckets(int[] queries, int[] keys) implements Mask {

    /** Buckets of every query and of every key, copied. */
    public Buckets {
        queries = queries.clone();
        keys = keys.clone();
    }

    @Override
    public boolean allows(int map, int query, int position, int key) {
        return queries[query] == keys[key];
    }

    @Override
    public Coverage coverage(int map, QueryBlock block, int firstKey, int endKey) {
        int[] asked = Arrays.copyOfRange(queries, block.first(), block.end());
        Arrays.sort(asked);
        boolean some = false;
        boolean all = asked[0] == asked[asked.length - 1];
        for (int j = firstKey; j < endKey && (all || !some); j++) {
            boolean seen = keys[j] >= asked[0] && keys[j] <= asked[asked.length - 1] && Arrays.binarySearch(asked, keys[j]) >= 0;
            some |= seen;
            all &= seen;
        }
        return Coverage.of(some, all);
    }

    @Override
    public void requireFit(int queryCount, int keyCount) {
        if (queries.length < queryCount || keys.length < keyCount) {
            throw new IllegalArgumentException("the mask has buckets for " + queries.length + " queries and " + keys.length
                    + " keys, too few for " + queryCount + " queries and " + keyCount + " keys");
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Buckets b && Arrays.equals(queries, b.queries) && Arrays.equals(keys, b.keys);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(queries) + Arrays.hashCode(keys);
    }

    @Override
    public String toString() {
        return "buckets(" + Arrays.stream(queries).distinct().count() + ")";
    }
}
