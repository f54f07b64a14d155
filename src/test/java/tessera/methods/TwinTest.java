package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;
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
    void aRecurrenceWithoutDecayIsTheSumOverThePast() {
        double[] out = twin("T01");
        for (int row = 0; row < 2 * 4 * 23; row++) {
            double expected = 0;
            for (int j = row / 23 * 23; j <= row; j++) {
                double dot = 0;
                for (int c = 0; c < 6; c++) {
                    dot += (double) q.get(row * 6 + c) * k.get(j * 6 + c);
                }
                expected += 0.5 * dot * v.get(j * 6);
            }
            assertEquals(expected, out[row * 6], 1e-10);
        }
    }

    @Test
    void normalisedLinearAttentionWeighsByFeatures() {
        double[] out = twin("L01");
        int row = 22;
        double sum = 0;
        double weights = 0;
        for (int j = 0; j <= row; j++) {
            double weight = 0;
            for (int c = 0; c < 6; c++) {
                weight += feature(q.get(row * 6 + c)) * feature(k.get(j * 6 + c));
            }
            weights += weight;
            sum += weight * v.get(j * 6 + 1);
        }
        assertEquals(sum / weights, out[row * 6 + 1], 1e-12);
    }

    @Test
    void retentionDecaysByItsGamma() {
        Tensor one = Tensor.of(Shape.of(1, 2, 3, 1), 1, 1, 1, 1, 1, 1);
        double[] out = Methods.of("G01").twin().of(Methods.of("G01").on(one, one, one, 1).inputs());
        double a = 31.0 / 32;
        double b = 63.0 / 64;
        assertArrayEquals(new double[] {1, 1 + a, 1 + a + a * a, 1, 1 + b, 1 + b + b * b}, out, 1e-14);
    }

    @Test
    void decaysAreBelowOne() {
        for (String id : new String[] {"L10", "G01", "G06", "G08", "G10", "G12"}) {
            Tensor gate = Methods.of(id).on(q, k, v, 9).inputs().get("gate");
            for (int i = 0; i < gate.shape().elements(); i++) {
                assertEquals(Math.clamp(gate.get(i), -20, 0), gate.get(i), id);
            }
        }
    }

    private double[] twin(String id) {
        Method method = Methods.of(id);
        Map<String, Tensor> inputs = method.on(q, k, v, 7).inputs();
        return method.twin().of(inputs);
    }

    private static double feature(double x) {
        return x > 0 ? x + 1 : Math.exp(x);
    }
}
