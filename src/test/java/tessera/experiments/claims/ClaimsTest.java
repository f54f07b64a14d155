package tessera.experiments.claims;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tessera.AttentionSpec;
import tessera.Tessera;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.experiments.Comparison;
import tessera.experiments.Curves;
import tessera.experiments.Experiment;
import tessera.experiments.Sketches;
import tessera.experiments.Workload;
import tessera.experiments.claims.Verdicts.Entry;

/** How claims are run and what becomes of their findings. */
class ClaimsTest {
    private static final Device JVM = Tessera.device("jvm");
    private static final Finding YES = Finding.of(Verdict.CONFIRMED, "%d of %d", 1, 1);

    private static Verdicts run(Claim... claims) {
        return new Claims(List.of(claims), List.of(JVM), true, 7).run(_ -> { }, _ -> { });
    }

    private static Claim claim(String id, Claim.Test test) {
        return Claim.measured(id, "a claim", "a paper", "somehow", test);
    }

    @Test
    void idsAreUniqueAndEveryOneOfTheListIsThere() {
        List<String> ids = Claim.all().stream().map(Claim::id).toList();
        assertEquals(ids.size(), ids.stream().distinct().count());
        for (int n = 1; n <= 42; n++) {
            String id = String.format("Q%02d", n);
            assertTrue(ids.contains(id), id);
        }
        Claim.all().forEach(claim -> assertFalse(claim.sentence().isBlank() || claim.source().isBlank() || claim.how().isBlank(), claim.id()));
    }

    @Test
    void everyExactClaimGetsAVerdictWithItsFigures() {
        List<Claim> exact = Claim.all().stream().filter(claim -> claim.exact() && claim.isImplemented()).toList();
        List<String> told = new ArrayList<>();
        Claims claims = new Claims(exact, List.of(JVM), true, 7);
        Verdicts verdicts = claims.run(_ -> { }, entry -> told.add(entry.claim().id()));
        assertEquals(exact.stream().map(Claim::id).toList(), told);
        assertEquals(claims.size(), told.size());
        assertTrue(verdicts.passed());
        for (Entry entry : verdicts.entries()) {
            Finding finding = entry.finding();
            assertFalse(finding.verdict() == Verdict.UNDECIDED, () -> entry.line());
            assertEquals(finding.verdict() == Verdict.OUT_OF_SCOPE, finding.rows().isEmpty(), entry.line());
        }
    }

    @Test
    void theSameSeedGivesTheSameFindings() {
        Claim memory = Claim.all().stream().filter(claim -> claim.id().equals("Q17")).findFirst().orElseThrow();
        assertEquals(run(memory).entries().getFirst().finding(), run(memory).entries().getFirst().finding());
    }

    @Test
    void aClaimWithoutAnExperimentGetsNoVerdict() {
        Verdicts verdicts = run(claim("A1", _ -> YES), Claim.notYet("A2", "a claim", "a paper"));
        assertEquals(List.of("A1"), verdicts.entries().stream().map(e -> e.claim().id()).toList());
        assertEquals("confirmed 1; not yet tested: A2", verdicts.summary());
        assertEquals(List.of("A2"), verdicts.document().get("notYet"));
        assertEquals("not yet", Verdicts.list(List.of(Claim.notYet("A2", "a claim", "a paper"))).getFirst().get("needs"));
    }

    @Test
    void whatCannotBeDoneIsUndecidedAndNotWrong() {
        Verdicts verdicts = run(claim("A1", _ -> {
            throw new TesseraException("no plan for it");
        }));
        assertEquals(Verdict.UNDECIDED, verdicts.entries().getFirst().finding().verdict());
        assertEquals("no plan for it", verdicts.entries().getFirst().finding().reason());
        assertTrue(verdicts.passed());
        Verdicts defect = run(claim("A1", _ -> {
            throw new IllegalStateException("broken inside");
        }), claim("A2", _ -> YES));
        assertEquals("java.lang.IllegalStateException: broken inside", defect.entries().getFirst().finding().reason());
        assertEquals(Verdict.CONFIRMED, defect.entries().getLast().finding().verdict());
    }

    @Test
    void aWrongResultTakesTheVerdictAway() {
        Verdicts verdicts = run(claim("A1", setting -> {
            Experiment wrong = new Experiment(List.of(Sketches.WRONG), List.of(Workload.drawn(1, 2, 33, 8, 1)), List.of(JVM), setting.protocol(), 7);
            setting.noted(wrong.run(_ -> { }), Comparison::measurements);
            return YES;
        }), claim("A2", _ -> YES));
        assertFalse(verdicts.passed());
        assertEquals(Verdict.UNDECIDED, verdicts.entries().getFirst().finding().verdict());
        assertTrue(verdicts.entries().getFirst().finding().reason().contains("wrong result"), verdicts.entries().getFirst().line());
        assertEquals(Verdict.CONFIRMED, verdicts.entries().getLast().finding().verdict());
    }

    @Test
    void measurementsAreVerifiedAndBelongToTheirClaim() {
        AttentionSpec spec = AttentionSpec.of(1, 2, 40, 8).build();
        Verdicts verdicts = run(claim("A1", setting -> {
            assertTrue(Setting.millis(setting.measure("H03", spec, plan -> plan.variant().equals("rows"))) > 0);
            return YES;
        }), claim("A2", _ -> YES));
        assertEquals(List.of(1, 0), verdicts.entries().stream().map(e -> e.measured().size()).toList());
        assertTrue(verdicts.entries().getFirst().measured().getFirst().plan().startsWith("ATTN rows"));
    }

    @Test
    void thePageHasEachClaimWithItsChartAndEscapes() {
        Finding finding = YES.with(List.of(Finding.row("a <b>", 1.0))).with(new Curves("A & B", "x", "y", Map.of("line", Map.of(1, 1.0, 8, 3.0))));
        String page = ClaimPage.of(run(claim("A1", _ -> finding), Claim.outOfScope("A2", "it <thinks>", "a paper", "nobody knows")));
        assertTrue(page.contains("a &lt;b&gt;") && page.contains("it &lt;thinks&gt;") && page.contains("A &amp; B"), page);
        assertTrue(page.contains("<svg role=\"img\"") || page.contains("cannot be drawn here"));
        assertTrue(page.contains("confirmed 1, out of scope 1"), page);
    }
}
