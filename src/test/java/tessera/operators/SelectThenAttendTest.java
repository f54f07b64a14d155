package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.AttentionSpec;
import tessera.CausalAlignment;
import tessera.DType;
import tessera.Estimator;
import tessera.Estimator.Lines;
import tessera.Forced;
import tessera.Pooling.Fold;
import tessera.SelectBuilder;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.layouts.HeadPatterns;
import tessera.layouts.VerticalSlash;
import tessera.methods.Case;
import tessera.methods.PreparedCase;
import tessera.methods.Step;
import tessera.reference.Recall;
import tessera.reference.Sample;

/** What is selected is what attention then sees, and how much of its weight that is. */
class SelectThenAttendTest {
    private static final int LENGTH = 63;
    private static final int DIM = 12;
    private static final Tensor Q = Tensor.random(Shape.of(2, 4, LENGTH, DIM), 1);
    private static final Tensor K = Tensor.random(Shape.of(2, 2, LENGTH, DIM), 2);
    private static final Tensor V = Tensor.random(Shape.of(2, 2, LENGTH, DIM), 3);
    private static final AttentionSpec ATTENTION = AttentionSpec.of(2, 4, LENGTH, DIM).kvHeads(2).causal().build();

    private static SelectBuilder selection() {
        return SelectSpec.of(2, 4, LENGTH, DIM).kvHeads(2).causal();
    }

    private static Tensor run(SelectSpec spec, String output, Tensor... inputs) {
        try (var plan = Tessera.plan(spec, Tessera.device("jvm"))) {
            return plan.run(inputs).outputs().get(output);
        }
    }

    /** A selection of all blocks is no selection, and the lists travel from one step to the next as integers. */
    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void allBlocksAreAllKeys(Device device) {
        SelectSpec select = selection().blocks(16, 8).topK(8).build();
        AttentionSpec listed = ATTENTION.toBuilder().listed(select.listHeads(), select.lists(), 16, 8).build();
        Case both = new Case(List.of(new Step("select", select, UnaryOperator.identity(), _ -> true),
                new Step("attend", listed, there -> Map.of("q", Q, "k", K, "v", V, "keyBlocks", there.get("select.keyBlocks")), _ -> true)),
                Map.of("q", Q, "k", K, "v", V));
        float[] full;
        try (var plan = Tessera.plan(ATTENTION, device)) {
            full = plan.run(Q, K, V).outputs().get("out").toArray();
        }
        try (var prepared = new PreparedCase(both, device, both.plans(device))) {
            prepared.poison();
            prepared.run();
            assertArrayEquals(full, prepared.out().toArray(), 1e-5f);
        }
    }

    @Test
    void exactScoresKeepMoreThanOthers() {
        Tensor exact = run(selection().topK(8).build(), "keyBlocks", Q, K);
        Tensor rough = run(selection().estimator(new Estimator.TopChannels(4)).topK(8).build(), "keyBlocks", Q, K);
        Tensor recent = run(selection().topK(1).forced(new Forced(0, false, 8, false, false, false, Forced.Counting.FIRST)).build(), "keyBlocks", Q, K);
        double best = recall(exact, 1, 1);
        assertTrue(best > recall(rough, 1, 1) && recall(rough, 1, 1) > recall(recent, 1, 1) && recall(recent, 1, 1) > 0.1);
        assertEquals(1, recall(run(selection().blocks(16, 8).topK(8).build(), "keyBlocks", Q, K), 16, 8), 1e-12);
    }

    private static double recall(Tensor keyBlocks, int blockQ, int blockK) {
        return Recall.of(ATTENTION, Q, K, keyBlocks, blockQ, blockK, Sample.ALL);
    }

    @Test
    void coverKeepsItsShareOfExactWeights() {
        SelectSpec spec = selection().softmax().cover(0.8).share().build();
        Tensor share = run(spec, "share", Q, K);
        double mean = IntStream.range(0, share.shape().elements()).mapToDouble(share::get).average().orElseThrow();
        assertTrue(mean > 0.8);
        assertEquals(mean, recall(run(spec, "keyBlocks", Q, K), 1, 1), 1e-5);
    }

    @Test
    void densityIsTheKeptPartOfWhatIsSeen() {
        SelectSpec spec = selection().blocks(16, 8).topK(2).build();
        Tensor counts = run(spec, "counts", Q, K);
        assertEquals(2, counts.get(0));
        assertEquals((16 * 2 + 16 * 2 + 16 * 2 + 15 * 2) / (16 * 2 + 16 * 4 + 16 * 6 + 15 * 8.0), spec.density(counts), 1e-12);
    }

    /** Every key of a column or a diagonal, and no other; blocks that hold them. */
    @Test
    void columnsAndDiagonalsBecomeLists() {
        SelectSpec columns = selection().foldGroup(Fold.SUM).estimator(new Estimator.LastRows(8, false, Lines.COLUMNS)).topK(5).build();
        SelectSpec diagonals = selection().foldGroup(Fold.SUM).estimator(new Estimator.LastRows(8, false, Lines.DIAGONALS)).topK(4).build();
        Tensor vertical = run(columns, "keyBlocks", Q, K);
        Tensor slash = run(diagonals, "keyBlocks", Q, K);
        Tensor tokens = VerticalSlash.keyBlocks(vertical, slash, LENGTH, LENGTH, 1, 1, CausalAlignment.BOTTOM_RIGHT);
        Tensor blocks = VerticalSlash.keyBlocks(vertical, slash, LENGTH, LENGTH, 16, 8, CausalAlignment.BOTTOM_RIGHT);
        for (int list = 0; list < 2 * 2; list++) {
            for (int query = 0; query < LENGTH; query++) {
                for (int key = 0; key < LENGTH; key++) {
                    boolean wanted = key <= query && (contains(vertical, list, key) || contains(slash, list, query - key));
                    assertEquals(wanted, contains(tokens, (list / 2 * LENGTH + query) * 2 + list % 2, key), query + ", " + key);
                    assertTrue(!wanted || contains(blocks, (list / 2 * 4 + query / 16) * 2 + list % 2, key / 8));
                }
            }
        }
        assertThrows(IllegalArgumentException.class, () -> VerticalSlash.keyBlocks(vertical, Tensor.zeros(1, 1, 2, 4), 1, 1, 1, 1, CausalAlignment.TOP_LEFT));
    }

    private static boolean contains(Tensor lists, int list, int value) {
        int length = lists.shape().dim(3);
        return IntStream.range(list * length, (list + 1) * length).anyMatch(n -> lists.get(n) == value);
    }

    @Test
    void headsWhoseEstimatesAgreeGetTheFirstPattern() {
        Tensor a = Tensor.of(Shape.of(1, 2, 1, 3), 0.5f, 0.5f, Float.NEGATIVE_INFINITY, 1, 0, 0);
        Tensor b = Tensor.of(Shape.of(1, 2, 1, 3), 1, 1, Float.NEGATIVE_INFINITY, 0, 0, 2);
        Tensor patterns = HeadPatterns.byDivergence(a, b, 0.5);
        assertEquals(DType.I32, patterns.dtype());
        assertArrayEquals(new float[] {1, 0}, patterns.toArray());
        assertEquals(0, HeadPatterns.byDivergence(a, b, Math.sqrt(Math.log(2)) - 1e-9).get(1));
        assertEquals(1, HeadPatterns.byDivergence(a, b, Math.sqrt(Math.log(2)) + 1e-9).get(1));
    }
}
