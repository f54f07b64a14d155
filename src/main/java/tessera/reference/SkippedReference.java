package tessera.reference;

import java.util.Arrays;
import java.util.function.IntFunction;
import tessera.AttentionSpec;

/** Which keys' values attention leaves out, by blocks, see {@link tessera.AttentionBuilder#pvSkip}. */
final class SkippedReference {
    private SkippedReference() {
    }

    /** Keys that are left out for a row (batch, head, query), by the scores of all queries of its block. */
    static boolean[] keys(AttentionSpec spec, int row, IntFunction<double[]> scores) {
        boolean[] skipped = new boolean[spec.keys()];
        if (spec.arrangement().pvSkip() == 0) {
            return skipped;
        }
        int blockQ = spec.arrangement().listQueries();
        int blockK = spec.arrangement().listBlock();
        int first = row - row % spec.queries() % blockQ;
        int end = Math.min(first + blockQ, (row / spec.queries() + 1) * spec.queries());
        double[] gap = new double[Math.ceilDiv(spec.keys(), blockK)];
        Arrays.fill(gap, Double.NEGATIVE_INFINITY);
        for (int other = first; other < end; other++) {
            double[] s = scores.apply(other);
            double running = Double.NEGATIVE_INFINITY;
            for (int block = 0; block < gap.length; block++) {
                double max = Arrays.stream(s, block * blockK, Math.min(s.length, (block + 1) * blockK)).max().orElseThrow();
                running = Math.max(running, max);
                gap[block] = Math.max(gap[block], max == Double.NEGATIVE_INFINITY ? max : max - running);
            }
        }
        for (int key = 0; key < skipped.length; key++) {
            skipped[key] = gap[key / blockK] < spec.arrangement().pvSkip();
        }
        return skipped;
    }
}
