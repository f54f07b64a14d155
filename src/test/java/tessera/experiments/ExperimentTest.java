package tessera.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tessera.DType;
import tessera.Tensor;
import tessera.methods.Methods;
import tessera.reference.Accuracy;

/** Verify, then time: what is right has times, what is wrong or cannot run has a reason, and the comparison goes on. */
class ExperimentTest {

    @Test
    void rightResultsHaveTimesAndAReference() {
        Comparison comparison = Sketches.run(List.of(Methods.of("H03"), Methods.of("P08"), Methods.of("L01")), Workload.drawn(2, 2, 40, 8, 1));
        assertTrue(comparison.passed());
        assertEquals(3, comparison.measurements().size());
        for (Measurement m : comparison.measurements()) {
            assertTrue(m.verified() && !m.isWrong(), m.toString());
            assertTrue(m.accuracy().within(1e-5));
            assertTrue(m.runs().size() >= 2 && m.runs().size() <= 3, m.runs().toString());
            assertTrue(m.kernel().median() > 0);
            assertTrue(m.checked().startsWith("all ") && m.checked().endsWith("+ formula"), m.checked());
            assertNull(m.reason());
            assertTrue(comparison.speedup(m).isPresent());
        }
        assertEquals(1, comparison.speedup(comparison.measurements().getFirst()).getAsDouble());
        assertEquals(List.of("P08", "L01"), comparison.crossovers().stream().map(Crossover::method).toList());
        assertTrue(comparison.fastest(Sketches.JVM).orElseThrow().startsWith("Fastest at 40 tokens on jvm: "));
    }

    @Test
    void everyMethodCanBeMeasured() {
        Comparison comparison = Sketches.run(Methods.all(), Workload.drawn(2, 2, 40, 8, 1));
        for (Measurement m : comparison.measurements()) {
            assertTrue(m.verified(), m.method() + ": " + m.reason());
            assertTrue(m.checked().endsWith("+ formula"), m.checked());
            assertEquals(m.problem().steps().size(), m.plan().split(" \\+ ").length, m.plan());
            assertTrue(m.cost().density() > 0 && m.cost().density() <= 1, m.method() + " " + m.cost());
        }
        Measurement cascade = comparison.measurements().stream().filter(m -> m.method().id().equals("H11")).findFirst().orElseThrow();
        assertEquals("ATTN rows PAGED F32 + ATTN rows PAGED F32 + MERGE rows F32", cascade.plan());
        assertTrue(cascade.problem().isCausal(), "the prefix lies before every query");
    }

    @Test
    void aWrongResultHasNoTime() {
        Comparison comparison = Sketches.run(List.of(Methods.of("H03"), Sketches.WRONG), Workload.drawn(1, 2, 33, 8, 1));
        assertFalse(comparison.passed());
        Measurement wrong = comparison.measurements().get(1);
        assertTrue(wrong.isWrong());
        assertEquals(List.of(), wrong.runs());
        assertTrue(wrong.reason().startsWith("wrong result: max-abs"), wrong.reason());
        assertTrue(comparison.speedup(wrong).isEmpty());
        assertTrue(comparison.crossovers().isEmpty());
        assertThrows(IllegalArgumentException.class, () -> new Measurement(wrong.method(), wrong.device(), 33, wrong.problem(), wrong.plans(), "all",
                wrong.accuracy(), null, false, 0, comparison.measurements().getFirst().runs(), "wrong"));
    }

    @Test
    void whatCannotRunIsARowWithTheReasonAndTheRestGoesOn() {
        Comparison comparison = Sketches.mixed();
        assertEquals(14, comparison.measurements().size());
        assertFalse(comparison.passed());
        for (String id : List.of("P07", "K01", "K02")) {
            Measurement m = comparison.measurements().stream().filter(x -> x.method().id().equals(id)).findFirst().orElseThrow();
            assertFalse(m.verified() || m.isWrong(), m.toString());
            assertTrue(m.reason().contains(id.equals("P07") ? "no plan" : id.equals("K01") ? "odd" : "broken inside"), m.reason());
        }
        assertEquals(6, comparison.measurements().stream().filter(Measurement::verified).count());
    }

    @Test
    void nothingMeasuredIsNotAPass() {
        assertFalse(Sketches.run(List.of(Sketches.WITHOUT_PLAN), Workload.drawn(1, 1, 4, 4, 1)).passed());
    }

    @Test
    void progressIsToldOfEveryPoint() {
        List<String> told = new ArrayList<>();
        Experiment experiment = new Experiment(List.of(Methods.of("H03"), Methods.of("P08")), List.of(Workload.drawn(1, 1, 4, 4, 1)),
                List.of(Sketches.JVM), Sketches.BRIEF, 3);
        List<Comparison> measured = new ArrayList<>();
        experiment.run(told::add, measured::add);
        assertEquals(experiment.size(), told.size());
        assertEquals("P08 at 4 on jvm", told.getLast());
        assertEquals(List.of(1, 2), measured.stream().map(c -> c.measurements().size()).toList());
        assertEquals("P08", measured.getLast().measurements().getLast().method().id());
    }

    @Test
    void theBundledSampleAgreesWithPyTorch() {
        Comparison comparison = Sketches.run(List.of(Methods.of("H03"), Methods.of("H01"), Methods.of("P08")), Workload.sample());
        assertTrue(comparison.passed());
        Accuracy outside = comparison.measurements().getFirst().outside();
        assertTrue(outside.within(1e-6), outside.toString());
        assertTrue(comparison.note(comparison.measurements().getFirst()).contains("outside reference agrees"));
        assertNull(comparison.measurements().get(1).outside(), "the sample's result is causal, H01 is not");
        assertNull(comparison.measurements().get(2).outside());
        assertTrue(comparison.note(comparison.measurements().get(1)).contains("sees later tokens, H03 does not"));
    }

    @Test
    void anOutsideReferenceIsJudgedByTheTypeOfTheResult() {
        Workload drawn = Workload.drawn(1, 2, 40, 8, 1);
        Tensor q = drawn.q().to(DType.BF16);
        Tensor k = drawn.k().to(DType.BF16);
        Tensor v = drawn.v().to(DType.BF16);
        var exact = Methods.of("H03").twin().of(Map.of("q", q, "k", k, "v", v));
        Tensor expected = Tensor.zeros(q.shape().dims());
        for (int i = 0; i < exact.length; i++) {
            expected.set(i, (float) exact[i]);
        }
        Comparison comparison = Sketches.run(List.of(Methods.of("H03")), new Workload("rounded", q, k, v, expected, true));
        Measurement m = comparison.measurements().getFirst();
        assertTrue(m.outside().rms() > DType.F32.tolerance(), "the result is stored as BF16: " + m.outside());
        assertTrue(comparison.note(m).contains("outside reference agrees"), comparison.note(m));
    }

    @Test
    void largeProblemsAreSampled() {
        var workload = Workload.drawn(1, 4, 2048, 64, 1);
        var method = Methods.of("P08");
        Check check = new Check(method, method.on(workload.q(), workload.k(), workload.v(), 1), 1);
        assertEquals("381 of 8192 rows", check.description());
    }

    @Test
    void budgetsOutOfRangeAreRefused() {
        for (double seconds : new double[] {0, -1, Double.NaN, 1e9}) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Protocol.of(seconds)).getMessage().contains("budget"));
        }
        assertThrows(IllegalArgumentException.class, () -> new Protocol(1, 5, 4));
    }
}
