package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.DType;
import tessera.FeatureSpec;
import tessera.Features;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;

/** Inner products of features are the similarities that the papers say they are. */
class FeatureTest {
    private static final int LENGTH = 9;
    private static final int DIM = 8;
    private static final Tensor Q = tokens(1);
    private static final Tensor K = tokens(2);

    interface Similarity {
        double of(int i, int j);
    }

    /** Half as long as normal ones: the variance of an estimate grows with {@code exp(|q + k|²)}. */
    private static Tensor tokens(long seed) {
        Tensor tokens = Tensor.random(Shape.of(1, 1, LENGTH, DIM), seed);
        for (int i = 0; i < tokens.shape().elements(); i++) {
            tokens.set(i, tokens.get(i) / 2);
        }
        return tokens;
    }

    private static Tensor map(Device device, Tensor x, Features features, Tensor... omega) {
        try (var plan = Tessera.plan(FeatureSpec.of(1, 1, LENGTH, DIM, features), device)) {
            return (omega.length == 0 ? plan.run(x) : plan.run(x, omega[0])).outputs().get("out");
        }
    }

    private static void assertSimilar(Tensor q, Tensor k, double tolerance, Similarity similarity) {
        for (int i = 0; i < LENGTH; i++) {
            for (int j = 0; j < LENGTH; j++) {
                double expected = similarity.of(i, j);
                assertEquals(expected, product(q, i, k, j), tolerance * Math.max(1, Math.abs(expected)), i + ", " + j);
            }
        }
    }

    private static double product(Tensor a, int i, Tensor b, int j) {
        int size = a.shape().dim(-1);
        double sum = 0;
        for (int c = 0; c < size; c++) {
            sum += (double) a.get(i * size + c) * b.get(j * size + c);
        }
        return sum;
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void taylorIsTheSeriesUpToTheSquare(Device device) {
        assertSimilar(map(device, Q, Features.Plain.TAYLOR), map(device, K, Features.Plain.TAYLOR), 1e-5, (i, j) -> {
            double s = product(Q, i, K, j) / Math.sqrt(DIM);
            return 1 + s + s * s / 2;
        });
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void cosineWeighsByDistance(Device device) {
        Tensor q = map(device, Q, Features.Plain.RELU);
        Tensor k = map(device, K, Features.Plain.RELU);
        Features cosine = new Features.Cosine(20);
        assertSimilar(map(device, Q, cosine), map(device, K, cosine), 1e-5, (i, j) -> product(q, i, k, j) * Math.cos(Math.PI * (i - j) / 40));
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void positiveRandomFeaturesEstimateTheExponential(Device device) {
        Features random = new Features.PositiveRandom(1 << 16);
        Tensor omega = Features.orthogonal(1 << 16, DIM, 3);
        Tensor q = map(device, Q, random, omega);
        for (float feature : q.toArray()) {
            assertTrue(feature >= 0);
        }
        assertSimilar(q, map(device, K, random, omega), 0.05, (i, j) -> Math.exp(product(Q, i, K, j) / Math.sqrt(DIM)));
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void trigonometricFeaturesEstimateTheGaussian(Device device) {
        Features random = new Features.TrigonometricRandom(1 << 14);
        Tensor omega = Features.orthogonal(1 << 14, DIM, 3);
        assertSimilar(map(device, Q, random, omega), map(device, K, random, omega), 0.03, (i, j) -> {
            double cosine = product(Q, i, K, j) / Math.sqrt(product(Q, i, Q, i) * product(K, j, K, j));
            return Math.exp(cosine - 1);
        });
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void squaresChannelsAndAConstantAddUp(Device device) {
        Features square = new Features.Square(0.5f, 2, 3);
        assertSimilar(map(device, Q, square), map(device, K, square), 1e-5, (i, j) -> {
            double sum = 9;
            for (int c = 0; c < DIM; c++) {
                double s = Q.get(i * DIM + c) * K.get(j * DIM + c);
                sum += 0.25 * s * s + 4 * Math.sqrt(4.0 / DIM) * s;
            }
            return sum;
        });
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void bothSignsAreEachOthersInverse(Device device) {
        Tensor both = map(device, Q, Features.Plain.EXP_BOTH_SIGNS);
        Tensor one = map(device, Q, Features.Plain.EXP);
        for (int i = 0; i < LENGTH; i++) {
            for (int c = 0; c < DIM; c++) {
                assertEquals(one.get(i * DIM + c), both.get(i * 2 * DIM + c));
                assertEquals(1, both.get(i * 2 * DIM + c) * both.get((i * 2 + 1) * DIM + c), 1e-5);
            }
        }
    }

    @Test
    void randomRowsAreOrthogonalInBlocksAndNormal() {
        int count = 40 * DIM;
        Tensor omega = Features.orthogonal(count, DIM, 5);
        double squares = 0;
        for (int i = 0; i < count; i++) {
            squares += product(omega, i, omega, i);
            for (int j = i / DIM * DIM; j < i; j++) {
                assertEquals(0, product(omega, i, omega, j), 1e-5);
            }
        }
        assertEquals(1, squares / count / DIM, 0.1);
        assertEquals(omega.get(17), Features.orthogonal(count + 3, DIM, 5).get(17));
    }

    @Test
    void tokensOfZerosHaveNoAngle() {
        Tensor zeros = Tensor.zeros(1, 1, LENGTH, DIM);
        Tensor out = map(Tessera.device("jvm"), zeros, new Features.TrigonometricRandom(1), Tensor.random(Shape.of(1, DIM), 1));
        assertEquals(0, out.get(0));
        assertEquals(1, out.get(1));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertRefused("longest must be at least length = 9, got 8", () -> FeatureSpec.of(1, 1, 9, 8, new Features.Cosine(8)));
        assertRefused("count must be at least 1, got 0", () -> new Features.PositiveRandom(0));
        assertRefused("beta must be a finite number", () -> new Features.Square(1, Float.NaN, 1));
        assertRefused("use a smaller dim", () -> FeatureSpec.of(1, 1, 1, 1 << 16, Features.Plain.TAYLOR));
        assertRefused("2^31 - 1 elements", () -> FeatureSpec.of(1, 1, 1 << 20, 1 << 8, Features.Plain.TAYLOR));
        assertRefused("features must not be null", () -> FeatureSpec.of(1, 1, 1, 1, null));
        assertRefused("dtype must be F32, F16 or BF16", () -> new FeatureSpec(1, 1, 1, 1, Features.Plain.EXP, DType.I8));
    }

    private static void assertRefused(String words, Runnable call) {
        String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(message.contains(words), message);
    }
}
