package tessera.layouts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.masks.Blocks;
import tessera.masks.Coverage;
import tessera.masks.GlobalTokens;
import tessera.masks.Mask;
import tessera.masks.Neighbourhood;
import tessera.masks.Packed;
import tessera.masks.QueryBlock;
import tessera.masks.Stride;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

class BlockMapTest {

    private static AttentionSpec spec(int queries, int keys, Mask mask, boolean causal, CausalAlignment alignment) {
        var builder = AttentionSpec.of(1, 4, queries, 4).keys(keys).mask(mask).alignment(alignment);
        return causal ? builder.causal(alignment).build() : builder.build();
    }

    private static List<Mask> masks(int queries, int keys, SplittableRandom random) {
        Mask blocks = new Blocks(1, queries, keys, 5, 3, (_, _, _) -> random.nextInt(3) == 0);
        Mask window = Mask.streaming(random.nextInt(4), random.nextInt(12));
        Mask global = GlobalTokens.of(random.nextInt(keys), random.nextInt(keys));
        return List.of(Mask.FULL, window, blocks, global, window.or(global).or(blocks), new Stride(random.nextInt(1, 5), random.nextInt(-1, 5)),
                Neighbourhood.of(new int[] {Math.ceilDiv(keys, 4), 4}, 1, 2), Packed.of(7, 0, 9), Mask.perHead(window, global, blocks, window.not()),
                (_, query, _, key) -> (query * 7 + key * 3) % 5 == 0);
    }

    /** Blocks of any size, some of them empty. */
    private static Partition cut(int tokens, SplittableRandom random) {
        if (random.nextInt(3) == 0) {
            return Partition.of(tokens, random.nextInt(1, 12));
        }
        int[] inner = random.ints(random.nextInt(8), 0, tokens + 1).sorted().toArray();
        return new Partition(IntStream.concat(IntStream.concat(IntStream.of(0), IntStream.of(inner)), IntStream.of(tokens)).toArray());
    }

    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void blocksAndColumnsHoldTheAllowedPairsAndNoneTwice(@ForAll @IntRange(min = 1, max = 40) int queries, @ForAll @IntRange(min = 1, max = 40) int keys,
            @ForAll boolean causal, @ForAll boolean columns, @ForAll CausalAlignment alignment, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (Mask mask : masks(queries, keys, random)) {
            AttentionSpec spec = spec(queries, keys, mask, causal, alignment);
            BlockMap map = BlockMap.of(spec, cut(queries, random), cut(keys, random), columns);
            long allowedPairs = 0;
            long visitedPairs = 0;
            for (int row = 0; row < map.rows(); row++) {
                for (int e = map.rowPtr()[row]; e < map.rowPtr()[row + 1]; e++) {
                    assertTrue(e == map.rowPtr()[row] || map.colIdx()[e] > map.colIdx()[e - 1], "ascending");
                }
                for (int i = map.firstQuery(row); i < map.firstQuery(row) + map.queriesOf(row); i++) {
                    for (int j = 0; j < keys; j++) {
                        int block = map.keys().holding(j);
                        int place = map.find(row, block);
                        boolean column = Arrays.binarySearch(map.columns(), map.columnPtr()[row], map.columnPtr()[row + 1], j) >= 0;
                        boolean allowed = spec.allows(map.mapOf(row) * (4 / mask.maps()), i, j);
                        assertFalse(column && place >= 0, "twice");
                        assertTrue(columns || !column, "no columns");
                        String where = mask + " " + map.queries() + ", " + map.keys() + ": " + i + " " + j;
                        if (place < 0) {
                            assertEquals(column, allowed, where);
                        } else if (map.isFull(place)) {
                            assertTrue(allowed, where);
                        }
                        allowedPairs += allowed ? 1 : 0;
                        visitedPairs += column || place >= 0 ? 1 : 0;
                    }
                }
            }
            requireMixed(spec, map);
            BlockStatistics statistics = map.statistics(spec);
            assertEquals(new BlockStatistics((long) mask.maps() * queries * keys, allowedPairs, true, visitedPairs,
                    (long) map.rows() * map.keys().count(), map.visited(), map.visited() - map.full().cardinality(), map.columns().length), statistics);
        }
    }

    /** A partial block has pairs of both kinds. */
    private static void requireMixed(AttentionSpec spec, BlockMap map) {
        for (int row = 0; row < map.rows(); row++) {
            for (int e = map.rowPtr()[row]; e < map.rowPtr()[row + 1]; e++) {
                int allowed = 0;
                for (int i = map.firstQuery(row); i < map.firstQuery(row) + map.queriesOf(row); i++) {
                    for (int j = map.keys().start(map.colIdx()[e]); j < map.keys().end(map.colIdx()[e]); j++) {
                        allowed += spec.allows(map.mapOf(row) * (4 / map.maps()), i, j) ? 1 : 0;
                    }
                }
                int pairs = map.queriesOf(row) * map.keys().size(map.colIdx()[e]);
                assertEquals(map.isFull(e), allowed == pairs);
                assertTrue(allowed > 0);
            }
        }
    }

    /** The lists that kernels read are what a look at each pair makes of the mask. */
    @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
    void listingsAreThoseOfALookAtEachPair(@ForAll @IntRange(min = 1, max = 90) int queries, @ForAll @IntRange(min = 1, max = 300) int keys,
            @ForAll boolean causal, @ForAll CausalAlignment alignment, @ForAll long seed) {
        for (Mask mask : masks(queries, keys, new SplittableRandom(seed))) {
            if (mask instanceof Blocks) {
                continue; // without it, blocks of another size would be listed
            }
            AttentionSpec spec = spec(queries, keys, mask, causal, alignment);
            AttentionSpec plain = spec(queries, keys, Mask.of(mask.maps(), mask::allows), causal, alignment);
            for (String name : List.of("BSR", "TOKEN")) {
                assertArrayEquals(numbers(Listing.of(plain, name)), numbers(Listing.of(spec, name)), () -> name + " of " + spec);
            }
        }
    }

    private static int[] numbers(Listing listing) {
        IntArray rowPtr = new IntArray(listing.runs().lists() + 1);
        IntArray runs = new IntArray(listing.runs().size());
        listing.runs().copyTo(rowPtr, runs);
        return IntStream.concat(IntStream.of(rowPtr.toHeapArray()), IntStream.of(runs.toHeapArray())).toArray();
    }

    @Example
    void aCausalWindowByHand() {
        AttentionSpec spec = spec(8, 8, Mask.window(3, 0), true, CausalAlignment.TOP_LEFT);
        BlockMap map = BlockMap.of(spec, 2, 2);
        assertArrayEquals(new int[] {0, 1, 3, 6, 9}, map.rowPtr());
        assertArrayEquals(new int[] {0, 0, 1, 0, 1, 2, 1, 2, 3}, map.colIdx());
        assertEquals("{1, 4, 7}", map.full().toString());
        BlockStatistics statistics = map.statistics(spec);
        assertEquals(26.0 / 64, statistics.tokenDensity());
        assertEquals(9.0 / 16, statistics.blockDensity());
        assertEquals(36.0 / 26 - 1, statistics.waste());
        assertEquals(6.0 / 9, statistics.partialShare());
        assertEquals("9 of 16 visited (density 0.5625), 6 of them partial (66.7 %); 0.4063 of the pairs allowed, waste 0.385", statistics.toString());
    }

    @Example
    void sinksBecomeColumns() {
        AttentionSpec spec = spec(12, 12, Mask.streaming(2, 3), true, CausalAlignment.TOP_LEFT);
        BlockMap map = BlockMap.of(spec, Partition.of(12, 4), Partition.of(12, 4), true);
        assertArrayEquals(new int[] {0, 0, 1, 1, 2}, map.colIdx());
        assertArrayEquals(new int[] {0, 0, 0, 2}, map.columnPtr());
        assertArrayEquals(new int[] {0, 1}, map.columns());
    }

    @Example
    void clustersMakeFullBlocksOfTheirSizes() {
        Partition clusters = Partition.ofSizes(3, 0, 5, 1);
        BlockMap map = BlockMap.of(spec(9, 9, Packed.of(3, 0, 5, 1), false, CausalAlignment.TOP_LEFT), clusters, clusters, false);
        assertArrayEquals(new int[] {0, 1, 1, 2, 3}, map.rowPtr());
        assertArrayEquals(new int[] {0, 2, 3}, map.colIdx());
        assertEquals(3, map.full().cardinality());
        assertEquals(2, clusters.holding(3));
        assertEquals("4 blocks of 9 tokens", clusters.toString());
    }

    @Example
    void longMasksAreMadeOfTheBlocksTheyReach() {
        int n = 1 << 20;
        int[] asked = {0};
        Mask window = new Mask() {
            @Override
            public boolean allows(int map, int query, int position, int key) {
                return Mask.window(255, 0).allows(map, query, position, key);
            }

            @Override
            public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
                asked[0]++;
                return Mask.window(255, 0).coverage(map, queries, firstKey, endKey);
            }

            @Override
            public int nextKey(int map, QueryBlock queries, int key) {
                return Mask.window(255, 0).nextKey(map, queries, key);
            }
        };
        BlockMap map = BlockMap.of(spec(n, n, window, false, CausalAlignment.TOP_LEFT), 128, 128);
        assertEquals(3 * (n / 128) - 3, map.visited());
        assertEquals(map.visited(), asked[0]);
    }

    @Example
    void aSampleIsSaidToBeOne() {
        Mask checks = (_, query, _, key) -> (query + key) % 2 == 0;
        AttentionSpec spec = spec(1 << 13, 1 << 13, checks, false, CausalAlignment.TOP_LEFT);
        BlockStatistics statistics = BlockMap.of(spec, 64, 64).statistics(spec);
        assertFalse(statistics.exact());
        assertEquals(0.5, statistics.tokenDensity(), 1e-9);
        assertTrue(statistics.toString().contains("about 0.5000"), statistics::toString);
    }

    @Example
    void whatDoesNotFitIsRefused() {
        AttentionSpec spec = spec(9, 9, Mask.FULL, false, CausalAlignment.TOP_LEFT);
        refused(() -> BlockMap.of(spec, Partition.of(9, 2), Partition.of(8, 2), false), "hold 9 queries and 8 keys, the spec has 9 and 9");
        refused(() -> BlockMap.of(spec, 0, 2), "block size must be at least 1");
        refused(() -> new Partition(new int[] {0, 3, 2}), "never fall");
        refused(() -> new Partition(new int[] {1, 3}), "begin at 0");
        refused(() -> Partition.ofSizes(0, 0), "at least 1");
    }

    private static void refused(Runnable call, String words) {
        var error = assertThrows(IllegalArgumentException.class, call::run);
        assertTrue(error.getMessage().contains(words), error::getMessage);
    }
}
