package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static tessera.operators.PermuteTest.run;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.MergeSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.engine.Device;

/** Merging by weights, by hand and against merging by the log-sum-exp. */
class MergeTest {

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void weightsBroadcast(Device device) {
        Tensor parts = Tensor.of(Shape.of(2, 1, 2, 2, 1), 1, 2, 3, 4, 10, 20, 30, 40);
        assertArrayEquals(new float[] {21, 42, 63, 84}, run(device, MergeSpec.of(2, 1, 2, 2, 1).withWeights(2, 1, 1, 1), parts,
                Tensor.of(Shape.of(2, 1, 1, 1), 1, 2)).toArray());
        assertArrayEquals(new float[] {11, 44, 33, 88}, run(device, MergeSpec.of(2, 1, 2, 2, 1).withWeights(1, 1, 1, 2), parts,
                Tensor.of(Shape.of(1, 1, 1, 2), 1, 2)).toArray());
        Tensor unknown = Tensor.of(Shape.of(2, 1, 2, 2, 1), Float.NaN, 2, 3, 4, 10, 20, 30, 40);
        assertArrayEquals(new float[] {10, 20, 30, 40}, run(device, MergeSpec.of(2, 1, 2, 2, 1).withWeights(2, 1, 2, 1), unknown,
                Tensor.of(Shape.of(2, 1, 2, 1), 0, 0, 1, 1)).toArray());
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void sharesOfTheDenominatorAreWeights(Device device) {
        Tensor parts = Tensor.random(Shape.of(3, 2, 5, 63, 7), 1);
        Tensor lses = Tensor.random(Shape.of(3, 2, 5, 63), 2);
        Tensor weights = Tensor.zeros(3, 2, 5, 63);
        int rows = 2 * 5 * 63;
        for (int e = 0; e < 3 * rows; e++) {
            double all = 0;
            for (int p = 0; p < 3; p++) {
                all += Math.exp(lses.get(p * rows + e % rows));
            }
            weights.set(e, (float) (Math.exp(lses.get(e)) / all));
        }
        MergeSpec spec = MergeSpec.of(3, 2, 5, 63, 7);
        assertArrayEquals(run(device, spec, parts, lses).toArray(),
                run(device, spec.withWeights(3, 2, 5, 63), parts, weights).toArray(), 1e-5f);
    }
}
