package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.reference.Accuracy;
import tessera.reference.Expected;

/** Methods whose queries pick tokens and caches that keep some: odd sizes, half storage, and what must be picked. */
class TokenSelectionTest {
    private static final Device JVM = Tessera.device("jvm");

    private static Tensor random(int length, int dim, long seed) {
        return Tensor.random(Shape.of(2, 3, length, dim), seed);
    }

    private static PreparedCase run(Case problem) {
        PreparedCase prepared = new PreparedCase(problem, JVM, problem.plans(JVM));
        prepared.poison();
        prepared.run();
        return prepared;
    }

    private static Accuracy check(String id, DType dtype, int length, int dim) {
        Method method = Methods.of(id);
        Case problem = method.on(random(length, dim, 1).to(dtype), random(length, dim, 2).to(dtype), random(length, dim, 3).to(dtype), 4);
        try (PreparedCase prepared = run(problem)) {
            assertFalse(problem.selected().isEmpty(), "no selection is compared");
            assertEquals(Optional.empty(), prepared.selectionDifference());
            int[] everywhere = IntStream.range(0, prepared.out().shape().elements()).toArray();
            return Accuracy.of(prepared.out(), new Expected.Values(everywhere, method.twin().of(problem.inputs())));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"D02", "D06", "D07", "D16", "D18", "D22", "D24", "D25", "D28", "D33"})
    void everyLengthAndWidth(String id) {
        for (int[] size : new int[][] {{2, 1}, {17, 3}, {63, 60}, {100, 5}}) {
            Accuracy accuracy = check(id, DType.F32, size[0], size[1]);
            assertTrue(accuracy.within(1e-5), size[0] + " tokens of " + size[1] + " channels: " + accuracy);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"D02", "D06", "D07", "D16", "D18", "D22", "D24", "D25", "D28", "D33"})
    void halfStorage(String id) {
        Accuracy accuracy = check(id, DType.F16, 100, 12);
        assertTrue(accuracy.within(2e-3), accuracy.toString());
    }

    @Test
    void anotherSelectionIsADifference() {
        Tensor x = random(63, 8, 1);
        Case problem = Methods.of("D25").on(x, random(63, 8, 2), x, 4).selecting("select.keyBlocks", in -> {
            int[][] picked = TokenSelection.byQuery(in, ChannelMethods.listedTokens(in, TokenSelection.count(63)));
            picked[100] = new int[] {picked[100][0]};
            return picked;
        });
        try (PreparedCase prepared = run(problem)) {
            assertTrue(prepared.selectionDifference().orElseThrow().contains("list 100"), prepared.selectionDifference().toString());
        }
    }

    /** By counting tables of drawn vectors. */
    @Test
    void chanceOfTwoCollisions() {
        assertEquals(1, CodeMethods.chance(1), 1e-12);
        assertEquals(0, CodeMethods.chance(-1), 1e-12);
        Tensor q = Tensor.of(Shape.of(1, 1, 1, 2), 1, 0);
        Tensor k = Tensor.of(Shape.of(1, 1, 1, 2), 0.8f, 0.6f);
        double often = IntStream.range(0, 4000).filter(seed -> {
            Tensor vectors = Tensor.random(Shape.of(75 * 8, 2), seed);
            float[] a = CodeMethods.codes(q, vectors, 75, 8).toArray();
            float[] b = CodeMethods.codes(k, vectors, 75, 8).toArray();
            return IntStream.range(0, 75).filter(t -> a[t] == b[t]).count() >= 2;
        }).count() / 4000.0;
        assertEquals(CodeMethods.chance(0.8), often, 0.01);
        assertTrue(CodeMethods.chance(0.3) > 0.02 && CodeMethods.chance(0.3) < CodeMethods.chance(0.4) && CodeMethods.chance(0.4) < 0.9);
    }

    @Test
    void fewRandomTokensAreSampledSoThatTheirBoundCutsNone() {
        Map<String, Tensor> in = Methods.of("D16").on(random(259, 12, 1), random(259, 12, 2), random(259, 12, 3), 4).inputs();
        int[][] picked = CodeMethods.sampledTokens(in);
        int exact = Setup.SINKS + TokenSelection.count(259);
        int most = IntStream.range(0, picked.length).map(row -> picked[row].length).max().orElseThrow();
        assertTrue(most > exact + 10 && most < exact + 259 / 4, "a query sees " + most + " tokens");
    }

    @Test
    void equalTokensHaveEqualCodes() {
        Tensor tokens = random(64, 6, 5);
        Map<String, Tensor> in = Methods.of("D18").on(tokens, tokens, tokens, 3).inputs();
        int[][] picked = CodeMethods.hashedTokens(in);
        for (int row = 0; row < picked.length; row++) {
            int own = row % 64;
            assertTrue(IntStream.of(picked[row]).anyMatch(j -> j == own), "a query picks its own token");
        }
    }

    @Test
    void theBasisFollowsThePlantedDirection() {
        Tensor keys = Tensor.zeros(1, 1, 40, 8);
        SplittableRandom random = new SplittableRandom(1);
        for (int j = 0; j < 40; j++) {
            float along = (float) random.nextGaussian();
            keys.set(j * 8 + 2, 3 * along + 0.01f * (float) random.nextGaussian());
            keys.set(j * 8 + 5, 4 * along + 0.01f * (float) random.nextGaussian());
            keys.set(j * 8 + 7, (float) random.nextGaussian());
        }
        Tensor basis = Methods.of("D07").on(keys, keys, keys, 1).inputs().get("basis");
        assertEquals(0.6, Math.abs(basis.get(2 * 2)), 0.01);
        assertEquals(0.8, Math.abs(basis.get(5 * 2)), 0.01);
        assertEquals(1, Math.abs(basis.get(7 * 2 + 1)), 0.01);
    }

    @Test
    void aCacheKeepsTheTokenThatAllLookAtAndTheRecentOnes() {
        Tensor q = Tensor.zeros(1, 1, 64, 4).fill(1);
        Tensor k = Tensor.zeros(1, 1, 64, 4);
        IntStream.range(0, 4).forEach(c -> k.set(20 * 4 + c, 3));
        for (String id : new String[] {"D02", "D33"}) {
            try (PreparedCase prepared = run(Methods.of(id).on(q, k, k, 1))) {
                float[] kept = prepared.outputs().get(id.equals("D02") ? "keep3.keyBlocks" : "keep.keyBlocks").toArray();
                assertTrue(contains(kept, 20), id + " keeps the token with the most weight");
                assertTrue(contains(kept, 63) && !contains(kept, 45), id + " keeps the last one and not one in between");
                assertEquals(id.equals("D33"), contains(kept, 22), "SnapKV keeps its neighbours too");
            }
        }
    }

    private static boolean contains(float[] list, int token) {
        return IntStream.range(0, list.length).anyMatch(n -> list[n] == token);
    }

    /** The cosine with each centroid is 0 but for rounding, which is another one in float32 than in double precision. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void aKeyAtRightAnglesToAllOthersIsClusteredAsByTheTwin(int seed) {
        Tensor q = random(128, 16, seed);
        Tensor k = random(128, 16, seed + 1);
        double[] direction = new SplittableRandom(seed).doubles(16, -1, 1).toArray();
        double squares = Arrays.stream(direction).map(x -> x * x).sum();
        for (int token = 0; token < k.shape().elements() / 16; token++) {
            int at = token * 16;
            double along = IntStream.range(0, 16).mapToDouble(c -> k.get(at + c) * direction[c]).sum() / squares;
            boolean needle = token % 128 == 40;
            IntStream.range(0, 16).forEach(c -> k.set(at + c, (float) (needle ? 9 * direction[c] : k.get(at + c) - along * direction[c])));
        }
        Case problem = Methods.of("D28").on(q, k, random(128, 16, seed + 2), 7);
        try (PreparedCase prepared = run(problem)) {
            assertEquals(Optional.empty(), prepared.selectionDifference());
        }
    }

    @Test
    void wholeClustersAreTaken() {
        Tensor x = Tensor.zeros(1, 1, 64, 4);
        for (int j = 0; j < 64; j++) {
            x.set(j * 4 + j / 2 % 4, 1 + j % 3);
        }
        Map<String, Tensor> in = Methods.of("D28").on(x, x, x, 1).inputs();
        int[][] picked = ClusterCacheMethods.clusteredTokens(in);
        for (int row = 0; row < picked.length; row++) {
            int direction = (56 + row) / 2 % 4;
            int[] first = IntStream.range(0, 56).filter(j -> j / 2 % 4 == direction).limit(TokenSelection.count(64)).toArray();
            assertArrayEquals(first, picked[row]);
        }
    }
}
