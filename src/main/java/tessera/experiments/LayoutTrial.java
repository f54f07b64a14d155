package tessera.experiments;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import tessera.AttentionSpec;
import tessera.layouts.BlockMap;
import tessera.layouts.BlockStatistics;
import tessera.masks.Mask;

/**
 * How long it takes to build the block map of a mask, and what memory.
 *
 * @param name of the mask
 * @param wrong blocks, of those that were looked at pair by pair, that the map has wrong; if there is one, nothing is timed
 * @param millis times of all runs, in their order
 * @param allocatedBytes what the thread allocated in the last run
 * @param resultBytes what the map's arrays take
 */
public record LayoutTrial(String name, BlockStatistics statistics, int wrong, double[] millis, long allocatedBytes, long resultBytes) {
    private static final int SAMPLED = 512;
    private static final int WARM_UP = 3;

    static LayoutTrial run(LayoutProblem problem, int runs, long seed) {
        BlockMap map = build(problem);
        int wrong = wrong(problem.spec(), map, new SplittableRandom(seed));
        double[] millis = new double[wrong > 0 ? 0 : runs];
        long allocated = 0;
        for (int run = -WARM_UP; run < millis.length; run++) {
            long before = allocatedByThread();
            long start = System.nanoTime();
            BlockMap again = build(problem);
            long stop = System.nanoTime();
            if (again.visited() != map.visited()) {
                throw new IllegalStateException("two runs differ: " + map.visited() + " and " + again.visited() + " blocks");
            }
            if (run >= 0) {
                millis[run] = (stop - start) / 1e6;
                allocated = allocatedByThread() - before;
            }
        }
        return new LayoutTrial(problem.name(), map.statistics(problem.spec()), wrong, millis, allocated, map.bytes());
    }

    private static BlockMap build(LayoutProblem problem) {
        return BlockMap.of(problem.spec(), problem.queries(), problem.keys(), true);
    }

    private static long allocatedByThread() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
    }

    /** Of blocks drawn anywhere and, as many, of visited ones. */
    private static int wrong(AttentionSpec spec, BlockMap map, SplittableRandom random) {
        int wrong = 0;
        for (int n = 0; n < SAMPLED; n++) {
            int row = random.nextInt(map.rows());
            int first = map.rowPtr()[row];
            int visited = map.rowPtr()[row + 1] - first;
            int block = n % 2 == 0 || visited == 0 ? random.nextInt(map.keys().count()) : map.colIdx()[first + random.nextInt(visited)];
            wrong += map.queriesOf(row) == 0 || map.keys().size(block) == 0 || isRight(spec, map, row, block) ? 0 : 1;
        }
        return wrong;
    }

    private static boolean isRight(AttentionSpec spec, BlockMap map, int row, int block) {
        Mask rule = spec.visible();
        int place = map.find(row, block);
        long allowed = 0;
        long inColumns = 0;
        for (int key = map.keys().start(block); key < map.keys().end(block); key++) {
            boolean column = Arrays.binarySearch(map.columns(), map.columnPtr()[row], map.columnPtr()[row + 1], key) >= 0;
            for (int i = map.firstQuery(row); i < map.firstQuery(row) + map.queriesOf(row); i++) {
                boolean seen = rule.allows(map.mapOf(row), i, i + spec.offset(), key);
                if (column && !seen) {
                    return false;
                }
                allowed += seen ? 1 : 0;
                inColumns += column ? 1 : 0;
            }
        }
        long pairs = (long) map.queriesOf(row) * map.keys().size(block);
        return place < 0 ? allowed == inColumns : inColumns == 0 && allowed > 0 && map.isFull(place) == (allowed == pairs);
    }

    boolean verified() {
        return wrong == 0;
    }

    /** One row for a table. */
    Map<String, Object> row() {
        Summary summary = verified() ? Summary.of(millis) : null;
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("mask", name);
        row.put("blocks", statistics.blocks());
        row.put("visited", statistics.visitedBlocks());
        row.put("partial", statistics.partialBlocks());
        row.put("columns", statistics.columns());
        row.put("density", String.format(Locale.ROOT, "%.4f", statistics.tokenDensity()));
        row.put("waste", String.format(Locale.ROOT, "%.3f", statistics.waste()));
        row.put("ms", summary == null ? null : summary.median());
        row.put("p10", summary == null ? null : summary.p10());
        row.put("p90", summary == null ? null : summary.p90());
        row.put("allocated MB", summary == null ? null : allocatedBytes / 1e6);
        row.put("result MB", resultBytes / 1e6);
        row.put("checked", verified() ? SAMPLED + " right" : wrong + " of " + SAMPLED + " wrong");
        return row;
    }

    /** All figures and samples, ready for JSON. */
    Map<String, Object> tree() {
        Map<String, Object> tree = new LinkedHashMap<>();
        tree.put("mask", name);
        tree.put("verified", verified());
        tree.put("blocksChecked", SAMPLED);
        tree.put("blocksWrong", wrong);
        tree.put("medianMillis", verified() ? Summary.of(millis).median() : null);
        tree.put("millis", millis);
        tree.put("allocatedBytes", allocatedBytes);
        tree.put("resultBytes", resultBytes);
        tree.put("statistics", statistics.tree());
        return tree;
    }
}
