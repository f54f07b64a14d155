package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;

/** SageAttention: what its parts compute, and how far that is from attention on the numbers as they are. */
class SageMethodsTest {
    private static final Shape SHAPE = Shape.of(1, 2, 100, 32);
    private static final Tensor Q = Tensor.random(SHAPE, 1);
    private static final Tensor V = Tensor.random(SHAPE, 3);

    /** Some channels of the keys have the same large number in every token, as those of language models do. */
    private static Tensor keys(float offset) {
        Tensor keys = Tensor.random(SHAPE, 2);
        for (int e = 0; e < SHAPE.elements(); e++) {
            keys.set(e, keys.get(e) + (e % 32 % 8 == 0 ? offset : 0));
        }
        return keys;
    }

    private static double distance(double[] a, double[] b) {
        double square = IntStream.range(0, a.length).mapToDouble(e -> (a[e] - b[e]) * (a[e] - b[e])).sum();
        return Math.sqrt(square / IntStream.range(0, a.length).mapToDouble(e -> b[e] * b[e]).sum());
    }

    private static double[] run(Case problem) {
        Device jvm = Tessera.device(Device.JVM);
        try (PreparedCase prepared = new PreparedCase(problem, jvm, problem.plans(jvm))) {
            prepared.poison();
            prepared.run();
            return SoftmaxTwin.doubles(prepared.out());
        }
    }

    @Test
    void theTwinsResultWithAndWithoutSmoothing() {
        for (boolean smooth : new boolean[] {true, false}) {
            Case problem = SageMethods.sage(Q, keys(5), V, smooth);
            double error = distance(run(problem), SageMethods.twin(problem.inputs(), smooth));
            assertTrue(error < DType.F32.tolerance(), () -> smooth + ": " + error);
        }
    }

    @Test
    void smoothingTakesOffWhatAllKeysShare() {
        Case shifted = SageMethods.sage(Q, keys(20), V, true);
        double[] exact = SoftmaxTwin.of(Q, keys(20), V, (_, i, j) -> j <= i);
        double smooth = distance(run(shifted), exact);
        double plain = distance(run(SageMethods.sage(Q, keys(20), V, false)), exact);
        double without = distance(run(SageMethods.sage(Q, keys(0), V, true)), SoftmaxTwin.of(Q, keys(0), V, (_, i, j) -> j <= i));
        assertTrue(smooth < 1.2 * without && smooth < 0.02, () -> smooth + " with an offset, " + without + " without one");
        assertTrue(plain > 4 * smooth, () -> plain + " without smoothing, " + smooth + " with it");
    }
}
