package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;

/** Methods that sort, cluster, share or round: known values, and cases in which they are ordinary attention. */
class SortedMethodsTest {
    private static final Device JVM = Tessera.device("jvm");
    private final Tensor q = Tensor.random(Shape.of(1, 4, 50, 6), 1);
    private final Tensor k = Tensor.random(Shape.of(1, 4, 50, 6), 2);
    private final Tensor v = Tensor.random(Shape.of(1, 4, 50, 6), 3);

    private static Map<String, Tensor> run(String id, Tensor q, Tensor k, Tensor v) {
        Case problem = Methods.of(id).on(q, k, v, 7);
        try (PreparedCase prepared = new PreparedCase(problem, JVM, problem.plans(JVM))) {
            prepared.run();
            Map<String, Tensor> outputs = new HashMap<>(prepared.outputs());
            outputs.put("out", prepared.out());
            return outputs;
        }
    }

    private static double[] twin(String id, Map<String, Tensor> inputs) {
        return Methods.of(id).twin().of(inputs);
    }

    @Test
    void headsThatScoreAlikeShareTheirScoresForNothing() {
        Tensor queries = pairs(q);
        Tensor keys = pairs(k);
        double[] exact = SoftmaxTwin.of(queries, keys, v, (_, i, j) -> j <= i);
        assertArrayEquals(exact, SoftmaxTwin.doubles(run("D14", queries, keys, v).get("out")), 1e-5);
        assertEquals(0, run("D14", queries, keys, v).get("representatives").get(1));
        assertEquals(2, run("D14", queries, keys, v).get("representatives").get(3));
    }

    /** Heads 0 and 1, and 2 and 3, alike. */
    private static Tensor pairs(Tensor x) {
        Tensor y = Tensor.zeros(x.shape().dims());
        int size = x.shape().dim(2) * x.shape().dim(3);
        for (int e = 0; e < y.shape().elements(); e++) {
            y.set(e, x.get(e / size / 2 * 2 * size + e % size));
        }
        return y;
    }

    @Test
    void aStepLikeTheOneBeforeGetsAllPairs() {
        Map<String, Tensor> in = Methods.of("P12").on(q, k, v, 7).inputs();
        in.put("earlierQ", q);
        in.put("earlierK", k);
        in.put("earlierV", v);
        assertArrayEquals(SoftmaxTwin.of(q, k, v, (_, _, _) -> true), twin("P12", in), 1e-12);
    }

    @Test
    void aHeadTakesThePatternThatKeepsItsWeights() {
        Tensor tokens = Tensor.zeros(1, 2, 128, 32);
        for (int i = 0; i < 256; i++) {
            // head 0 looks for its own frame, head 1 for its own place in all frames
            tokens.set(i * 32 + (i < 128 ? i / 16 : i % 16), 10);
        }
        Tensor values = Tensor.random(Shape.of(1, 2, 128, 32), 3);
        Map<String, Tensor> there = run("P16", tokens, tokens, values);
        double[] exact = SoftmaxTwin.of(tokens, tokens, values, (_, _, _) -> true);
        assertArrayEquals(exact, SoftmaxTwin.doubles(there.get("out")), 1e-4);
        for (int i = 0; i < 128; i++) {
            assertEquals(values.get(i), there.get("vSorted.out").get(i), "the first head by frames");
        }
        int second = there.get("vSorted.out").shape().elements() / 2;
        assertEquals(values.get((128 + 16) * 32), there.get("vSorted.out").get(second + 32), "the second one by places");
    }

    @Test
    void bothPatternsAreChosenAmongRandomHeads() {
        Map<String, Tensor> there = run("P16", Tensor.random(Shape.of(2, 6, 259, 12), 1), Tensor.random(Shape.of(2, 6, 259, 12), 2),
                Tensor.random(Shape.of(2, 6, 259, 12), 3));
        Tensor values = there.get("vSorted.out");
        int size = values.shape().elements() / 12;
        long spatial = IntStream.range(0, 12).filter(head -> values.get(head * size + 12) == there.get("v").get(head * 259 * 12 + 12)).count();
        assertTrue(spatial > 0 && spatial < 12, "spatial heads: " + spatial);
    }

    @Test
    void equalTokensAreInOneBucketAndOppositeOnesAreNot() {
        Tensor projected = Tensor.of(Shape.of(1, 1, 4, 2), 1, 3, 1, 3, -1, -3, -5, 2);
        assertArrayEquals(new int[] {1, 1, 3, 2}, HashMethods.buckets(projected).of()[0]);
    }

    @Test
    void sortedTokensKeepTheirOrderInsideOfAGroup() {
        Groups groups = Groups.given(Groups.numbers(Shape.of(1, 1, 6), i -> new int[] {2, 0, 2, 0, 0, 2}[i]), 3);
        assertArrayEquals(new int[] {1, 3, 4, 0, 2, 5}, groups.sorted()[0]);
        assertArrayEquals(new float[] {0, 3, 3, 6}, groups.starts(1, 1).toArray());
        assertArrayEquals(new float[] {1, 3, 4, -1, -1, -1, 0, 2, 5}, groups.padded(3, 1, 1).toArray());
        assertEquals(3, groups.largestSize());
    }

    @Test
    void tokensOfOneBucketAttendToTheirChunkAndTheOneBefore() {
        Tensor same = Tensor.zeros(1, 1, 40, 4).fill(1);
        Tensor values = Tensor.zeros(1, 1, 40, 4);
        for (int e = 0; e < 160; e++) {
            values.set(e, e / 4);
        }
        float[] out = run("D29", same, same, values).get("out").toArray();
        assertEquals(7.5f, out[15 * 4], 1e-5f);
        assertEquals((0 + 20) / 2f, out[20 * 4], 1e-5f);
        assertEquals((16 + 39) / 2f, out[39 * 4], 1e-5f);
    }

    @Test
    void aLandmarkStandsForItsBlock() {
        Tensor zero = Tensor.zeros(1, 1, 20, 1);
        Tensor values = Tensor.zeros(1, 1, 20, 1);
        for (int i = 0; i < 20; i++) {
            values.set(i, i);
        }
        float[] out = run("D32", zero, zero, values).get("out").toArray();
        assertEquals(7.5f, out[15], 1e-5f);
        // the landmark and the tokens 16 to 19 weigh the same; the landmark's share is that of the mean of 0 to 15
        assertEquals((7.5f + 16 + 17 + 18 + 19) / 5, out[19], 1e-5f);
    }

    @Test
    void aPlantedFarKeyIsRetrieved() {
        Tensor queries = Tensor.zeros(1, 1, 64, 2);
        queries.set(63 * 2, 40);
        Tensor keys = Tensor.zeros(1, 1, 64, 2);
        keys.set(20 * 2, 1);
        Tensor values = Tensor.zeros(1, 1, 64, 2);
        values.set(20 * 2, 5);
        float[] out = run("D09", queries, keys, values).get("out").toArray();
        assertEquals(5, out[63 * 2], 1e-4f);
    }

    @Test
    void roundedValuesByHand() {
        Tensor x = Tensor.of(Shape.of(1, 1, 3, 2), 127, 0.6f, -3.4f, 63.5f, 1, 0);
        assertArrayEquals(new float[] {127, 1, -3, 64, 1, 0}, Rounding.int8(x, 2).toArray(), 1e-5f);
        Tensor y = Tensor.of(Shape.of(1, 1, 4, 2), 448, 17, 19, -21, 0.3f, 0.00293f, 431, 1.0625f);
        assertArrayEquals(new float[] {448, 16, 20, -20, 0.3125f, 0.00390625f, 416, 1}, Rounding.fp8(y, 4).toArray(), 1e-6f);
        assertArrayEquals(new float[4], Rounding.fp8(Tensor.zeros(1, 1, 2, 2), 8).toArray());
    }

    @Test
    void gatesOfTwoExpertsAreThoseOfTheRouter() {
        Tensor two = Tensor.random(Shape.of(1, 2, 9, 4), 6);
        Map<String, Tensor> there = run("D34", two, two, two);
        Tensor gates = there.get("gates.out");
        Tensor experts = there.get("project.out");
        for (int e = 0; e < 9 * 4; e++) {
            double sum = gates.get(e / 4 * 2) * experts.get(e) + gates.get(e / 4 * 2 + 1) * experts.get(36 + e);
            assertEquals(sum, there.get("out").get(e), 1e-5);
        }
        assertEquals(DType.F32, there.get("out").dtype());
    }
}
