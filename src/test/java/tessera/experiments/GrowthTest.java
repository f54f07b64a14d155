package tessera.experiments;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tessera.engine.Timing;
import tessera.experiments.GrowthPoint.Form;
import tessera.experiments.GrowthPoint.Part;
import tessera.methods.Case;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.reference.Accuracy;

class GrowthTest {
    private static final GrowthProblem PROBLEM = new GrowthProblem(GrowthRule.HEAD_TOKEN, 1, 2, 8, 3);

    private static Growth growth(GrowthProblem problem, double limitSeconds) {
        return new Growth(problem, List.of(40, 70), List.of(20, 40), 70, 20, List.of(Sketches.JVM), Sketches.BRIEF, limitSeconds);
    }

    private static GrowthResult result(GrowthPoint... points) {
        return new GrowthResult(Machine.here(List.of(Sketches.JVM)), growth(PROBLEM, 60), Instant.EPOCH, List.of(points));
    }

    private static GrowthPoint timed(Part part, Form form, int size, double millis) {
        List<Plan> plans = form == Form.DENSE ? List.of(Planner.plan(PROBLEM.dense(size), Sketches.JVM))
                : List.of(Growth.inChunks(Planner.candidates(PROBLEM.recurrence(70), Sketches.JVM).legal(), 32).orElseThrow());
        long nanos = (long) (millis * 1e6);
        return new GrowthPoint(part, form, size, new Measurement(PROBLEM.row(form, 0), Sketches.JVM, size, new Case(PROBLEM.dense(size), Map.of()), plans,
                "all", Accuracy.EXACT, null, true, 0, List.of(new Timing(nanos, 0, 0, nanos)), null));
    }

    @ParameterizedTest
    @EnumSource(GrowthRule.class)
    void everyFormOfEveryRuleIsVerifiedAndEachPointIsOneStep(GrowthRule rule) {
        List<String> steps = new ArrayList<>();
        Growth growth = growth(new GrowthProblem(rule, 2, 2, 8, 3), 60);
        GrowthResult result = growth.run(steps::add);
        assertEquals(growth.size(), steps.size());
        assertEquals(growth.size() - 3, result.points().size());
        assertEquals(List.of(10, 20, 40, 70), growth.allLengths());
        result.points().forEach(p -> assertTrue(p.verified(), () -> p.toString()));
        assertTrue(result.passed());
        assertEquals(5, result.slopes().stream().filter(g -> g.slope() != null).count());
        assertTrue(result.bestChunk(Sketches.JVM).isPresent());
        assertEquals(rule == GrowthRule.DELTA ? 0 : 2 * 8 + 32, result.crossings().getFirst().model());
        assertEquals(List.of(16, 32, 64, 128), result.points(Part.CHUNKS, Sketches.JVM).stream()
                .map(p -> p.measurement().plans().getFirst().get("chunk")).toList());
    }

    @Test
    void aPointThatWouldTakeTooLongIsLeftOut() {
        GrowthResult result = growth(PROBLEM, 1e-7).run(_ -> { });
        List<GrowthPoint> dense = result.points(Part.SEQUENCE, Sketches.JVM).stream().filter(p -> p.form() == Form.DENSE).toList();
        assertTrue(dense.getFirst().verified());
        for (GrowthPoint point : dense.subList(1, dense.size())) {
            assertFalse(point.verified());
            assertTrue(point.measurement().reason().matches("its 4 runs would take about \\d+ s, as predicted from 10 tokens, more than .*"),
                    point.measurement().reason());
        }
        assertTrue(result.passed(), "what is left out is not wrong");
        assertNull(result.slopes().getFirst().slope());
    }

    @Test
    void crossoverIsInterpolatedAndStandsBesideTheModel() {
        GrowthResult result = result(timed(Part.SEQUENCE, Form.CHUNK, 64, 2), timed(Part.SEQUENCE, Form.DENSE, 64, 1),
                timed(Part.SEQUENCE, Form.CHUNK, 256, 8), timed(Part.SEQUENCE, Form.DENSE, 256, 16));
        GrowthResult.Crossing crossing = result.crossings().getFirst();
        assertEquals(128, crossing.crossover().at(), 1e-9);
        assertEquals(2 * 8 + 32, crossing.model());
        assertEquals(List.of(1.0, 2.0), result.slopes().stream().map(g -> (double) Math.round(1e9 * g.slope().exponent()) / 1e9).toList());
    }

    @Test
    void theFastestChunkIsTheBest() {
        GrowthResult result = result(timed(Part.CHUNKS, Form.CHUNK, 16, 3), timed(Part.CHUNKS, Form.CHUNK, 32, 2), timed(Part.CHUNKS, Form.CHUNK, 64, 5));
        assertEquals(32, result.bestChunk(Sketches.JVM).orElseThrow().size());
    }

    @Test
    void aWrongResultHasNoTimeAndDoesNotPass() {
        Measurement wrong = Measurement.wrong(PROBLEM.rule().row(), Sketches.JVM, 40, null, List.of(), "all 2 heads", Accuracy.EXACT, null);
        GrowthResult result = result(timed(Part.SEQUENCE, Form.DENSE, 40, 1), new GrowthPoint(Part.SEQUENCE, Form.CHUNK, 40, wrong));
        assertFalse(result.passed());
        Map<String, Object> row = GrowthTables.of(result).values().iterator().next().getFirst();
        assertNull(row.get("chunk"));
        assertTrue(row.get("note").toString().startsWith("chunk NOT VERIFIED: wrong result"), row::toString);
        assertNull(GrowthReport.csv(result).get(1).get("kernelMedian"));
    }

    @Test
    void nothingMeasuredDoesNotPassAndHasAnEmptyChart() {
        GrowthResult none = result();
        assertFalse(none.passed());
        assertArrayEquals(new byte[] {(byte) 0x89, 'P', 'N', 'G'}, Arrays.copyOf(GrowthChart.png(none), 4));
    }
}
