package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.reference.Accuracy;
import tessera.reference.Expected;

/** Methods whose queries, or blocks of queries, have lists of blocks: other lengths and types than in the catalogue's check, known values. */
class ListedMethodsTest {
    private static final Device JVM = Tessera.device("jvm");
    private static final List<String> IDS = List.of("D03", "D11", "D12", "D13", "D15", "D20", "D23", "D26", "D27");

    @TestFactory
    Stream<DynamicTest> odd() {
        List<Shape> shapes = List.of(Shape.of(1, 3, 63, 60), Shape.of(2, 4, 100, 7), Shape.of(1, 1, 17, 1));
        return IDS.stream().flatMap(id -> shapes.stream().map(shape -> dynamicTest(id + " of " + shape, () -> {
            check(Methods.of(id), Tensor.random(shape, 5), Tensor.random(shape, 6), Tensor.random(shape, 7));
        })));
    }

    @TestFactory
    Stream<DynamicTest> half() {
        Shape shape = Shape.of(1, 4, 150, 16);
        return IDS.stream().map(id -> dynamicTest(id, () -> check(Methods.of(id), Tensor.random(shape, 8).to(DType.F16),
                Tensor.random(shape, 9).to(DType.F16), Tensor.random(shape, 10).to(DType.F16))));
    }

    @Test
    void theReleasedCodeOfSparseLinearAttentionIsAnotherMethod() {
        Shape shape = Shape.of(1, 2, 259, 12);
        Tensor q = Tensor.random(shape, 1);
        Tensor k = Tensor.random(shape, 2);
        check(SparseLinearMethods.RELEASED, q, k, k);
        Tensor paper = run(Methods.of("D23"), q, k, k).get("out");
        Tensor released = run(SparseLinearMethods.RELEASED, q, k, k).get("out");
        assertTrue(IntStream.range(0, shape.elements()).anyMatch(e -> Math.abs(paper.get(e) - released.get(e)) > 0.01));
    }

    private static void check(Method method, Tensor q, Tensor k, Tensor v) {
        Case problem = method.on(q, k, v, 3);
        try (PreparedCase prepared = new PreparedCase(problem, JVM, problem.plans(JVM))) {
            prepared.poison();
            prepared.run();
            assertEquals(Optional.empty(), prepared.selectionDifference());
            int[] everywhere = IntStream.range(0, q.shape().elements()).toArray();
            Accuracy accuracy = Accuracy.of(prepared.out(), new Expected.Values(everywhere, method.twin().of(problem.inputs())));
            assertTrue(accuracy.within(q.dtype().tolerance()), accuracy.toString());
        }
    }

    private static Map<String, Tensor> run(Method method, Tensor q, Tensor k, Tensor v) {
        Case problem = method.on(q, k, v, 3);
        try (PreparedCase prepared = new PreparedCase(problem, JVM, problem.plans(JVM))) {
            prepared.run();
            Map<String, Tensor> there = new HashMap<>(prepared.outputs());
            there.put("out", prepared.out());
            return there;
        }
    }

    @Test
    void aPlantedBlockIsRead() {
        Tensor q = Tensor.zeros(1, 2, 259, 4);
        Tensor k = Tensor.zeros(1, 2, 259, 4);
        for (int head = 0; head < 2; head++) {
            for (int t = 0; t < 259; t++) {
                q.set((head * 259 + t) * 4, 100);
            }
            for (int t = 112; t < 128; t++) {
                k.set((head * 259 + t) * 4, 1);
            }
        }
        Tensor v = k;
        for (String id : List.of("D03", "D12", "D15", "D27")) {
            Tensor out = run(Methods.of(id), q, k, v).get("out");
            assertEquals(1, out.get(258 * 4), 1e-5, id);
            assertEquals(0, out.get(100 * 4), 1e-5, id + " does not look ahead");
        }
    }

    @Test
    void aBoundOfAPageFindsTheOneKeyThatAMeanMisses() {
        Tensor q = Tensor.zeros(1, 1, 128, 1);
        q.set(127, 1);
        Tensor k = Tensor.zeros(1, 1, 128, 1);
        for (int t = 0; t < 128; t++) {
            k.set(t, t < 16 ? -1 : t < 64 ? 0 : 0.1f);
        }
        k.set(5, 3);
        assertTrue(blocks(run(Methods.of("D15"), q, k, k), 127).contains(0));
        assertFalse(blocks(run(Methods.of("D12"), q, k, k), 127).contains(0));
    }

    /** The list of a query of the only head. */
    private static List<Integer> blocks(Map<String, Tensor> there, int query) {
        Tensor lists = there.get("choice.keyBlocks");
        int count = lists.shape().dim(3);
        return IntStream.range(query * count, (query + 1) * count).map(e -> (int) lists.get(e)).filter(c -> c >= 0).boxed().toList();
    }

    @Test
    void shortSequencesAreReadWhole() {
        Shape shape = Shape.of(1, 1, 64, 6);
        Tensor q = Tensor.random(shape, 1);
        Tensor k = Tensor.random(shape, 2);
        double[] dense = SoftmaxTwin.of(q, k, k, (_, i, j) -> j <= i);
        for (String id : List.of("D03", "D12", "D15", "D27")) {
            assertArrayEquals(dense, SoftmaxTwin.doubles(run(Methods.of(id), q, k, k).get("out")), 1e-5, id);
        }
        Case nsa = Methods.of("D11").on(q, k, k, 3);
        for (int e = 0; e < 3 * 64; e++) {
            nsa.inputs().get("weights").set(e, e / 64 == 1 ? 1 : 0);
        }
        assertArrayEquals(dense, Methods.of("D11").twin().of(nsa.inputs()), 1e-12);
    }

    @Test
    void keysAreWrittenAgainWhereTheSparseRunDiffers() {
        Shape shape = Shape.of(1, 2, 200, 6);
        Map<String, Tensor> there = run(Methods.of("D26"), Tensor.random(shape, 1), Tensor.random(shape, 2), Tensor.random(shape, 3));
        Tensor draft = there.get("k.out");
        Tensor written = there.get("writtenK.out");
        assertArrayEquals(Arrays.copyOf(draft.toArray(), 64 * 6), Arrays.copyOf(written.toArray(), 64 * 6), 1e-5f);
        assertNotEquals(draft.get(199 * 6), written.get(199 * 6), 1e-3f);
    }

    @Test
    void cubesHoldNeighboursAndEveryTokenOnce() {
        // a video of 8 x 6 x 6 places in cubes of 4 x 2 x 2
        Cubes cubes = Cubes.of(256, Cubes.Form.CUBE);
        assertArrayEquals(new int[] {8, 6, 6}, VideoMethods.grid(256));
        assertEquals(16, cubes.size());
        assertEquals(cubes.cube(0, 0), cubes.cube(0, 3 * 36 + 7), "four frames, two rows, two columns");
        assertNotEquals(cubes.cube(0, 0), cubes.cube(0, 2));
        assertNotEquals(cubes.cube(0, 0), cubes.cube(0, 12));
        assertNotEquals(cubes.cube(0, 0), cubes.cube(0, 4 * 36));
        for (Cubes.Form form : Cubes.Form.values()) {
            int[][] members = Cubes.of(259, form).groups().members(0);
            assertEquals(259, Arrays.stream(members).mapToInt(m -> m.length).sum());
            assertTrue(Arrays.stream(members).allMatch(m -> m.length >= 1 && m.length <= 16), form.toString());
        }
    }

    @Test
    void theBestComeAfterThoseThatComeFirst() {
        double[] scores = {5, 1, 7, 7, 9};
        assertArrayEquals(new boolean[] {true, true, false, false, false}, BlockChoice.best(scores, c -> c < 2, _ -> false, 3));
        assertArrayEquals(new boolean[] {false, true, true, false, false}, BlockChoice.best(scores, c -> c < 4, c -> c == 1, 2));
        assertArrayEquals(new boolean[] {true, true, true, false, false}, BlockChoice.best(scores, c -> c < 4, c -> c < 3, 2));
    }
}
