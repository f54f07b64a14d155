package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static tessera.operators.PermuteTest.assertRefused;
import static tessera.operators.PermuteTest.numbers;
import static tessera.operators.PermuteTest.run;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.DType;
import tessera.PoolSpec;
import tessera.PoolSpec.Reduction;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;

/** Pooling by hand, and which segments are refused. */
class PoolTest {
    private static final Tensor X = Tensor.of(Shape.of(1, 1, 5, 2), 1, -1, 2, -20, 6, -3, 4, -4, 5, -50);

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void aShortLastSegmentIsPooledByItsOwnTokens(Device device) {
        assertArrayEquals(new float[] {1.5f, -10.5f, 5, -3.5f, 5, -50}, pooled(device, 2, 2, Reduction.MEAN));
        assertArrayEquals(new float[] {3, -21, 10, -7, 5, -50}, pooled(device, 2, 2, Reduction.SUM));
        assertArrayEquals(new float[] {1, -20, 4, -4, 5, -50}, pooled(device, 2, 2, Reduction.MIN));
        assertArrayEquals(new float[] {2, -1, 6, -3, 5, -50}, pooled(device, 2, 2, Reduction.MAX));
        assertArrayEquals(new float[] {3.6f, -15.6f}, pooled(device, 64, 64, Reduction.MEAN), 1e-5f);
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void segmentsOverlapWithASmallerStride(Device device) {
        assertArrayEquals(new float[] {3, -8, 5, -19}, pooled(device, 3, 2, Reduction.MEAN));
        assertArrayEquals(new float[] {6, -1, 6, -3, 6, -3}, pooled(device, 3, 1, Reduction.MAX));
        assertArrayEquals(new float[] {13, -28, 9, -54}, pooled(device, 4, 3, Reduction.SUM));
    }

    private static float[] pooled(Device device, int size, int stride, Reduction reduction) {
        return run(device, PoolSpec.of(1, 1, 5, 2, size, reduction).withStride(stride), X).toArray();
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void givenSegmentsMayBeEmpty(Device device) {
        PoolSpec spec = PoolSpec.given(1, 1, 5, 2, 3, Reduction.MEAN);
        Tensor starts = numbers(Shape.of(1, 1, 4), 0, 3, 3, 5);
        assertArrayEquals(new float[] {3, -8, 0, 0, 4.5f, -27}, run(device, spec, X, starts).toArray());
        PoolSpec largest = PoolSpec.given(1, 1, 5, 2, 3, Reduction.MAX);
        assertArrayEquals(new float[] {0, 0, 6, -3, 5, -4}, run(device, largest, X, numbers(Shape.of(1, 1, 4), 1, 1, 3, 5)).toArray());
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void startsOutsideAreNamedAndALaterRunIsRight(Device device) {
        try (var plan = Tessera.plan(PoolSpec.given(1, 1, 5, 2, 2, Reduction.SUM), device)) {
            assertRefused("starts[0, 0] must go up from 0 to at most length = 5, got segment 1 from 3 to 6", () ->
                    plan.run(X, numbers(Shape.of(1, 1, 3), 0, 3, 6)));
            assertRefused("got segment 0 from 4 to 2", () -> plan.run(X, numbers(Shape.of(1, 1, 3), 4, 2, 5)));
            assertRefused("got segment 0 from -1 to 2", () -> plan.run(X, numbers(Shape.of(1, 1, 3), -1, 2, 5)));
            assertEquals(3, plan.run(X, numbers(Shape.of(1, 1, 3), 0, 2, 5)).outputs().get("out").get(0));
        }
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertRefused("stride must be at most size = 4, so that no token is left out, got 5", () -> PoolSpec.of(1, 1, 9, 2, 4, Reduction.MAX).withStride(5));
        assertRefused("size must be at least 1, got 0", () -> PoolSpec.of(1, 1, 9, 2, 0, Reduction.MAX));
        assertRefused("segments must be at least 1, got 0", () -> PoolSpec.given(1, 1, 9, 2, 0, Reduction.MAX));
        assertRefused("segments must be at least 1, with size and stride 0", () -> PoolSpec.given(1, 1, 9, 2, 3, Reduction.MAX).withStride(5));
        assertRefused("reduction must not be null", () -> PoolSpec.of(1, 1, 9, 2, 3, null));
        assertRefused("dtype must be F32, F16 or BF16", () -> PoolSpec.of(1, 1, 9, 2, 3, Reduction.SUM).withDType(DType.I32));
        assertRefused("'starts' must be stored as I32", () -> run(Tessera.device("jvm"), PoolSpec.given(1, 1, 5, 2, 1, Reduction.SUM), X,
                Tensor.zeros(1, 1, 2)));
    }

    @Test
    void theLastSegmentReachesTheLastTokenAndIsNotNeededBefore() {
        for (int length = 1; length < 40; length++) {
            for (int size = 1; size < 12; size++) {
                for (int stride = 1; stride <= size; stride++) {
                    int last = (PoolSpec.of(1, 1, length, 1, size, Reduction.SUM).withStride(stride).count() - 1) * stride;
                    assertEquals(true, last + size >= length && (last == 0 || last - stride + size < length), length + ", " + size + ", " + stride);
                }
            }
        }
    }
}
