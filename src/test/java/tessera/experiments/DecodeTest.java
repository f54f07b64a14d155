package tessera.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tessera.AttentionSpec;
import tessera.methods.Case;
import tessera.methods.Catalogue;
import tessera.methods.Row;
import tessera.planner.Plan;
import tessera.planner.Planner;
import tessera.reference.Accuracy;

class DecodeTest {
    private static final AttentionSpec SPEC = AttentionSpec.of(1, 2, 1, 8).keys(20).build();
    private static final Row ROW = Catalogue.row("H09");

    private static final Case PROBLEM = new Case(SPEC, Map.of());

    private static Decoding of(Measurement... measured) {
        List<DecodePoint> points = List.of(measured).stream().map(m -> new DecodePoint(m, 10)).toList();
        return new Decoding(Machine.here(List.of(Sketches.JVM)), List.of(SPEC), Instant.EPOCH, Sketches.BRIEF, points);
    }

    @Test
    void aWrongResultHasNoTimeAndDoesNotPass() {
        Plan plan = Planner.plan(SPEC, Sketches.JVM);
        Decoding wrong = of(Measurement.wrong(ROW, Sketches.JVM, 1, PROBLEM, List.of(plan), "all 2 rows", Accuracy.EXACT, null));
        assertFalse(wrong.passed());
        Map<String, Object> row = wrong.table().getFirst();
        assertNull(row.get("GB/s"));
        assertTrue(row.get("note").toString().startsWith("NOT VERIFIED: wrong result"), row::toString);
        assertNull(wrong.csv().getFirst().get("gigabytesPerSecond"));
    }

    @Test
    void nothingMeasuredDoesNotPass() {
        Decoding none = of(Measurement.impossible(ROW, Sketches.JVM, 1, PROBLEM, List.of(), "no plan"));
        assertFalse(none.passed());
        assertEquals("not run: no plan", none.table().getFirst().get("note"));
        assertNull(none.csv().getFirst().get("bytes"));
    }

    @Test
    void everyPlanOfEveryProblemIsOneStep() {
        AttentionSpec longer = AttentionSpec.of(2, 4, 1, 8).kvHeads(1).keys(600).valueDim(5).build();
        List<String> steps = new ArrayList<>();
        Decode decode = new Decode(List.of(SPEC, longer), List.of(Sketches.JVM), true, Sketches.BRIEF, 1);
        Decoding decoding = decode.run(steps::add);
        assertEquals(decode.size(), steps.size());
        assertEquals(decode.size() - 1, decoding.points().size());
        assertTrue(decoding.passed(), () -> decoding.table().toString());
        decoding.points().forEach(point -> assertTrue(point.shareOfCopy() > 0, point::toString));
    }
}
