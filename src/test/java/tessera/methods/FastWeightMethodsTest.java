package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tessera.Shape;
import tessera.Tensor;

/** The twins of test-time training by themselves. */
class FastWeightMethodsTest {
    private static final Shape SHAPE = Shape.of(1, 2, 70, 6);

    private static Map<String, Tensor> inputs(String id) {
        return Methods.of(id).on(Tensor.random(SHAPE, 1), Tensor.random(SHAPE, 2), Tensor.random(SHAPE, 3), 4).inputs();
    }

    /** A check would be blind to a memory that hardly moves. */
    @ParameterizedTest
    @ValueSource(strings = {"T06", "T07", "T08", "T09"})
    void whatIsLearntIsSeen(String id) {
        Map<String, Tensor> inputs = inputs(id);
        double[] learning = Methods.of(id).twin().of(inputs);
        Map<String, Tensor> still = new LinkedHashMap<>(inputs);
        still.put("step", Tensor.zeros(inputs.get("step").shape().dims()));
        double[] fixed = Methods.of(id).twin().of(still);
        double difference = 0;
        double size = 0;
        for (int n = 0; n < learning.length; n++) {
            difference += Math.pow(learning[n] - fixed[n], 2);
            size += Math.pow(learning[n], 2);
        }
        assertTrue(Math.sqrt(difference / size) > 0.1, id + " moves by " + Math.sqrt(difference / size));
    }

    /** {@code S <- S - step kᵀ(k S - v)} without momentum and forgetting, one key channel and one value channel at a time. */
    @Test
    void titansIsTheDeltaRuleWithoutMomentum() {
        Map<String, Tensor> inputs = new LinkedHashMap<>(inputs("T08"));
        inputs.put("momentum", Tensor.zeros(1, 2, 70));
        inputs.put("forget", Tensor.zeros(1, 2, 70));
        double[] out = Methods.of("T08").twin().of(inputs);
        double[] expected = new double[out.length];
        for (int head = 0; head < 2; head++) {
            double[][] s = new double[6][6];
            for (int token = head * 70; token < (head + 1) * 70; token++) {
                for (int e = 0; e < 6; e++) {
                    double seen = 0;
                    for (int c = 0; c < 6; c++) {
                        seen += inputs.get("k").get(token * 6 + c) * s[c][e];
                    }
                    for (int c = 0; c < 6; c++) {
                        s[c][e] -= (double) inputs.get("step").get(token) * inputs.get("k").get(token * 6 + c) * (seen - inputs.get("v").get(token * 6 + e));
                        expected[token * 6 + e] += inputs.get("q").get(token * 6 + c) * s[c][e];
                    }
                }
            }
        }
        assertArrayEquals(expected, out, 1e-8);
    }

    @Test
    void slopesOfPolynomialsAreExact() {
        double[] slope = FastWeightTwin.slope(x -> Math.pow(x[0], 3) + x[0] * x[1], new double[] {2, 5});
        assertEquals(3 * 4 + 5, slope[0], 1e-9);
        assertEquals(2, slope[1], 1e-9);
        assertEquals(7, FastWeightTwin.slope(x -> 7 * x[0], new double[1])[0], 1e-9);
    }
}
