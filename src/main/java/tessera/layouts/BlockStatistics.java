package tessera.layouts;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What a {@link BlockMap} visits and how much of it is allowed, over all its maps.
 *
 * @param pairs pairs of a query and a key
 * @param allowedPairs those that mask and causality allow
 * @param exact whether these were counted; else they are estimated from partial blocks drawn at random
 * @param visitedPairs pairs in visited blocks and columns
 * @param blocks blocks, empty ones included
 * @param visitedBlocks full and partial blocks
 * @param partialBlocks partial blocks
 * @param columns columns beside the blocks
 */
public record BlockStatistics(long pairs, long allowedPairs, boolean exact, long visitedPairs, long blocks, int visitedBlocks, int partialBlocks,
        int columns) {

    /** Allowed share of all pairs. */
    public double tokenDensity() {
        return (double) allowedPairs / pairs;
    }

    /** Visited share of all blocks. */
    public double blockDensity() {
        return (double) visitedBlocks / blocks;
    }

    /** Pairs that are visited in vain for each allowed one; 0 if nothing is allowed. */
    public double waste() {
        return allowedPairs == 0 ? 0 : (double) visitedPairs / allowedPairs - 1;
    }

    /** Partial share of the visited blocks; 0 if there are none. */
    public double partialShare() {
        return visitedBlocks == 0 ? 0 : (double) partialBlocks / visitedBlocks;
    }

    /** All figures by name, ready for JSON. */
    public Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("tokenDensity", tokenDensity());
        tree.put("blockDensity", blockDensity());
        tree.put("waste", waste());
        tree.put("partialShare", partialShare());
        tree.put("blocks", blocks);
        tree.put("visitedBlocks", visitedBlocks);
        tree.put("partialBlocks", partialBlocks);
        tree.put("columns", columns);
        tree.put("pairs", pairs);
        tree.put("allowedPairs", allowedPairs);
        tree.put("visitedPairs", visitedPairs);
        tree.put("exact", exact);
        return tree;
    }

    /** One line. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%d of %d visited (density %.4f), %d of them partial (%.1f %%); %s%.4f of the pairs allowed, waste %.3f%s",
                visitedBlocks, blocks, blockDensity(), partialBlocks, 100 * partialShare(), exact ? "" : "about ", tokenDensity(), waste(),
                columns == 0 ? "" : ", " + columns + " columns beside them");
    }
}
