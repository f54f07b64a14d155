package tessera.layouts;

import java.lang.ref.SoftReference;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToLongFunction;
import tessera.AttentionSpec;
import tessera.Tensor;

/**
 * For each block of queries of each map, the runs of keys that it visits. Under the names FULL, RANGE, BSR, BLOCK_TOK, TOKEN and
 * PAGED it stores every mask, and every place where keys can lie.
 *
 * @param name the layout's name in plans and reports
 * @param blockQ queries in a block
 * @param maps maps of a batch: consecutive heads share one
 * @param batches batches with lists of their own; 1 where all share them
 * @param runs the lists of all batches, maps and blocks
 */
public record Listing(String name, int blockQ, int maps, int batches, RunList runs) implements Layout {

    private record Key(AttentionSpec spec, String name) {
    }

    /** The last few, since planning and binding need the same ones. */
    private static final Map<Key, SoftReference<Listing>> KNOWN = Collections.synchronizedMap(new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, SoftReference<Listing>> eldest) {
            return size() > 8;
        }
    });

    /** The lists of a spec under one of {@link Layout#names}, with sequences as long as they can be. */
    public static Listing of(AttentionSpec spec, String name) {
        Key key = new Key(spec, name);
        SoftReference<Listing> known = KNOWN.get(key);
        Listing listing = known == null ? null : known.get();
        if (listing == null) {
            listing = of(spec, name, Map.of());
            KNOWN.put(key, new SoftReference<>(listing));
        }
        return listing;
    }

    /** The lists of a spec under one of {@link Layout#names}, with the lengths, tables and lists that are a run's inputs. */
    public static Listing of(AttentionSpec spec, String name, Map<String, Tensor> inputs) {
        Sequences sequences = Sequences.of(spec, inputs);
        if (spec.arrangement().lists() > 0) {
            return new GivenLists(spec, sequences, inputs).listing(name);
        }
        Listings listings = new Listings(spec, sequences);
        return switch (name) {
            case "BSR" -> listings.blocks();
            case "TOKEN" -> listings.tokens();
            default -> listings.windows(name);
        };
    }

    /** Lists of a batch. */
    public int listsOfBatch() {
        return runs.lists() / batches;
    }

    /** Numbers that an array for the runs needs, whatever a run's inputs say. */
    public long capacity(AttentionSpec spec) {
        if (!spec.isDynamic()) {
            return runs.size();
        }
        if (spec.arrangement().lists() > 0) {
            return runs.lists() * GivenLists.capacity(spec);
        }
        int pages = spec.arrangement().pages() == 0 ? 0 : spec.keys() / spec.arrangement().pageSize();
        return 4L * runs.lists() * (2L + pages);
    }

    @Override
    public long pairs(AttentionSpec spec) {
        int blockRows = Math.ceilDiv(spec.queries(), blockQ);
        ToLongFunction<Integer> visited = list -> runs.keys(list) * Math.min(blockQ, spec.queries() - list % blockRows * blockQ);
        long pairs = 0;
        for (int list = 0; list < runs.lists(); list++) {
            pairs += visited.applyAsLong(list);
        }
        return pairs * (spec.batch() / batches) * (spec.heads() / maps);
    }
}
