package tessera;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import tessera.Estimator.Lines;
import tessera.Forced.Counting;
import tessera.Pooling.Fold;

class SelectSpecTest {

    private static SelectBuilder tokens() {
        return SelectSpec.of(2, 4, 63, 12).kvHeads(2).topK(3);
    }

    private static void assertRefused(String words, Runnable call) {
        String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(message.contains(words), message);
    }

    @Test
    void tensorsAreWhereAttentionLooksForThem() {
        SelectSpec spec = tokens().blocks(16, 8).foldGroup(Fold.SUM).causal().share().scores().build();
        assertEquals("{q=2x4x63x12, k=2x2x63x12}", spec.inputs().toString());
        assertEquals("{keyBlocks=2x4x2x3, counts=2x4x2, share=2x4x2, scores=2x2x4x8}", spec.outputs().toString());
        AttentionSpec attention = AttentionSpec.of(2, 4, 63, 12).kvHeads(2).listed(2, 3, 8).build();
        assertEquals(tokens().blocks(1, 8).foldGroup(Fold.SUM).build().outputs().get("keyBlocks"), attention.inputs().get("keyBlocks"));
        assertEquals("{mass=2x4x63}", tokens().estimator(new Estimator.ColumnMass()).build().inputs().toString());
        assertEquals("{q=2x4x63x12, k=2x2x63x12, rows=7}", tokens().estimator(new Estimator.LastRows(7, true, Lines.COLUMNS)).build().inputs().toString());
        SelectSpec all = tokens().blocks(8, 8).weighted().forced(new Forced(0, false, 0, true, true, false, Counting.ADDED)).build();
        assertEquals("{q=2x4x63x12, k=2x2x63x12, sizes=2x2x8, forcedRows=2x4x8, forcedColumns=2x2x8}", all.inputs().toString());
    }

    @Test
    void listsAreAsLongAsARowCanBe() {
        assertEquals(3, tokens().build().lists());
        assertEquals(63, tokens().cover(0.5).build().lists());
        assertEquals(9, tokens().cover(0.5).budget(0, 9).build().lists());
        assertEquals(5, tokens().budget(5, 9).build().lists());
        Forced places = new Forced(2, true, 4, false, false, false, Counting.FIRST);
        assertEquals(6, tokens().causal().forced(places).build().lists());
        assertEquals(9, tokens().causal().forced(new Forced(2, true, 4, false, false, false, Counting.ADDED)).build().lists());
        assertEquals(63, tokens().forced(Forced.dissimilar(0.5f)).build().lists());
        assertEquals(8, tokens().blocks(8, 8).topK(100).build().lists());
        assertEquals(8, tokens().blocks(8, 8).topK(20).perHead().build().lists());
    }

    @Test
    void sharesOfCounts() {
        SelectionRule split = new SelectionRule.Split(0.25, 0.5);
        assertEquals(2, split.count(8));
        assertEquals(4, split.notSkipped(8));
        assertEquals(1, split.count(1));
        assertEquals(1, split.notSkipped(1));
        assertEquals(1, new SelectionRule.TopRatio(0).count(5));
        assertEquals(0, new SelectionRule.TopRatio(1).count(0));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertRefused("rule must not be null", () -> SelectSpec.of(1, 1, 1, 1).build());
        assertRefused("kvHeads must divide heads", () -> tokens().kvHeads(3).build());
        assertRefused("stride must divide blockQ = 8", () -> tokens().blocks(8, 8).estimator(new Estimator.Antidiagonal(3)).build());
        assertRefused("blockQ must be 63", () -> tokens().blocks(1, 1).estimator(new Estimator.ColumnMass()).build());
        assertRefused("blockQ must be 1 for Hamming", () -> tokens().blocks(8, 1).estimator(new Estimator.Hamming(1)).build());
        assertRefused("kvHeads must be 1", () -> tokens().estimator(new Estimator.Indexer()).build());
        assertRefused("rows must be at most queries = 63", () -> tokens().estimator(new Estimator.LastRows(64, false, Lines.COLUMNS)).build());
        assertRefused("count must be at most headDim = 12", () -> tokens().estimator(new Estimator.TopChannels(13)).build());
        assertRefused("width must be an odd number", () -> tokens().foldNeighbours(4, Fold.MAX).build());
        assertRefused("one estimate already", () -> tokens().meanQueries().foldGroup(Fold.SUM).build());
        assertRefused("force columns too", () -> new Forced(0, false, 0, true, false, true, Counting.ADDED));
        assertRefused("lists of its own", () -> tokens().foldGroup(Fold.SUM).forced(Forced.dissimilar(0.5f)).build());
        assertRefused("stride must be at most span = 2", () -> new Estimator.OverlappedDot(2, 3));
        assertRefused("bits must be between 1 and 8", () -> new Estimator.LowBit(9));
        assertRefused("p must be between 0 and 1, got NaN", () -> new SelectionRule.TopP(Double.NaN, true));
        assertRefused("critical + skipped must be between 0 and 1", () -> new SelectionRule.Split(0.6, 0.5));
        assertRefused("least must not be negative", () -> new Budget(false, 3, 2));
    }

    @Test
    void listsMustBeIntegersAndRowsMustBeThere() {
        SelectSpec spec = tokens().estimator(new Estimator.LastRows(1, true, Lines.COLUMNS)).build();
        Tensor q = Tensor.zeros(2, 4, 63, 12);
        Tensor k = Tensor.zeros(2, 2, 63, 12);
        Tensor row = Tensor.zeros(DType.I32, Shape.of(1)).fill(63);
        try (Prepared plan = Tessera.plan(spec, Tessera.device("jvm"))) {
            assertRefused("rows must be between 0 and 62, got 63", () -> plan.run(q, k, row));
            row.set(0, 62);
            Tensor floats = Tensor.zeros(spec.outputs().get("keyBlocks").dims());
            assertRefused("'keyBlocks' must be stored as I32, got F32", () -> plan.run(Map.of("q", q, "k", k, "rows", row, "keyBlocks", floats)));
            assertEquals(DType.I32, plan.run(q, k, row).outputs().get("counts").dtype());
        }
    }
}
