package tessera;

/** How many candidates SELECT keeps: the best ones, where a lower index wins a tie. */
public sealed interface SelectionRule {

    /** {@code count} of them, or all if there are fewer. */
    record TopK(int count) implements SelectionRule {

        /** @throws IllegalArgumentException if nothing is kept */
        public TopK {
            Require.positive("count", count);
        }
    }

    /** {@code floor(ratio * visible)} of the visible candidates, at least 1. */
    record TopRatio(double ratio) implements SelectionRule {

        /** @throws IllegalArgumentException unless the ratio lies between 0 and 1 */
        public TopRatio {
            requireShare("ratio", ratio);
        }
    }

    /**
     * Candidates up to a share p of the sum of scores, which must not be negative, largest first. With n the number of leading
     * candidates whose running sum is at most p times the sum of all: n + 1, the fewest that pass p, if {@code cover}
     * (FlexPrefill, arXiv:2502.20766); else n, at least 1 (SpargeAttn, arXiv:2502.18137).
     */
    record TopP(double p, boolean cover) implements SelectionRule {

        /** @throws IllegalArgumentException unless p lies between 0 and 1 */
        public TopP {
            requireShare("p", p);
        }
    }

    /** Those whose score is at least {@code least}. */
    record Threshold(float least) implements SelectionRule {

        /** @throws IllegalArgumentException if the score is not finite */
        public Threshold {
            Require.finite("least", least);
        }
    }

    /**
     * Three ways: {@code max(1, floor(critical * visible))} are kept, {@code floor(skipped * visible)} of the lowest are dropped, and
     * the rest is the output {@code marginalBlocks} (SLA, arXiv:2509.24006).
     */
    record Split(double critical, double skipped) implements SelectionRule {

        /** @throws IllegalArgumentException unless the shares lie between 0 and 1, and so does their sum */
        public Split {
            requireShare("critical", critical);
            requireShare("skipped", skipped);
            requireShare("critical + skipped", critical + skipped);
        }
    }

    /** How many the rule keeps of so many visible candidates where that is all it depends on, and at most that many where it is not. */
    default int count(int visible) {
        return switch (this) {
            case TopK(int count) -> Math.min(count, visible);
            case TopRatio(double ratio) -> Math.min(visible, Math.max(1, (int) (ratio * visible)));
            case Split(double critical, _) -> Math.min(visible, Math.max(1, (int) (critical * visible)));
            case TopP _, Threshold _ -> visible;
        };
    }

    /** How many come before those that a {@link Split} drops; as {@link #count} for other rules. */
    default int notSkipped(int visible) {
        return this instanceof Split(_, double skipped) ? Math.max(count(visible), visible - (int) (skipped * visible)) : count(visible);
    }

    private static void requireShare(String name, double share) {
        if (!(share >= 0 && share <= 1)) {
            throw new IllegalArgumentException(name + " must be between 0 and 1, got " + share);
        }
    }
}
