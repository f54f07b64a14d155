package tessera.experiments;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tessera.AttentionSpec;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.methods.Case;
import tessera.methods.Method;
import tessera.methods.Methods;
import tessera.methods.PreparedCase;
import tessera.methods.Step;
import tessera.reference.Recall;
import tessera.reference.Sample;

/** What methods keep of dense attention: density, recall, error, the needle, and the time that choosing keys takes. */
class FidelityTest {

    /** Rows of the catalogue that choose keys by what queries and keys are, and must find a needle. */
    private static final Set<String> SEARCHING = Set.of("D06", "D07", "D15", "D18", "D24", "D25", "D27");

    private static final int BLOCK = 8;
    private static final Workload DRAWN = Workload.drawn(2, 2, 100, 16, 5);
    private static final Workload HIDDEN = Workload.drawn(Data.NEEDLE, 1, 2, 256, 32, 5);
    private static Comparison hidden;

    @BeforeAll
    static void compare() {
        List<Method> searching = Methods.all().stream().filter(m -> SEARCHING.contains(m.id())).toList();
        hidden = Sketches.run(Stream.concat(Stream.of(Methods.of("H03"), Methods.of("P01"), Methods.of("P08"), choosing(3)), searching.stream()).toList(), HIDDEN);
    }

    /** Causal attention of each query over the blocks of keys with the largest means, by a choice of its own. */
    private static Method choosing(int blocks) {
        return new Method("D12", (q, k, v, _) -> {
            Shape s = q.shape();
            SelectSpec select = SelectSpec.of(s.dim(0), s.dim(1), s.dim(2), s.dim(3)).blocks(1, BLOCK).causal().topK(blocks).build();
            AttentionSpec attend = dense(q).toBuilder().listed(select.listHeads(), select.lists(), BLOCK).build();
            return new Case(List.of(new Step("select", select, there -> there, _ -> true), new Step("attend", attend, there -> {
                Map<String, Tensor> inputs = new LinkedHashMap<>(there);
                inputs.put("keyBlocks", there.get("select.keyBlocks"));
                return inputs;
            }, _ -> true)), Map.of("q", q, "k", k, "v", v));
        }, null);
    }

    private static AttentionSpec dense(Tensor q) {
        Shape s = q.shape();
        return AttentionSpec.of(s.dim(0), s.dim(1), s.dim(2), s.dim(3)).causal().build();
    }

    private static Measurement of(Comparison comparison, String id) {
        Measurement m = comparison.measurements().stream().filter(x -> x.method().id().equals(id)).findFirst().orElseThrow();
        assertTrue(m.verified(), id + ": " + m.reason());
        return m;
    }

    @Test
    void denseAttentionKeepsAll() {
        for (String id : List.of("H01", "H03")) {
            Measurement m = of(Sketches.run(List.of(Methods.of(id)), DRAWN), id);
            assertEquals(1, m.fidelity().recall(), 1e-9);
            assertEquals(id.equals("H03") ? 101 / 200.0 : 1, m.density(), 1e-9);
            assertTrue(m.fidelity().error() < 1e-5, m.fidelity().toString());
            assertNull(m.fidelity().selection());
            assertNull(m.fidelity().needle(), "there is none");
        }
    }

    @Test
    void recallDensityAndErrorAreThoseOfTheListsOfTheRun() {
        Method method = choosing(3);
        Comparison comparison = Sketches.run(List.of(Methods.of("H03"), method), DRAWN);
        Measurement m = of(comparison, "D12");
        Case problem = method.on(DRAWN.q(), DRAWN.k(), DRAWN.v(), 3);
        try (var run = new PreparedCase(problem, Sketches.JVM, problem.plans(Sketches.JVM))) {
            run.run();
            Tensor lists = run.tensors(0).get("keyBlocks");
            assertEquals(Recall.of(dense(DRAWN.q()), DRAWN.q(), DRAWN.k(), lists, 1, BLOCK, new Sample(64, 3)), m.fidelity().recall(), 1e-12);
            int pairs = 0;
            for (int list = 0; list < 2 * 100 * 2; list++) {
                for (int block : named(lists, list)) {
                    for (int key = block * BLOCK; key < block * BLOCK + BLOCK; key++) {
                        pairs += key <= list / 2 % 100 ? 1 : 0;
                    }
                }
            }
            assertEquals(pairs / (2 * 2 * 100 * 100.0), m.density(), 1e-12);
        }
        assertTrue(m.fidelity().recall() > 0.2 && m.fidelity().recall() < 0.95, m.fidelity().toString());
        assertTrue(m.fidelity().error() > 0.05, "its own error, though it is computed right: " + m.fidelity());
        assertTrue(m.fidelity().selection() > 0 && m.fidelity().selection() < 1, m.fidelity().toString());
        assertEquals(comparison.speedup(m).getAsDouble() * m.density() / 0.505, comparison.efficiency(m).getAsDouble(), 1e-9);
        assertTrue(comparison.efficiency(of(comparison, "H03")).isEmpty());
        Measurement all = of(Sketches.run(List.of(choosing(100)), DRAWN), "D12");
        assertEquals(1, all.fidelity().recall(), 1e-9);
        assertTrue(all.fidelity().error() < 1e-5);
    }

    private static Set<Integer> named(Tensor lists, int list) {
        int length = lists.shape().dim(3);
        Set<Integer> named = new TreeSet<>();
        for (int n = list * length; n < (list + 1) * length; n++) {
            named.add((int) lists.get(n));
        }
        named.remove(-1);
        return named;
    }

    @Test
    void fixedPatternsMissTheNeedleAndChoicesFindIt() {
        assertEquals(1, of(hidden, "H03").fidelity().needle());
        assertEquals(0, of(hidden, "P01").fidelity().needle());
        assertEquals(0, of(hidden, "P08").fidelity().needle());
        hidden.measurements().stream().filter(m -> m.method().id().startsWith("D")).forEach(m -> {
            assertTrue(m.verified(), m.method() + ": " + m.reason());
            assertEquals(1, m.fidelity().needle(), m.method().toString());
        });
    }

    @Test
    void whatIsNoSoftmaxAttentionOverTheKeysIsUnknown() {
        Measurement m = of(Sketches.run(List.of(Methods.of("L01")), HIDDEN), "L01");
        assertEquals(Fidelity.UNKNOWN, m.fidelity());
        assertEquals(m.cost().density(), m.density());
        Measurement clusters = of(Sketches.run(List.of(Methods.of("D30")), HIDDEN), "D30");
        assertNull(clusters.fidelity().recall(), "its attention is over tokens in another order");
        assertNull(clusters.fidelity().needle());
        assertTrue(clusters.fidelity().error() > 0.05);
    }

    @Test
    void theLastQueriesLookForOneKeyThatLiesFarFromThem() {
        for (int head = 0; head < 2; head++) {
            int needle = HIDDEN.needle().keys()[head];
            assertTrue(needle >= 64 && needle < 128, "needle at " + needle);
            for (int query = 252; query < 256; query++) {
                double[] scores = new double[256];
                for (int e = 0; e < 256 * 32; e++) {
                    scores[e / 32] += HIDDEN.q().get((head * 256 + query) * 32 + e % 32) * HIDDEN.k().get(head * 256 * 32 + e) / Math.sqrt(32);
                }
                assertEquals(100, scores[needle], 0.01);
                for (int key = 0; key < 256; key++) {
                    assertTrue(key == needle || scores[key] < 10, "key " + key + " has " + scores[key]);
                }
            }
        }
        assertNull(HIDDEN.prefix(40).needle());
    }

    @Test
    void theSameSeedDrawsTheSame() {
        for (Data data : Data.values()) {
            Workload first = Workload.drawn(data, 1, 2, 50, 8, 3);
            Workload again = Workload.drawn(data, 1, 2, 50, 8, 3);
            assertArrayEquals(first.q().toArray(), again.q().toArray());
            assertArrayEquals(first.k().toArray(), again.k().toArray());
            assertFalse(first.k().get(0) == Workload.drawn(data, 1, 2, 50, 8, 4).k().get(0));
            assertEquals(1, Workload.drawn(data, 1, 1, 1, 4, 3).length(), "a single token can be drawn");
        }
    }

    @Test
    void attentionOverAMixtureIsConcentrated() {
        double plain = of(Sketches.run(List.of(choosing(3)), Workload.drawn(1, 2, 256, 32, 5)), "D12").fidelity().recall();
        double mixed = of(Sketches.run(List.of(choosing(3)), Workload.drawn(Data.CLUSTERED, 1, 2, 256, 32, 5)), "D12").fidelity().recall();
        assertTrue(mixed > plain + 0.1, mixed + " instead of more than " + plain);
    }
}
