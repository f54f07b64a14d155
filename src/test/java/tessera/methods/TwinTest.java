package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import tessera.Features;
import tessera.Shape;
import tessera.Tensor;

/** The twins by themselves: known values, and identities between methods. */
class TwinTest {
    private static final Shape SHAPE = Shape.of(2, 4, 23, 6);
    private final Tensor q = Tensor.random(SHAPE, 1);
    private final Tensor k = Tensor.random(SHAPE, 2);
    private final Tensor v = Tensor.random(SHAPE, 3);

    @Test
    void equalScoresGiveTheMean() {
        Tensor zero = Tensor.zeros(1, 1, 3, 1);
        Tensor values = Tensor.of(Shape.of(1, 1, 3, 1), 1, 2, 6);
        assertArrayEquals(new double[] {1, 1.5, 3}, SoftmaxTwin.of(zero, zero, values, (_, i, j) -> j <= i), 1e-12);
        assertArrayEquals(new double[] {3, 3, 3}, SoftmaxTwin.of(zero, zero, values, (_, _, _) -> true), 1e-12);
        assertArrayEquals(new double[] {0, 1, 1.5}, SoftmaxTwin.of(zero, zero, values, (_, i, j) -> j < i), 1e-12);
    }

    @Test
    void oneScoreByHand() {
        Tensor keys = Tensor.of(Shape.of(1, 1, 2, 4), 1, 1, 1, 1, 0, 0, 0, 0);
        Tensor values = Tensor.of(Shape.of(1, 1, 2, 4), 1, 1, 1, 1, 0, 0, 0, 0);
        double[] out = SoftmaxTwin.of(keys, keys, values, (_, _, _) -> true);
        assertEquals(Math.exp(2) / (Math.exp(2) + 1), out[0], 1e-12);
        assertEquals(0.5, out[4], 1e-12);
    }

    @Test
    void aWindowOfTheWholeLengthIsCausal() {
        double[] window = SoftmaxTwin.of(q, k, v, (_, i, j) -> i - 23 <= j && j <= i);
        assertArrayEquals(twin("H03"), window, 1e-14);
        assertArrayEquals(twin("K00"), window, 1e-14);
    }

    @Test
    void sharingEqualHeadsChangesNothing() {
        Tensor same = Tensor.zeros(2, 4, 23, 6);
        int head = 23 * 6;
        for (int n = 0; n < same.shape().elements(); n++) {
            same.set(n, k.get(n / head / 4 * 4 * head + n % head));
        }
        for (String id : new String[] {"K01", "K02"}) {
            double[] shared = Methods.of(id).twin().of(Methods.of(id).on(q, same, same, 1).inputs());
            assertArrayEquals(SoftmaxTwin.of(q, same, same, (_, i, j) -> j <= i), shared, 1e-12);
        }
    }

    @Test
    void radialAttentionKeepsTheSameBlocksAsItsTwinWhateverTheSizeOfAFrame() {
        for (int frame = 7; frame < 60; frame++) {
            boolean[][] blocks = VideoMethods.radialBlocks(203, 8, frame);
            for (int a = 0; a < blocks.length; a++) {
                for (int b = 0; b < blocks.length; b++) {
                    assertEquals(blocks[a][b], VideoMethods.isKept(203, 8, frame, a, b), "frames of " + frame + ", block " + a + ", " + b);
                }
            }
        }
    }

    @Test
    void aSingleSequenceInPagesIsCausalAttention() {
        Tensor one = Tensor.random(Shape.of(1, 4, 23, 6), 1);
        Map<String, Tensor> paged = Methods.of("H10").on(one, one, one, 1).inputs();
        assertArrayEquals(SoftmaxTwin.of(one, one, one, (_, i, j) -> j <= i), Methods.of("H10").twin().of(paged), 1e-14);
    }

    @Test
    void aSharedPrefixIsLikeMoreTokensInFront() {
        Tensor x = Tensor.random(Shape.of(1, 2, 8, 3), 1);
        Map<String, Tensor> in = Methods.of("H11").on(x, x, x, 5).inputs();
        Tensor all = Tensor.zeros(1, 2, 12, 3);
        Tensor values = Tensor.zeros(1, 2, 12, 3);
        Tensor queries = Tensor.zeros(1, 2, 12, 3);
        for (int n = 0; n < all.shape().elements(); n++) {
            int place = n % 36 - 12;
            int own = n / 36 * 24 + place;
            int prefix = n / 36 * 12 + n % 36;
            all.set(n, place < 0 ? in.get("prefixK").get(prefix) : x.get(own));
            values.set(n, place < 0 ? in.get("prefixV").get(prefix) : x.get(own));
            queries.set(n, place < 0 ? 0 : x.get(own));
        }
        double[] whole = SoftmaxTwin.of(queries, all, values, (_, i, j) -> j <= i);
        double[] out = Methods.of("H11").twin().of(in);
        for (int n = 0; n < out.length; n++) {
            assertEquals(whole[n / 24 * 36 + 12 + n % 24], out[n], 1e-14);
        }
    }

    @Test
    void branchesOfLongNetAreWeighedByTheirDenominators() {
        Tensor zero = Tensor.zeros(1, 1, 8, 1);
        Tensor values = Tensor.of(Shape.of(1, 1, 8, 1), 1, 2, 4, 8, 16, 32, 64, 128);
        double[] out = Methods.of("P10").twin().of(Methods.of("P10").on(zero, zero, values, 1).inputs());
        // segments of 1, 2, 4 and 8 tokens, of which every 1st, 2nd, 4th and 8th is kept
        assertArrayEquals(new double[] {1, 2, 4, 8, 16, 32, 64, 128}, out, 1e-12);
        Tensor more = Tensor.zeros(1, 1, 16, 1);
        Tensor doubles = Tensor.zeros(1, 1, 16, 1);
        for (int n = 0; n < 16; n++) {
            doubles.set(n, 1 << n);
        }
        out = Methods.of("P10").twin().of(Methods.of("P10").on(more, more, doubles, 1).inputs());
        // token 0: {0, 1}, {0, 2}, {0, 4}, {0, 8}; token 2: {2, 3}, {0, 2}; token 1: {0, 1}
        assertEquals((4 * 1 + 2 + 4 + 16 + 256) / 8.0, out[0], 1e-12);
        assertEquals((2 * 4 + 8 + 1) / 4.0, out[2], 1e-12);
        assertEquals(1.5, out[1], 1e-12);
    }

    @Test
    void withoutBiasesAttentionFreeIsARunningMeanOfEqualKeys() {
        Tensor equal = Tensor.zeros(1, 1, 3, 2).fill(0.7f);
        Tensor values = Tensor.of(Shape.of(1, 1, 3, 2), 1, 10, 2, 20, 6, 60);
        Map<String, Tensor> in = Methods.of("G20").on(equal, equal, values, 1).inputs();
        in.get("bias").fill(0);
        assertArrayEquals(new double[] {1, 1.5, 3, 10, 15, 30}, Methods.of("G20").twin().of(in), 1e-12);
    }

    @Test
    void manyRandomFeaturesComeNearSoftmax() {
        Tensor small = Setup.map(q, x -> x / 2);
        double[] exact = SoftmaxTwin.of(small, small, v, (_, i, j) -> j <= i);
        Map<String, Tensor> in = Methods.of("L03").on(small, small, v, 7).inputs();
        in.put("omega", Features.orthogonal(3000, 6, 3));
        double[] estimate = Methods.of("L03").twin().of(in);
        double error = 0;
        double size = 0;
        for (int e = 0; e < exact.length; e++) {
            error += Math.pow(exact[e] - estimate[e], 2);
            size += exact[e] * exact[e];
        }
        assertTrue(error < 0.05 * 0.05 * size, "relative " + Math.sqrt(error / size));
    }

    @Test
    void rwkvWithoutDecayAndBonusIsAttentionFree() {
        Map<String, Tensor> in = Methods.of("G02").on(q, k, v, 7).inputs();
        in.get("w").fill(0);
        in.get("logBonus").fill(0);
        assertArrayEquals(Methods.of("G19").twin().of(in), Methods.of("G02").twin().of(in), 1e-12);
    }

    private double[] twin(String id) {
        Method method = Methods.of(id);
        Map<String, Tensor> inputs = method.on(q, k, v, 7).inputs();
        return method.twin().of(inputs);
    }
}
