package tessera.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** A kernel with local memory and barriers is compiled as ever after others have been emulated. */
public class EmulatedFirstTest {
    private static final int ITEMS = 64;

    @BeforeAll
    static void emulate() {
        WorkGroup.run(KernelContext::localBarrier, new int[] {2}, new int[] {2});
    }

    /** Reverses the numbers of each group. */
    public static void reverse(KernelContext context, FloatArray in, FloatArray out) {
        float[] local = context.allocateFloatLocalArray(64);
        local[context.localIdx] = in.get(context.globalIdx);
        context.localBarrier();
        out.set(context.globalIdx, local[63 - context.localIdx]);
    }

    /** Leaves a mark, to tell a driver that computes from one that only compiles. */
    public static void mark(KernelContext context, FloatArray in, FloatArray out) {
        out.set(context.globalIdx, 42.5f + in.get(context.globalIdx));
    }

    @TestFactory
    Stream<DynamicTest> onEveryDevice() {
        return Engines.devices().stream().map(device -> DynamicTest.dynamicTest(device.id(), () -> {
            float[] expected = new float[2 * ITEMS];
            for (int i = 0; i < expected.length; i++) {
                expected[i] = i / ITEMS * ITEMS + ITEMS - 1 - i % ITEMS;
            }
            float[] reversed = run(device, "reverse");
            assumeTrue(run(device, "mark")[1] == 43.5f, device + " compiled the kernel, but its driver computes nothing");
            assertArrayEquals(expected, reversed);
        }));
    }

    private static float[] run(Device device, String name) {
        FloatArray in = new FloatArray(2 * ITEMS);
        FloatArray out = new FloatArray(2 * ITEMS);
        for (int i = 0; i < 2 * ITEMS; i++) {
            in.set(i, i);
        }
        Task task = Task.tiles(name, Kernel.of(EmulatedFirstTest.class, name), 2, 1, ITEMS, in, out);
        try (Engine.Session session = Engines.of(device).prepare(device, new Program(List.of(task), List.of(in), List.of(), List.of(out)))) {
            session.run();
        }
        return out.toHeapArray();
    }
}
