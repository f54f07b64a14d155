package tessera.reference;

import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
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
        double[][] of = IntStream.range(first, end).mapToObj(scores).toArray(double[][]::new);
        for (int block = 0; block < spec.keys(); block += blockK) {
            int stop = Math.min(spec.keys(), block + blockK);
            int from = block;
            double gap = Arrays.stream(of).mapToDouble(s -> max(s, from, stop) == Double.NEGATIVE_INFINITY ? Double.NEGATIVE_INFINITY
                    : max(s, from, stop) - max(s, 0, stop)).max().orElseThrow();
            Arrays.fill(skipped, from, stop, gap < spec.arrangement().pvSkip());
        }
        return skipped;
    }

    private static double max(double[] x, int from, int to) {
        return Arrays.stream(x, from, to).max().orElseThrow();
    }
}
