package tessera.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tessera.experiments.Crossover.Kind;

/** Median and spread of samples, and where one method overtakes another. */
class CrossoverTest {

    private static Map<Integer, Summary> times(double... lengthsAndMedians) {
        Map<Integer, Summary> times = new TreeMap<>();
        for (int n = 0; n < lengthsAndMedians.length; n += 2) {
            double median = lengthsAndMedians[n + 1];
            times.put((int) lengthsAndMedians[n], new Summary(median, 0.95 * median, 1.05 * median));
        }
        return times;
    }

    private static List<Crossover> find(Map<Integer, Summary> own, Map<Integer, Summary> dense) {
        return Crossover.of("L01", "linear", "H03", "jvm", own, dense);
    }

    @Test
    void medianAndPercentilesInterpolate() {
        Summary summary = Summary.of(new double[] {5, 1, 2, 4, 3});
        assertEquals(3, summary.median(), 1e-12);
        assertEquals(1.4, summary.p10(), 1e-12);
        assertEquals(4.6, summary.p90(), 1e-12);
        assertEquals(1.6, summary.spread(), 1e-12);
        assertEquals(2.5, Summary.of(new double[] {4, 1, 2, 3}).median(), 1e-12);
        assertEquals(new Summary(7, 7, 7), Summary.of(new double[] {7}));
        assertThrows(IllegalArgumentException.class, () -> Summary.of(new double[0]));
    }

    @Test
    void aSummaryIsClearlyBelowOnlyWithoutOverlap() {
        assertTrue(new Summary(1, 0.9, 1.1).clearlyBelow(new Summary(2, 1.2, 3)));
        assertFalse(new Summary(1, 0.9, 1.3).clearlyBelow(new Summary(2, 1.2, 3)));
    }

    @Test
    void theMeetingPointIsInterpolatedOnLogarithmicAxes() {
        Crossover c = find(times(256, 20, 512, 40, 1024, 80), times(256, 5, 512, 20, 1024, 320)).getFirst();
        assertEquals(Kind.OVERTAKES, c.kind());
        assertEquals(512, c.below());
        assertEquals(1024, c.above());
        assertEquals(512 * Math.cbrt(2), c.at(), 1e-6);
        assertTrue(c.sentence().startsWith("linear L01 overtakes dense H03 between 512 and 1024 on jvm"), c.sentence());
    }

    @Test
    void neverAlwaysAndLevelAreSaid() {
        Crossover never = find(times(256, 20, 512, 40), times(256, 5, 512, 20)).getFirst();
        assertEquals(Kind.NEVER, never.kind());
        assertEquals("linear L01 never overtakes dense H03 on jvm from 256 to 512", never.sentence());
        assertEquals(0, never.at());
        assertEquals(Kind.ALWAYS, find(times(256, 1, 512, 2), times(256, 5, 512, 20)).getFirst().kind());
        Crossover level = find(times(256, 1), times(256, 1.01)).getFirst();
        assertEquals(Kind.LEVEL, level.kind());
        assertTrue(level.sentence().endsWith("at 256, the only length compared"), level.sentence());
    }

    @Test
    void aMethodWinsFromTheLengthOnAfterWhichItAlwaysDoes() {
        assertEquals(1024, Crossover.from(times(256, 1, 512, 20, 1024, 80, 2048, 90), times(256, 5, 512, 20, 1024, 320, 2048, 999)));
        assertEquals(256, Crossover.from(times(256, 1, 512, 2), times(256, 5, 512, 20)));
        assertEquals(0, Crossover.from(times(256, 1, 512, 2), times(256, 5, 512, 2)), "level at the longest");
        assertEquals(0, Crossover.from(times(256, 1), times()));
    }

    @Test
    void lengthsWithinTheSpreadDecideNothing() {
        List<Crossover> found = find(times(256, 20, 512, 20, 1024, 20), times(256, 5, 512, 20.5, 1024, 80));
        assertEquals(1, found.size());
        assertEquals(256, found.getFirst().below());
        assertEquals(1024, found.getFirst().above());
        assertEquals(1, found.getFirst().undecided());
    }

    @Test
    void everyChangeOfOrderIsFound() {
        List<Crossover> found = find(times(128, 1, 256, 20, 512, 20), times(128, 5, 256, 5, 512, 80));
        assertEquals(List.of(Kind.FALLS_BEHIND, Kind.OVERTAKES), found.stream().map(Crossover::kind).toList());
    }

    @Test
    void lengthsWithoutADenseTimeAreLeftOut() {
        assertEquals(List.of(), find(times(256, 1), times(512, 1)));
        assertEquals(512, find(times(256, 1, 512, 1), times(512, 9)).getFirst().shortest());
    }
}
