package tessera.experiments.claims;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static tessera.experiments.claims.Verdict.CONDITIONAL;
import static tessera.experiments.claims.Verdict.CONFIRMED;
import static tessera.experiments.claims.Verdict.REFUTED;
import static tessera.experiments.claims.Verdict.UNDECIDED;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tessera.TesseraException;
import tessera.experiments.Crossover;
import tessera.experiments.Crossover.Kind;
import tessera.experiments.claims.BlockClaims.Point;

/** Every rule gives every verdict that it has, by figures made up for it. */
class RulesTest {

    private static void gives(Verdict verdict, Finding finding) {
        assertEquals(verdict, finding.verdict(), finding.reason());
        assertTrue(!finding.reason().isBlank() && !finding.reason().contains("%"), finding.reason());
    }

    private static void givesShares(Verdict verdict, Finding finding) {
        assertEquals(verdict, finding.verdict(), finding.reason());
    }

    @Test
    void counting() {
        gives(CONFIRMED, ArithmeticClaims.scores(Map.of(10, 100L, 100, 10_000L)));
        gives(REFUTED, ArithmeticClaims.scores(Map.of(10, 100L, 100, 9_999L)));
        gives(CONFIRMED, ArithmeticClaims.terabytes(2e12, 1e12));
        gives(CONDITIONAL, ArithmeticClaims.terabytes(2e12, 1e9));
        gives(REFUTED, ArithmeticClaims.terabytes(1e11, 1e9));
        gives(CONFIRMED, ArithmeticClaims.stateAndCache(2, 4, 128, Map.of(1, 64L, 3, 192L)));
        gives(REFUTED, ArithmeticClaims.stateAndCache(2, 4, 128, Map.of(1, 64L, 3, 193L)));
        gives(REFUTED, ArithmeticClaims.stateAndCache(2, 4, 64, Map.of(1, 64L)));
        gives(CONFIRMED, ArithmeticClaims.wholeCache(96L << 30));
        gives(REFUTED, ArithmeticClaims.wholeCache(384L << 30));
        gives(CONFIRMED, ArithmeticClaims.compact(Map.of(16, 1600.0, 1, 100.0), Map.of(16, 8.0, 1, 1.0)));
        gives(CONDITIONAL, ArithmeticClaims.compact(Map.of(16, 1600.0, 1, 100.0), Map.of(16, 1.0, 1, 1.0)));
        gives(REFUTED, ArithmeticClaims.compact(Map.of(16, 100.0, 1, 100.0), Map.of(16, 8.0, 1, 1.0)));
    }

    @Test
    void algebra() {
        gives(CONFIRMED, AlgebraClaims.orders(1e-16, 1e-16, 1e-16, 1e-16));
        gives(CONDITIONAL, AlgebraClaims.orders(1e-16, 1, 1, 1e-16));
        gives(REFUTED, AlgebraClaims.orders(0.1, 1, 1, 1e-16));
        gives(CONFIRMED, AlgebraClaims.gradients(1e-9, 1e-9));
        gives(REFUTED, AlgebraClaims.gradients(1e-9, 0.5));
        gives(CONFIRMED, AlgebraClaims.expressiveness(0.01, 0.01, 0.01));
        gives(CONDITIONAL, AlgebraClaims.expressiveness(0.01, 0.01, 0.5));
        gives(REFUTED, AlgebraClaims.expressiveness(0.2, 0.01, 0.5));
        gives(CONFIRMED, MemoryClaims.gates(3, 1, 1e-16));
        gives(CONDITIONAL, MemoryClaims.gates(3, 0.01, 1e-16));
        gives(REFUTED, MemoryClaims.gates(3, 1, 0.2));
        givesShares(CONFIRMED, MemoryClaims.training(1, 1, 0.1, 1.2));
        givesShares(CONDITIONAL, MemoryClaims.training(1, 1, 0.9, 1.2));
        givesShares(REFUTED, MemoryClaims.training(0.9, 1, 0.1, 1.2));
    }

    @Test
    void masks() {
        gives(CONFIRMED, MaskClaims.dilation(65, 65, 100, 257, 161, 161));
        gives(CONDITIONAL, MaskClaims.dilation(65, 65, 65, 257, 161, 161));
        gives(REFUTED, MaskClaims.dilation(65, 65, 65, 65, 65, 65));
        gives(CONFIRMED, MaskClaims.connections(63, 5, 3, 2));
        gives(CONDITIONAL, MaskClaims.connections(63, 5, 2, 2));
        gives(REFUTED, MaskClaims.connections(63, 63, 2, 2));
        gives(CONFIRMED, MaskClaims.radial(Map.of(1, 10.0, 2, 2 * 20.0, 4, 4 * 30.0)));
        gives(REFUTED, MaskClaims.radial(Map.of(1, 1.0, 2, 4.0, 4, 16.0)));
    }

    @Test
    void growthOfPairs() {
        gives(CONFIRMED, PairClaims.quadratic(2.1, 1.9, 2, 2));
        gives(CONDITIONAL, PairClaims.quadratic(2.1, 1.9, 2, 1));
        gives(REFUTED, PairClaims.quadratic(2.1, 1.2, 2, 1));
        gives(REFUTED, PairClaims.quadratic(2.1, 1.9, 1, 1));
        gives(CONFIRMED, PairClaims.exact(Map.of("a", 1e-7, "b", 1e-6), 1e-5));
        gives(REFUTED, PairClaims.exact(Map.of("a", 1e-7, "b", 1e-3), 1e-5));
        gives(CONFIRMED, PairClaims.linear(1, 1.1));
        gives(CONDITIONAL, PairClaims.linear(1, 1.6));
        gives(REFUTED, PairClaims.linear(2, 1));
        gives(CONDITIONAL, PairClaims.roots(1.5, 1.4, 1, 1.1));
        gives(REFUTED, PairClaims.roots(1.5, 2, 1, 1.1));
        gives(REFUTED, PairClaims.roots(1.2, 1.4, 1, 1.1));
        gives(CONFIRMED, PairClaims.traffic(512, 8, 2));
        gives(CONDITIONAL, PairClaims.traffic(512, 8, 0.9));
        gives(REFUTED, PairClaims.traffic(512, 1, 2));
    }

    @Test
    void growthOfRecurrences() {
        gives(CONFIRMED, GrowthClaims.linear(1, 2, 1.9, 0.9));
        gives(CONDITIONAL, GrowthClaims.linear(1, 2, 2.5, 0.9));
        gives(REFUTED, GrowthClaims.linear(1.4, 2, 1.9, 0.9));
        gives(CONFIRMED, GrowthClaims.memory(1, 0.95));
        gives(REFUTED, GrowthClaims.memory(2, 0.95));
        gives(CONFIRMED, GrowthClaims.state(2, 1.1));
        gives(CONDITIONAL, GrowthClaims.state(2, 1.5));
        gives(REFUTED, GrowthClaims.state(1, 1));
        gives(CONFIRMED, GrowthClaims.decode(0.05, 0.9, 0.1));
        gives(CONDITIONAL, GrowthClaims.decode(0.05, 0.2, 0.1));
        gives(REFUTED, GrowthClaims.decode(0.6, 0.9, 0.1));
        gives(CONFIRMED, GrowthClaims.chunks(1, 512, 32, 1, 3, 2.0));
        gives(CONDITIONAL, GrowthClaims.chunks(1, 512, 32, 1, 3, 0.5));
        gives(CONDITIONAL, GrowthClaims.chunks(1, 512, 32, 1, 3, null));
        gives(REFUTED, GrowthClaims.chunks(1.5, 512, 32, 1, 3, 2.0));
        gives(CONFIRMED, GrowthClaims.forms(Map.of(1, "recurrent", 64, "chunk")));
        gives(REFUTED, GrowthClaims.forms(Map.of(1, "recurrent", 64, "recurrent")));
    }

    @Test
    void crossovers() {
        Map<Kind, Verdict> verdicts = Map.of(Kind.OVERTAKES, CONFIRMED, Kind.ALWAYS, CONFIRMED, Kind.FALLS_BEHIND, CONDITIONAL, Kind.NEVER, REFUTED,
                Kind.LEVEL, UNDECIDED);
        verdicts.forEach((kind, verdict) -> gives(verdict, CrossoverClaims.crossover(new Crossover("chunk", "linear", "H03", "jvm", kind, 64, 128, 99, 32,
                512, 0), 80)));
        gives(CONFIRMED, CrossoverClaims.winners(Map.of("at 8", "H03", "at 16", "P08")));
        gives(REFUTED, CrossoverClaims.winners(Map.of("at 8", "H03", "at 16", "H03")));
        gives(CONFIRMED, CrossoverClaims.tiles(3, 1, 4, 1));
        gives(CONDITIONAL, CrossoverClaims.tiles(3, 1, 1.5, 1));
        gives(REFUTED, CrossoverClaims.tiles(3, 1, 1.1, 1));
    }

    @Test
    void recall() {
        gives(CONFIRMED, MemoryClaims.recall(1, 0.3, 1.2, 0.8));
        gives(CONDITIONAL, MemoryClaims.recall(1, 0.3, 1.2, 1.5));
        gives(REFUTED, MemoryClaims.recall(1, 1.3, 1.2, 0.8));
        gives(CONFIRMED, RecallClaims.needle(Map.of("P01", 0.0, "P08", 0.0, "D12", 1.0, "D15", 1.0)));
        gives(CONDITIONAL, RecallClaims.needle(Map.of("P01", 0.0, "P08", 0.0, "D12", 0.5, "D15", 1.0)));
        gives(REFUTED, RecallClaims.needle(Map.of("P01", 0.0, "P08", 1.0, "D12", 1.0, "D15", 1.0)));
        gives(REFUTED, RecallClaims.needle(Map.of("P01", 0.0, "P08", 0.0, "D12", 0.0, "D15", 0.0)));
        assertThrows(TesseraException.class, () -> RecallClaims.needle(Map.of("P01", 0.0)));
        gives(CONFIRMED, RecallClaims.longer(512, Map.of("D12", new double[] {4, 0.97})));
        gives(CONDITIONAL, RecallClaims.longer(512, Map.of("D12", new double[] {2, 0.97}, "P08", new double[] {8, 0.3})));
        gives(REFUTED, RecallClaims.longer(512, Map.of("D12", new double[] {2, 0.97})));
        gives(REFUTED, RecallClaims.longer(512, Map.of()));
        gives(CONFIRMED, RecallClaims.content(0.3, 0.6));
        gives(CONDITIONAL, RecallClaims.content(0.1, 0.6));
        gives(REFUTED, RecallClaims.content(0.1, 0.1));
    }

    @Test
    void summaries() {
        Map<Integer, Double> falling = Map.of(16, 1.0, 64, 0.5, 256, 0.05);
        Map<Integer, Double> times = Map.of(16, 1.0, 64, 3.0, 256, 9.0);
        gives(CONFIRMED, LowRankClaims.features(512, falling, falling, times, 2));
        gives(CONDITIONAL, LowRankClaims.features(512, falling, falling, times, 20));
        gives(REFUTED, LowRankClaims.features(512, Map.of(16, 1.0, 64, 1.0, 256, 1.01), falling, times, 2));
        gives(CONFIRMED, LowRankClaims.summary(1.1, 0.05, 0.9));
        gives(CONDITIONAL, LowRankClaims.summary(1.1, 0.5, 0.9));
        gives(REFUTED, LowRankClaims.summary(1.9, 0.05, 0.9));
        gives(CONFIRMED, LowRankClaims.bottleneck(0.9, 0.6));
        gives(CONDITIONAL, LowRankClaims.bottleneck(0.9, 0.1));
        gives(REFUTED, LowRankClaims.bottleneck(0.1, 0.01));
    }

    @Test
    void blocks() {
        gives(CONFIRMED, BlockClaims.small(List.of(new Point(8, 0.5, 0.5, 1), new Point(32, 0.5, 0.9, 1), new Point(64, 0.5, 1.5, 1))));
        gives(CONDITIONAL, BlockClaims.small(List.of(new Point(8, 0.5, 0.5, 1), new Point(16, 0.5, 1.2, 1), new Point(32, 0.5, 1.5, 1), new Point(64, 0.5,
                1.5, 1))));
        gives(REFUTED, BlockClaims.small(List.of(new Point(8, 0.5, 1.1, 1), new Point(64, 0.5, 1.5, 1))));
        gives(REFUTED, BlockClaims.small(List.of(new Point(8, 0.5, 0.5, 1), new Point(64, 0.5, 0.9, 1))));
        gives(CONFIRMED, BlockClaims.tokens(List.of(new Point(1, 0.5, 0.5, 1), new Point(1, 0.1, 2, 1), new Point(64, 0.5, 1, 1))));
        gives(CONDITIONAL, BlockClaims.tokens(List.of(new Point(1, 0.5, 0.5, 1), new Point(1, 0.2, 2, 1), new Point(1, 0.1, 3, 1))));
        gives(REFUTED, BlockClaims.tokens(List.of(new Point(1, 0.5, 1.5, 1), new Point(1, 0.1, 2, 1))));
        givesShares(CONFIRMED, BlockClaims.guarantee(List.of(new Point(8, 0.5, 0.9, 1), new Point(64, 0.5, 1.5, 1))));
        givesShares(CONDITIONAL, BlockClaims.guarantee(List.of(new Point(8, 0.5, 1.1, 1), new Point(64, 0.5, 1.5, 1))));
        givesShares(REFUTED, BlockClaims.guarantee(List.of(new Point(8, 0.5, 1.95, 1), new Point(64, 0.25, 4, 1))));
        gives(CONFIRMED, BlockClaims.modest(List.of(new Point(8, 0.5, 0.5, 1), new Point(64, 0.5, 1.7, 1), new Point(64, 0.1, 1, 1))));
        gives(CONDITIONAL, BlockClaims.modest(List.of(new Point(64, 0.5, 1.7, 1), new Point(128, 0.5, 1.1, 1))));
        gives(CONDITIONAL, BlockClaims.modest(List.of(new Point(64, 0.5, 1.2, 1.9), new Point(128, 0.5, 1.1, 1.8))));
        gives(UNDECIDED, BlockClaims.modest(List.of(new Point(64, 0.5, 1.2, 8))));
        gives(REFUTED, BlockClaims.modest(List.of(new Point(64, 0.5, 1.2, 1), new Point(128, 0.5, 1.1, 1))));
    }

    @Test
    void rooflines() {
        assertThrows(TesseraException.class, () -> RooflineClaims.bounded(30, 0.2));
        assertEquals(0.2, RooflineClaims.bounded(0.3, 0.2)[1]);
        gives(CONFIRMED, RooflineClaims.stored(0.1, 0.4));
        gives(REFUTED, RooflineClaims.stored(0.4, 0.1));
        gives(CONFIRMED, RooflineClaims.phases(0.4, 0.1, 0.1, 0.5));
        gives(CONDITIONAL, RooflineClaims.phases(0.4, 0.1, 0.5, 0.1));
        gives(REFUTED, RooflineClaims.phases(0.1, 0.4, 0.5, 0.1));
        gives(CONFIRMED, RooflineClaims.split(Map.of(1024, 1.0, 8192, 7.0)));
        gives(CONDITIONAL, RooflineClaims.split(Map.of(1024, 1.0, 8192, 1.9)));
        gives(REFUTED, RooflineClaims.split(Map.of(1024, 1.0, 8192, 0.9)));
        gives(CONFIRMED, RooflineClaims.chunks(Map.of(16, 1.0, 32, 2.1, 64, 3.9)));
        gives(REFUTED, RooflineClaims.chunks(Map.of(16, 3.0, 32, 1.0, 64, 3.1)));
        gives(REFUTED, RooflineClaims.chunks(Map.of(16, 3.0, 32, 2.0, 64, 0.0)));
    }

    @Test
    void stacksAndNumbers() {
        gives(CONDITIONAL, StackClaims.cost("1:7", 512, 0.4, 0.3, 0.2, 0.25));
        gives(REFUTED, StackClaims.cost("1:7", 512, 0.4, 0.3, 0.4, 0.25));
        gives(CONDITIONAL, StackClaims.cost("1:7", 512, 1.1, 0.3, 0.2, 0.25));
        gives(REFUTED, StackClaims.cost("1:7", 512, 1.1, 1, 0.2, 0.25));
        gives(CONFIRMED, NumberClaims.axes(1.2, 3));
        gives(CONDITIONAL, NumberClaims.axes(1, 3));
        gives(REFUTED, NumberClaims.axes(1, 0.9));
        gives(CONFIRMED, NumberClaims.smoothing(1.2, 3));
        gives(CONDITIONAL, NumberClaims.smoothing(1, 3));
        gives(REFUTED, NumberClaims.smoothing(1, 0.9));
        gives(CONFIRMED, MaskClaims.states(Map.of(64, 7)));
        gives(REFUTED, MaskClaims.states(Map.of(64, 8)));
        gives(CONFIRMED, NumberClaims.bound(10, 0, 1));
        gives(REFUTED, NumberClaims.bound(10, 1, 1));
    }

    @Test
    void timesThatLieOnNoLineHaveNoPower() {
        assertEquals(2, Setting.power(Map.of(1, 1.0, 2, 4.0, 4, 16.0)), 1e-9);
        assertThrows(TesseraException.class, () -> Setting.power(Map.of(1, 1.0, 2, 40.0, 4, 3.0)));
        assertThrows(TesseraException.class, () -> Setting.power(Map.of(1, 1.0)));
    }
}
