package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.DType;
import tessera.ProjectionSpec;
import tessera.ProjectionSpec.Axis;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;

/** Projections by hand and one axis as the other, transposed. */
class ProjectionTest {

    private static Tensor run(Device device, ProjectionSpec spec, Tensor... inputs) {
        try (var plan = Tessera.plan(spec, device)) {
            return plan.run(inputs).outputs().get("out");
        }
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void headsAreProjectedByTheirOwnWeight(Device device) {
        Tensor x = Tensor.of(Shape.of(1, 1, 2, 2), 1, 2, 3, 4);
        Tensor weight = Tensor.of(Shape.of(2, 2, 1), 1, 10, 100, 1000);
        Tensor bias = Tensor.of(Shape.of(2, 1), 0.5f, -0.5f);
        ProjectionSpec spec = ProjectionSpec.channels(1, 1, 2, 2, 1).withWeightHeads(2).withBias();
        assertArrayEquals(new float[] {21.5f, 43.5f, 2099.5f, 4299.5f}, run(device, spec, x, weight, bias).toArray());
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void theSequenceIsProjectedAsChannelsAre(Device device) {
        Tensor x = Tensor.random(Shape.of(2, 3, 17, 6), 1);
        Tensor weight = Tensor.random(Shape.of(3, 5, 17), 2);
        Tensor tokens = run(device, ProjectionSpec.sequence(2, 3, 17, 6, 5).withWeightHeads(3), x, weight);
        Tensor channels = run(device, ProjectionSpec.channels(2, 3, 6, 17, 5).withWeightHeads(3), transposed(x), transposed(weight));
        assertArrayEquals(tokens.toArray(), transposed(channels).toArray(), 1e-5f);
    }

    private static Tensor transposed(Tensor x) {
        int[] dims = x.shape().dims();
        int rows = dims[dims.length - 2];
        int columns = dims[dims.length - 1];
        dims[dims.length - 2] = columns;
        dims[dims.length - 1] = rows;
        Tensor result = Tensor.zeros(dims);
        for (int i = 0; i < x.shape().elements(); i++) {
            result.set(i / (rows * columns) * rows * columns + i % columns * rows + i / columns % rows, x.get(i));
        }
        return result;
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertRefused("weightHeads must be 1 or heads = 6, got 3", () -> ProjectionSpec.channels(1, 6, 5, 4, 3).withWeightHeads(3));
        assertRefused("bias goes with axis CHANNELS", () -> ProjectionSpec.sequence(1, 6, 5, 4, 3).withBias());
        assertRefused("features must be at least 1, got 0", () -> ProjectionSpec.channels(1, 1, 5, 4, 0));
        assertRefused("2^31 - 1", () -> ProjectionSpec.channels(1 << 10, 1, 1 << 10, 1, 1 << 11));
        assertRefused("axis must not be null", () -> new ProjectionSpec(1, 1, 1, 1, null, 1, 1, false, DType.F32));
        assertRefused("dtype must be F32, F16 or BF16", () -> new ProjectionSpec(1, 1, 1, 1, Axis.CHANNELS, 1, 1, false, DType.I8));
        assertEquals("{x=2x3x5x4, weight=3x4x7, bias=3x7}", ProjectionSpec.channels(2, 3, 5, 4, 7).withWeightHeads(3).withBias().inputs().toString());
        assertEquals("{out=2x3x7x4}", ProjectionSpec.sequence(2, 1, 5, 4, 7).withWeightHeads(3).outputs().toString());
    }

    private static void assertRefused(String words, Runnable call) {
        String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(message.contains(words), message);
    }
}
