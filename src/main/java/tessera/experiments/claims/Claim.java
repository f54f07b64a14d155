package tessera.experiments.claims;

import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A claim of the literature with the experiment that tests it.
 *
 * @param source papers or surveys that make it
 * @param how what is computed or measured, and the rule of the verdict
 * @param exact whether nothing is timed and no device has a part in it
 * @param test the experiment; null while there is none
 */
public record Claim(String id, String sentence, String source, String how, boolean exact, Test test) {

    /** An experiment. */
    @FunctionalInterface
    public interface Test {
        Finding run(Setting setting);
    }

    private static final List<Claim> ALL = Stream.of(ArithmeticClaims.ALL, AlgebraClaims.ALL, MaskClaims.ALL, PairClaims.ALL, GrowthClaims.ALL,
            CrossoverClaims.ALL, RecallClaims.ALL, MemoryClaims.ALL,
            LowRankClaims.ALL, BlockClaims.ALL, StackClaims.ALL, NumberClaims.ALL, RooflineClaims.ALL, OpenClaims.ALL).flatMap(List::stream)
            .sorted(Comparator.comparing(Claim::id)).toList();

    static Claim exact(String id, String sentence, String source, String how, Test test) {
        return new Claim(id, sentence, source, how, true, test);
    }

    static Claim measured(String id, String sentence, String source, String how, Test test) {
        return new Claim(id, sentence, source, how, false, test);
    }

    /** Not to be decided by what this program measures. */
    static Claim outOfScope(String id, String sentence, String source, String reason) {
        return exact(id, sentence, source, "not measured", _ -> Finding.of(Verdict.OUT_OF_SCOPE, "%s", reason));
    }

    static Claim notYet(String id, String sentence, String source) {
        return new Claim(id, sentence, source, "not yet", true, null);
    }

    /** Every claim, by id. */
    public static List<Claim> all() {
        return ALL;
    }

    public boolean isImplemented() {
        return test != null;
    }
}
