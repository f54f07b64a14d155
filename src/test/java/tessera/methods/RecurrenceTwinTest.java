package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;
import tessera.Shape;
import tessera.Tensor;

/** The twins of linear attention by themselves: known values, and identities between methods. */
class RecurrenceTwinTest {
    private static final Shape SHAPE = Shape.of(2, 4, 23, 6);
    private final Tensor q = Tensor.random(SHAPE, 1);
    private final Tensor k = Tensor.random(SHAPE, 2);
    private final Tensor v = Tensor.random(SHAPE, 3);

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
    void aPairReadAgainAfterAFullWriteComesBack() {
        Map<String, Tensor> in = Methods.of("T02").on(q, k, v, 7).inputs();
        in.get("beta").fill(1);
        in.put("q", Setup.unit(k));
        assertArrayEquals(SoftmaxTwin.doubles(v), Methods.of("T02").twin().of(in), 1e-6);
    }

    @Test
    void theGatedDeltaRuleWithoutForgettingIsTheDeltaRule() {
        Map<String, Tensor> in = Methods.of("T04").on(q, k, v, 7).inputs();
        in.get("logits").fill(100);
        assertArrayEquals(Methods.of("T03").twin().of(in), Methods.of("T04").twin().of(in), 1e-12);
    }

    @Test
    void longhornRecallsByItsShare() {
        Tensor one = Tensor.of(Shape.of(1, 1, 1, 2), 3, 4);
        Map<String, Tensor> in = Methods.of("T05").on(one, one, one, 1).inputs();
        in.get("importance").fill(0.5f);
        // eps = beta / (1 + beta |k|^2), S = k^T (x eps), o = k S
        assertArrayEquals(new double[] {25 * 3 * 0.5 / 13.5, 25 * 4 * 0.5 / 13.5}, Methods.of("T05").twin().of(in), 1e-12);
    }

    @Test
    void gooseWithoutLearningKeepsWhatItWrote() {
        Tensor one = Tensor.of(Shape.of(1, 1, 2, 1), 1, 1);
        Map<String, Tensor> in = Methods.of("G05").on(one, one, one, 1).inputs();
        in.get("rate").fill(0);
        in.get("alpha").fill(0.5f);
        in.get("u").fill(2);
        in.get("logits").fill(0);
        double decay = Math.exp(-0.5 * Math.exp(-0.5));
        assertArrayEquals(new double[] {0.5 + 1, 0.5 * decay + 0.5 + 1}, Methods.of("G05").twin().of(in), 1e-12);
    }

    @Test
    void finchWithOneDecayForAllTokensIsEagle() {
        Map<String, Tensor> eagle = Methods.of("G03").on(q, k, v, 7).inputs();
        Map<String, Tensor> finch = Methods.of("G04").on(q, k, v, 7).inputs();
        for (int e = 0; e < SHAPE.elements(); e++) {
            finch.get("omega").set(e, eagle.get("omega").get(e / (23 * 6) % 4 * 6 + e % 6));
        }
        assertArrayEquals(Methods.of("G03").twin().of(eagle), Methods.of("G04").twin().of(finch), 1e-12);
    }

    @Test
    void slotsWithEqualWritesHoldRunningMeans() {
        Map<String, Tensor> in = Methods.of("G16").on(q, k, v, 7).inputs();
        in.get("logits").fill(-2);
        double[] out = Methods.of("G16").twin().of(in);
        double sum = 0;
        for (int t = 0; t < 23; t++) {
            sum += v.get(t * 6 + 2);
            assertEquals(sum / (t + 1), out[t * 6 + 2], 1e-6);
        }
    }

    @Test
    void equalWeightsOfAllLevelsAreOneState() {
        Map<String, Tensor> in = Methods.of("G21").on(q, k, v, 7).inputs();
        in.get("lambda").fill(1);
        assertArrayEquals(Methods.of("G10").twin().of(in), Methods.of("G21").twin().of(in), 1e-12);
    }

    @Test
    void aStateSpaceThatStandsStillSumsItsInput() {
        Map<String, Tensor> in = Methods.of("G18").on(q, k, v, 7).inputs();
        in.get("step").fill(0);
        double[] out = Methods.of("G18").twin().of(in);
        int channels = in.get("c").shape().dim(0);
        int modes = in.get("c").shape().dim(1) / 2;
        double read = 0;
        for (int n = 0; n < modes; n++) {
            read += in.get("c").get((channels - 1) * 2 * modes + n);
        }
        double sum = 0;
        for (int t = 0; t < 23; t++) {
            sum += v.get((7 * 23 + t) * 6 + 5);
        }
        assertEquals(read * sum, out[out.length - 1], 1e-9);
    }

    @Test
    void aConvolutionThatOnlySeesTheTokenAddsItsValue() {
        Map<String, Tensor> in = Methods.of("L08").on(q, k, v, 7).inputs();
        Tensor weight = in.get("weight").fill(0);
        for (int channel = 0; channel < 24; channel++) {
            weight.set(channel * 5 + 2, 1);
        }
        double[] expected = twin("L02");
        for (int e = 0; e < expected.length; e++) {
            expected[e] += v.get(e);
        }
        assertArrayEquals(expected, Methods.of("L08").twin().of(in), 1e-12);
    }

    @Test
    void stateSpacesOfOneToken() {
        Tensor x = Tensor.of(Shape.of(1, 1, 1, 2), 2, 3);
        Map<String, Tensor> mamba = Methods.of("G07").on(x, x, x, 1).inputs();
        mamba.get("delta").fill(0.5f);
        mamba.get("skip").fill(10);
        assertArrayEquals(new double[] {2 * (0.5 * 13 + 10), 3 * (0.5 * 13 + 10)}, Methods.of("G07").twin().of(mamba), 1e-12);
        Map<String, Tensor> h3 = Methods.of("G17").on(x, x, x, 1).inputs();
        h3.get("c").fill(1);
        h3.get("weight").fill(0.25f);
        assertArrayEquals(new double[] {2 * 8 * 0.25 * 2 * 2, 3 * 8 * 0.25 * 3 * 3}, Methods.of("G17").twin().of(h3), 1e-12);
    }

    @Test
    void rodimusThatForgetsAndSkipsNothingIsLinearAttentionOfUnitKeys() {
        Map<String, Tensor> in = Methods.of("G14").on(q, k, v, 7).inputs();
        in.get("temperature").fill(0);
        in.get("valueSelection").fill(1);
        in.get("skip").fill(0);
        double[] out = Methods.of("G14").twin().of(in);
        double[] half = Methods.of("T01").twin().of(Setup.inputs(q, Setup.unit(k), v));
        for (int e = 0; e < out.length; e++) {
            assertEquals(2 * half[e], out[e], 1e-5);
        }
    }

    @Test
    void chelaHasTokensOfUnitSizeBeforeItsGate() {
        double[] out = twin("L09");
        for (int row = 0; row < out.length / 6; row++) {
            double squares = 0;
            for (int c = 0; c < 6; c++) {
                squares += Math.pow(out[row * 6 + c] * (1 + Math.exp(-q.get(row * 6 + c))), 2);
            }
            assertEquals(6, squares, 1e-3);
        }
    }

    @Test
    void aLongMemoryOfOneTokenIsItsValue() {
        Tensor one = Tensor.of(Shape.of(1, 1, 1, 4), 1, 2, 3, 4);
        Map<String, Tensor> in = Methods.of("G09").on(one, one, one, 1).inputs();
        in.get("outputLogits").fill(0);
        in.get("logInput").fill(-10);
        // q·k / sqrt(d) = 15 is far below 1 with this input gate, and then far above
        double weight = Math.exp(-10) * 15;
        assertArrayEquals(new double[] {weight / 2, weight, 3 * weight / 2, 2 * weight}, Methods.of("G09").twin().of(in), 1e-15);
        in.get("logInput").fill(10);
        assertArrayEquals(new double[] {0.5, 1, 1.5, 2}, Methods.of("G09").twin().of(in), 1e-12);
    }

    @Test
    void metaLaWithoutAugmentationAddsAHalf() {
        Map<String, Tensor> in = Methods.of("G13").on(q, k, v, 7).inputs();
        in.get("augment").fill(0);
        double[] out = Methods.of("G13").twin().of(in);
        double[] state = Methods.of("G12").twin().of(in);
        for (int e = 0; e < out.length; e++) {
            assertEquals(state[e] + 0.5, out[e], 1e-12);
        }
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
        for (String id : new String[] {"L04", "L10", "G01", "G02", "G03", "G04", "G05", "G06", "G08", "G09", "G10", "G11", "G12", "G13", "G14", "G17", "G18",
                "G21", "G22", "T04"}) {
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
