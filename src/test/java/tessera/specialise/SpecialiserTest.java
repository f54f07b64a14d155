package tessera.specialise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.engine.Kernel;
import tessera.engine.WorkGroup;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** A specialised kernel computes what the kernel computes, bit by bit. */
@ExtendWith(FreshKernels.class)
class SpecialiserTest {
    private static final int ITEMS = 16;
    private static final int GROUPS = 2;

    /** Once there are emulated work-items, TornadoVM takes no KernelContext kernel in the same JVM any more. */
    @BeforeAll
    static void withoutTornadoVm() {
        assumeTrue(ModuleLayer.boot().findModule("tornado.runtime").isEmpty(), "the emulation is tested without TornadoVM");
    }

    private static Stream<Arguments> kernels() {
        return Stream.of(
                IntStream.rangeClosed(1, 32).mapToObj(n -> Arguments.of("dot", 8 * n, new Object[] {8 * n})),
                Stream.of(Arguments.of("nested", 1, new Object[] {1, 1}), Arguments.of("nested", 6, new Object[] {2, 3}),
                        Arguments.of("nested", 64, new Object[] {8, 8}), Arguments.of("nested", 900, new Object[] {30, 30})),
                Stream.of(Arguments.of("conditions", 1, new Object[] {1, 0.5f}), Arguments.of("conditions", 4, new Object[] {4, 1.5f}),
                        Arguments.of("conditions", 8, new Object[] {8, 3.0f}), Arguments.of("conditions", 64, new Object[] {64, -1.0f})),
                IntStream.of(1, 2, 8, 32).mapToObj(n -> Arguments.of("loops", n, new Object[] {n})),
                Stream.of(Arguments.of("choices", 1, new Object[] {1, 1.0f}), Arguments.of("choices", 2, new Object[] {2, -1.0f}),
                        Arguments.of("choices", 8, new Object[] {8, -2.0f})),
                IntStream.of(2, 8, 32).mapToObj(n -> Arguments.of("inlined", n, new Object[] {n})),
                IntStream.of(2, 8, 64).mapToObj(n -> Arguments.of("instructions", n, new Object[] {n}))).flatMap(s -> s);
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("kernels")
    void computesTheSame(String name, int size, Object[] constants) {
        Kernel kernel = Kernel.of(SampleKernels.class, name);
        FloatArray in = FloatArray.fromElements(random(2000));
        FloatArray expected = run(kernel, in, size, constants);
        Object[] arguments = arguments(null, in, null, size, constants);
        Kernel specialised = Specialiser.specialise(kernel, arguments);
        assertEquals(name, specialised.method().getName());
        assertTrue(specialised.toString().startsWith("SampleKernels_"), specialised.toString());
        FloatArray actual = run(specialised, in, size, constants);
        for (int i = 0; i < expected.getSize(); i++) {
            assertEquals(Float.floatToRawIntBits(expected.get(i)), Float.floatToRawIntBits(actual.get(i)),
                    "element " + i + ": " + expected.get(i) + " and " + actual.get(i));
        }
    }

    private static float[] random(int size) {
        Random random = new Random(7);
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = random.nextFloat() * 2 - 1;
        }
        return values;
    }

    private static Object[] arguments(Object context, FloatArray in, FloatArray out, int size, Object[] constants) {
        return Stream.concat(Stream.of(context, in, out, size), Stream.of(constants)).toArray();
    }

    private static FloatArray run(Kernel kernel, FloatArray in, int size, Object[] constants) {
        FloatArray out = new FloatArray(ITEMS * GROUPS * size);
        out.init(Float.NaN);
        WorkGroup.run(context -> kernel.call(arguments(context, in, out, size, constants)), new int[] {ITEMS * GROUPS}, new int[] {ITEMS});
        return out;
    }
}
