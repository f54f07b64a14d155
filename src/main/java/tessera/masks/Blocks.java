package tessera.masks;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * A mask made of whole blocks: query block {@code i / blockQ} sees key block {@code j / blockK} or does not. Tail blocks
 * are cut at the end of the sequence.
 */
public final class Blocks implements Mask {

    /** Whether a block of queries may see a block of keys. */
    @FunctionalInterface
    public interface Rule {
        boolean allows(int map, int queryBlock, int keyBlock);
    }

    private final int maps;
    private final int blockQ;
    private final int blockK;
    private final int queryBlocks;
    private final int keyBlocks;
    private final BitSet allowed = new BitSet();

    /**
     * Evaluates {@code rule} once for every block.
     *
     * @param maps number of block maps: 1 (shared), the number of key/value heads, or the number of query heads
     * @param queries number of queries N
     * @param keys number of keys M
     * @param blockQ queries in a block
     * @param blockK keys in a block
     * @throws IllegalArgumentException if a count is not positive or there are more than 2^31 - 1 blocks
     */
    public Blocks(int maps, int queries, int keys, int blockQ, int blockK, Rule rule) {
        if (maps <= 0 || queries <= 0 || keys <= 0 || blockQ <= 0 || blockK <= 0) {
            throw new IllegalArgumentException("maps, queries, keys and block sizes must be at least 1, got " + maps + ", "
                    + queries + ", " + keys + ", " + blockQ + "x" + blockK);
        }
        this.maps = maps;
        this.blockQ = blockQ;
        this.blockK = blockK;
        this.queryBlocks = Math.ceilDiv(queries, blockQ);
        this.keyBlocks = Math.ceilDiv(keys, blockK);
        if ((long) queryBlocks * keyBlocks > Integer.MAX_VALUE / maps) {
            throw new IllegalArgumentException("more than 2^31 - 1 blocks; use blocks larger than " + blockQ + "x" + blockK);
        }
        for (int map = 0; map < maps; map++) {
            for (int qb = 0; qb < queryBlocks; qb++) {
                for (int kb = 0; kb < keyBlocks; kb++) {
                    allowed.set((map * queryBlocks + qb) * keyBlocks + kb, rule.allows(map, qb, kb));
                }
            }
        }
    }

    /**
     * Key blocks drawn for every query block of every map: random attention of BigBird (arXiv:2007.14062).
     *
     * @param count different key blocks of each, or all if there are fewer
     */
    public static Blocks random(int maps, int queries, int keys, int blockQ, int blockK, int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int keyBlocks = Math.ceilDiv(keys, blockK);
        List<BitSet> drawn = new ArrayList<>();
        for (int row = 0; row < maps * Math.ceilDiv(queries, blockQ); row++) {
            BitSet blocks = new BitSet();
            random.ints(0, keyBlocks).distinct().limit(Math.min(count, keyBlocks)).forEach(blocks::set);
            drawn.add(blocks);
        }
        return new Blocks(maps, queries, keys, blockQ, blockK, (map, qb, kb) -> drawn.get(map * Math.ceilDiv(queries, blockQ) + qb).get(kb));
    }

    @Override
    public int maps() {
        return maps;
    }

    @Override
    public Mask maps(int first, int count) {
        return count == maps ? this : new Blocks(count, queryBlocks * blockQ, keyBlocks * blockK, blockQ, blockK, (map, qb, kb) -> block(first + map, qb, kb));
    }

    public int blockQ() {
        return blockQ;
    }

    public int blockK() {
        return blockK;
    }

    public int queryBlocks() {
        return queryBlocks;
    }

    public int keyBlocks() {
        return keyBlocks;
    }

    /** Whether block map {@code map} lets a block of queries see a block of keys. */
    public boolean block(int map, int queryBlock, int keyBlock) {
        return allowed.get((map * queryBlocks + queryBlock) * keyBlocks + keyBlock);
    }

    /** Number of allowed blocks over all block maps. */
    public int count() {
        return allowed.cardinality();
    }

    @Override
    public boolean allows(int map, int query, int position, int key) {
        return block(map, query / blockQ, key / blockK);
    }

    @Override
    public Coverage coverage(int map, QueryBlock queries, int firstKey, int endKey) {
        boolean some = false;
        boolean all = true;
        for (int qb = queries.first() / blockQ; qb <= (queries.end() - 1) / blockQ; qb++) {
            for (int kb = firstKey / blockK; kb <= (endKey - 1) / blockK; kb++) {
                boolean seen = block(map, qb, kb);
                some |= seen;
                all &= seen;
            }
        }
        return Coverage.of(some, all);
    }

    @Override
    public int nextKey(int map, QueryBlock queries, int key) {
        int next = NONE;
        for (int qb = queries.first() / blockQ; qb <= (queries.end() - 1) / blockQ; qb++) {
            int row = (map * queryBlocks + qb) * keyBlocks;
            int block = allowed.nextSetBit(row + key / blockK) - row;
            if (block >= 0 && block < keyBlocks) {
                next = Math.min(next, Math.max(key, block * blockK));
            }
        }
        return next;
    }

    @Override
    public void requireFit(int queries, int keys) {
        if (queryBlocks != Math.ceilDiv(queries, blockQ) || keyBlocks != Math.ceilDiv(keys, blockK)) {
            throw new IllegalArgumentException("the block mask covers " + queryBlocks + "x" + keyBlocks + " blocks of " + blockQ + "x" + blockK
                    + ", which does not fit " + queries + " queries and " + keys + " keys");
        }
    }

    /** {@inheritDoc} Its pattern has empty, single and neighbouring blocks. */
    @Override
    public Mask resized(int queries, int keys) {
        return new Blocks(maps, queries, keys, Math.min(blockQ, 8), Math.min(blockK, 8), (map, qb, kb) -> (map + qb + kb) % 3 != 1);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Blocks b && maps == b.maps && blockQ == b.blockQ && blockK == b.blockK
                && queryBlocks == b.queryBlocks && keyBlocks == b.keyBlocks && allowed.equals(b.allowed);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * blockQ + blockK) + allowed.hashCode();
    }

    @Override
    public String toString() {
        long all = (long) maps * queryBlocks * keyBlocks;
        return "blocks(" + blockQ + "x" + blockK + ", density " + String.format(Locale.ROOT, "%.3f", (double) count() / all) + ")";
    }
}
