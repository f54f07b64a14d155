package tessera.operators;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.DType;
import tessera.PermuteSpec;
import tessera.Shape;
import tessera.Spec;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;

/** Permutations by hand, one direction against the other, and which indices are refused. */
class PermuteTest {

    static Tensor run(Device device, Spec spec, Tensor... inputs) {
        try (var plan = Tessera.plan(spec, device)) {
            return plan.run(inputs).outputs().get("out");
        }
    }

    static Tensor numbers(Shape shape, int... numbers) {
        Tensor tensor = Tensor.zeros(DType.I32, shape);
        for (int n = 0; n < numbers.length; n++) {
            tensor.set(n, numbers[n]);
        }
        return tensor;
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void tokensByHand(Device device) {
        Tensor x = Tensor.of(Shape.of(1, 2, 3, 2), 1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60);
        Tensor index = numbers(Shape.of(1, 2, 2), 2, 0, 1, -1);
        assertArrayEquals(new float[] {5, 6, 1, 2, 30, 40, 0, 0}, run(device, PermuteSpec.gather(1, 2, 3, 2, 2), x, index).toArray());
        Tensor repeated = numbers(Shape.of(1, 1, 4), 1, 1, 1, 0);
        assertArrayEquals(new float[] {3, 4, 3, 4, 3, 4, 1, 2, 30, 40, 30, 40, 30, 40, 10, 20},
                run(device, PermuteSpec.gather(1, 2, 3, 2, 4).withIndex(1, 1), x, repeated).toArray());
        Tensor places = numbers(Shape.of(1, 2, 3), 3, -1, 0, 1, 2, 3);
        assertArrayEquals(new float[] {5, 6, 0, 0, 0, 0, 1, 2, 0, 0, 10, 20, 30, 40, 50, 60},
                run(device, PermuteSpec.scatter(1, 2, 3, 2, 4), x, places).toArray());
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void scatteringUndoesGathering(Device device) {
        Tensor x = Tensor.random(Shape.of(2, 3, 63, 60), 1);
        Tensor index = Tensor.zeros(DType.I32, Shape.of(2, 3, 63));
        SplittableRandom random = new SplittableRandom(2);
        for (int head = 0; head < 6; head++) {
            List<Integer> order = random.ints(0, 63).distinct().limit(63).boxed().toList();
            for (int n = 0; n < 63; n++) {
                index.set(head * 63 + n, order.get(n));
            }
        }
        Tensor there = run(device, PermuteSpec.gather(2, 3, 63, 60, 63), x, index);
        assertEquals(x.get(3 * 63 * 60 + (int) index.get(3 * 63 + 5) * 60 + 7), there.get((3 * 63 + 5) * 60 + 7));
        assertArrayEquals(x.toArray(), run(device, PermuteSpec.scatter(2, 3, 63, 60, 63), there, index).toArray());
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void anIndexOutsideIsNamedAndALaterRunIsRight(Device device) {
        Tensor x = Tensor.random(Shape.of(1, 2, 3, 2), 1);
        try (var plan = Tessera.plan(PermuteSpec.gather(1, 2, 3, 2, 2), device)) {
            for (int bad : new int[] {3, -2, Integer.MAX_VALUE}) {
                assertRefused("index[0, 1, 0] must be from 0 to 2, or -1 for padding", () -> plan.run(x, numbers(Shape.of(1, 2, 2), 0, 1, bad, 0)));
            }
            assertEquals(x.get(4), plan.run(x, numbers(Shape.of(1, 2, 2), 2, 0, 0, 0)).outputs().get("out").get(0));
        }
        assertRefused("index[0, 0, 2] scatters a second token to 1", () -> run(device, PermuteSpec.scatter(1, 2, 3, 2, 3).withIndex(1, 1), x,
                numbers(Shape.of(1, 1, 3), 1, 0, 1)));
        assertRefused("index[0, 0, 1] must be from 0 to 3", () -> run(device, PermuteSpec.scatter(1, 2, 3, 2, 4).withIndex(1, 1), x,
                numbers(Shape.of(1, 1, 3), 1, 4, 0)));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        assertRefused("indexHeads must be 1 or heads = 6, got 3", () -> PermuteSpec.gather(2, 6, 5, 4, 3).withIndex(2, 3));
        assertRefused("indexBatch must be 1 or batch = 4, got 2", () -> PermuteSpec.gather(4, 6, 5, 4, 3).withIndex(2, 6));
        assertRefused("outLength must be at least 1, got 0", () -> PermuteSpec.gather(1, 1, 5, 4, 0));
        assertRefused("2^31 - 1", () -> PermuteSpec.gather(1 << 10, 1, 1, 1 << 10, 1 << 11));
        assertRefused("dtype must be F32, F16 or BF16", () -> PermuteSpec.gather(1, 1, 1, 1, 1).withDType(DType.I8));
        assertRefused("'index' must be stored as I32", () -> run(Tessera.device("jvm"), PermuteSpec.gather(1, 1, 1, 1, 1), Tensor.zeros(1, 1, 1, 1),
                Tensor.zeros(1, 1, 1)));
        assertEquals("{x=2x3x5x4, index=2x1x7}", PermuteSpec.gather(2, 3, 5, 4, 7).withIndex(2, 1).inputs().toString());
        assertEquals("{x=2x3x5x4, index=2x3x5}", PermuteSpec.scatter(2, 3, 5, 4, 7).inputs().toString());
        assertEquals("{out=2x3x7x4}", PermuteSpec.scatter(2, 3, 5, 4, 7).outputs().toString());
    }

    static void assertRefused(String words, Runnable call) {
        String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
        assertTrue(message.contains(words), message);
    }
}
