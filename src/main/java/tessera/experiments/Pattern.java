package tessera.experiments;

import java.util.BitSet;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import tessera.AttentionSpec;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.masks.Window;

/**
 * Which pairs a measured attention sees.
 *
 * @param kind dense, blocks, tokens or window
 * @param size queries and keys in a block, or keys in a window; 0 for dense
 * @param density share of the blocks or tokens that is drawn; NaN where none are
 * @param spec the attention
 */
public record Pattern(String kind, int size, double density, AttentionSpec spec) {

    /** All of them, or all up to the query. */
    static Pattern dense(AttentionSpec spec) {
        return new Pattern("dense", 0, Double.NaN, spec);
    }

    /** Blocks of {@code size x size} drawn for each map and block of queries. */
    static Pattern blocks(AttentionSpec dense, int maps, int size, double density, long seed) {
        return new Pattern("blocks", size, density, dense.toBuilder().mask(drawn(dense, maps, size, density, seed)).build());
    }

    /** Tokens drawn for each map and query, as lists of tokens. */
    static Pattern tokens(AttentionSpec dense, int maps, double density, long seed) {
        Blocks tokens = drawn(dense, maps, 1, density, seed);
        return new Pattern("tokens", 1, density, dense.toBuilder().mask(Mask.of(maps, tokens::allows)).build());
    }

    /** The first {@code sinks} keys and the last {@code size} up to the query's own. */
    static Pattern window(AttentionSpec dense, int sinks, int size) {
        return new Pattern("window", size, Double.NaN, dense.toBuilder().mask(new Window(sinks, size - 1, 0)).causal().build());
    }

    /**
     * For each map and block of queries the key blocks with the smallest {@link #hash}: a share of all, rounded, or of those that are not
     * after the queries if these see no later key; that of the queries themselves is among them then.
     */
    private static Blocks drawn(AttentionSpec dense, int maps, int size, double density, long seed) {
        int queryBlocks = Math.ceilDiv(dense.queries(), size);
        int keyBlocks = Math.ceilDiv(dense.keys(), size);
        BitSet[] chosen = IntStream.range(0, maps * queryBlocks).parallel().mapToObj(row -> {
            int map = row / queryBlocks;
            int own = row % queryBlocks;
            int candidates = dense.causal() ? own + 1 : keyBlocks;
            BitSet blocks = new BitSet();
            LongStream.range(0, candidates).map(kb -> (dense.causal() && kb == own ? 0 : hash(seed, map, own, (int) kb) << 31) | kb).sorted()
                    .limit(Math.max(1, Math.round(density * candidates))).forEach(block -> blocks.set((int) block & Integer.MAX_VALUE));
            return blocks;
        }).toArray(BitSet[]::new);
        return new Blocks(maps, dense.queries(), dense.keys(), size, size, (map, qb, kb) -> chosen[map * queryBlocks + qb].get(kb));
    }

    /** 32 bits that depend on all numbers, as a number from 0 on. */
    static long hash(long seed, int map, int queryBlock, int keyBlock) {
        int h = (int) seed * 0x9E3779B1 + map * 0x85EBCA6B + queryBlock * 0xC2B2AE35 + keyBlock * 0x27D4EB2F;
        h = (h ^ h >>> 15) * 0x2C1B3C6D;
        h = (h ^ h >>> 12) * 0x297A2D39;
        return Integer.toUnsignedLong(h ^ h >>> 15);
    }
}
