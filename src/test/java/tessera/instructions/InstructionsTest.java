package tessera.instructions;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import tessera.TesseraException;
import tessera.engine.Device;
import tessera.engine.Engine;
import tessera.engine.Engines;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.HalfFloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** Every instruction against plain arithmetic: on emulated work-groups, and on the devices that have instructions. */
@Timeout(120)
class InstructionsTest {
    private static final int ITEMS = 64;

    private final Random random = new Random(5);
    private final FloatArray numbers = floats(8 * ITEMS);

    /** A kernel of InstructionKernels with what its outputs must be. */
    private record Case(String kernel, int groups, int groupSize, List<TornadoNativeArray> inputs, List<Expected> outputs) {
    }

    /** @param error largest difference from the values, relative to the largest of them */
    private record Expected(TornadoNativeArray array, float[] values, double error) {
    }

    @TestFactory
    Stream<DynamicTest> everyInstruction() {
        List<Device> devices = new ArrayList<>(List.of(Engines.device(Device.JVM)));
        Engines.devices().stream().filter(Device::instructions).forEach(devices::add);
        return cases().flatMap(c -> devices.stream().map(device -> dynamicTest(c.kernel + " on " + device.id(), () -> check(c, device))));
    }

    @TestFactory
    Stream<DynamicTest> devicesWithoutInstructionsRefuseThem() {
        return Engines.devices().stream().filter(device -> !device.isJvm() && !device.instructions()).map(device -> dynamicTest(device.id(), () -> {
            TesseraException e = assertThrows(TesseraException.class,
                    () -> run(device, "lanes", 2, ITEMS / 2, List.of(numbers), List.of(new FloatArray(4 * ITEMS))));
            assertTrue(e.getMessage().contains("has instructions of NVIDIA's GPUs, which " + device.id() + " has not"), e.getMessage());
        }));
    }

    private Stream<Case> cases() {
        HalfFloatArray a = halves(256);
        HalfFloatArray b = halves(256);
        HalfFloatArray columns = halves(128);
        FloatArray c = floats(128);
        FloatArray left = floats(256);
        FloatArray right = floats(128);
        ByteArray signed = bytes(512);
        ByteArray unsigned = bytes(256);
        FloatArray rows = new FloatArray(128);
        for (int i = 0; i < 128; i++) {
            rows.set(i, i / 8);
        }
        HalfFloatArray packed = new HalfFloatArray(2 * ITEMS);
        return Stream.of(
                one("multiplyHalf", List.of(a, columns, c), new FloatArray(128), product(8, 16, at(a, 16, 1), at(columns, 1, 16), c), 1e-6),
                one("multiplyBfloat", List.of(left, right), new FloatArray(128),
                        product(8, 16, rounded(left, 16, 1, InstructionsTest::bfloat), rounded(right, 1, 16, InstructionsTest::bfloat), null), 1e-6),
                one("multiplyTf32", List.of(left, right), new FloatArray(128),
                        product(8, 8, rounded(left, 8, 1, InstructionsTest::tf32), rounded(right, 1, 8, InstructionsTest::tf32), null), 1e-6),
                one("multiplyBytes", List.of(signed, unsigned), new FloatArray(128), product(8, 32, (row, k) -> signed.get(32 * row + k),
                        (k, column) -> unsigned.get(32 * column + k) & 255, rows), 0),
                one("staged", List.of(a, b), new FloatArray(256), staged(a, b), 1e-6),
                new Case("arithmetic", 2, ITEMS / 2, List.of(numbers), List.of(new Expected(packed, pairs(), 0),
                        new Expected(new FloatArray(8 * ITEMS), arithmetic(), 3e-7))),
                new Case("widened", 1, 32, List.of(a), List.of(new Expected(new FloatArray(256), widened(a), 0))),
                new Case("halfPairs", 2, ITEMS / 2, List.of(numbers), List.of(new Expected(new FloatArray(8 * ITEMS), halfPairs(), 0))),
                new Case("lanes", 2, ITEMS / 2, List.of(numbers), List.of(new Expected(new FloatArray(4 * ITEMS), lanes(), 1e-6))),
                new Case("memory", 1, ITEMS, List.of(numbers), List.of(new Expected(new FloatArray(12 * ITEMS), mirrored(), 0))));
    }

    private static Case one(String kernel, List<TornadoNativeArray> inputs, FloatArray out, float[] expected, double error) {
        return new Case(kernel, 1, 32, inputs, List.of(new Expected(out, expected, error)));
    }

    private static void check(Case c, Device device) {
        List<TornadoNativeArray> outputs = c.outputs.stream().map(Expected::array).toList();
        outputs.forEach(InstructionsTest::poison);
        run(device, c.kernel, c.groups, c.groupSize, c.inputs, outputs);
        assumeTrue(device.isJvm() || computes(device), device + " compiled the kernel, but its driver computes nothing");
        for (Expected expected : c.outputs) {
            double largest = 0;
            for (float value : expected.values) {
                largest = Math.max(largest, Math.abs(value));
            }
            for (int i = 0; i < expected.values.length; i++) {
                assertEquals(expected.values[i], element(expected.array, i), (float) (expected.error * largest), c.kernel + " " + i);
            }
        }
    }

    private static boolean computes(Device device) {
        FloatArray out = new FloatArray(32);
        out.init(0);
        run(device, "mark", 1, 32, List.of(), List.of(out));
        return out.get(0) == 42.5f;
    }

    private static void run(Device device, String name, int groups, int groupSize, List<TornadoNativeArray> inputs, List<TornadoNativeArray> outputs) {
        Object[] arguments = Stream.concat(inputs.stream(), outputs.stream()).toArray();
        Task task = Task.tiles(name, Kernel.of(InstructionKernels.class, name), groups, 1, groupSize, arguments);
        try (Engine.Session session = Engines.of(device).prepare(device, new Program(List.of(task), inputs, List.of(), outputs))) {
            session.run();
        }
    }

    private interface Matrix {
        float at(int row, int column);
    }

    private static Matrix at(HalfFloatArray array, int rowStride, int columnStride) {
        return (row, column) -> array.get(row * rowStride + column * columnStride).getFloat32();
    }

    private static Matrix rounded(FloatArray array, int rowStride, int columnStride, Function<Float, Float> rounding) {
        return (row, column) -> rounding.apply(array.get(row * rowStride + column * columnStride));
    }

    /** 16 rows and n columns of a b + c. */
    private static float[] product(int n, int depth, Matrix a, Matrix b, FloatArray c) {
        float[] product = new float[16 * n];
        for (int row = 0; row < 16; row++) {
            for (int column = 0; column < n; column++) {
                double sum = c == null ? 0 : c.get(row * n + column);
                for (int k = 0; k < depth; k++) {
                    sum += (double) a.at(row, k) * b.at(k, column);
                }
                product[row * n + column] = (float) sum;
            }
        }
        return product;
    }

    private static float[] staged(HalfFloatArray a, HalfFloatArray b) {
        Matrix doubled = (k, column) -> at(b, 16, 1).at(k, column) * (column < 8 ? 2 : 1);
        return product(16, 16, at(a, 16, 1), doubled, null);
    }

    /** By exact arithmetic on what a float is: the nearest multiple of 2^-7 of its power of two. */
    private static float bfloat(float x) {
        float unit = Math.scalb(1f, Math.getExponent(x) - 7);
        return (float) Math.rint(x / unit) * unit;
    }

    private static float tf32(float x) {
        float unit = Math.scalb(1f, Math.getExponent(x) - 10);
        return Math.copySign((float) Math.floor(Math.abs(x) / unit + 0.5f) * unit, x);
    }

    private float[] arithmetic() {
        float[] expected = new float[8 * ITEMS];
        for (int i = 0; i < ITEMS; i++) {
            float x = numbers.get(i);
            float y = numbers.get(i ^ 1);
            float[] of = {(float) Math.pow(2, x), Math.max(x, y), tf32(x), x, bfloat(x), bfloat(y), Math.max(1, x), 0};
            System.arraycopy(of, 0, expected, i * 8, 8);
        }
        return expected;
    }

    private float[] pairs() {
        float[] expected = new float[2 * ITEMS];
        for (int i = 0; i < 2 * ITEMS; i++) {
            expected[i] = new HalfFloat(numbers.get(i / 2 ^ i % 2)).getFloat32();
        }
        return expected;
    }

    private float[] halfPairs() {
        float[] expected = new float[8 * ITEMS];
        for (int i = 0; i < ITEMS; i++) {
            for (int e = 0; e < 2; e++) {
                float half = new HalfFloat(numbers.get(i ^ e)).getFloat32();
                expected[8 * i + e] = half;
                expected[8 * i + 2 + e] = new HalfFloat(half * half).getFloat32();
                expected[8 * i + 4 + e] = new HalfFloat(numbers.get(i & ~1)).getFloat32();
            }
        }
        return expected;
    }

    private static float[] widened(HalfFloatArray halves) {
        float[] expected = new float[halves.getSize()];
        for (int i = 0; i < expected.length; i++) {
            expected[i] = halves.get(i).getFloat32();
        }
        return expected;
    }

    private float[] lanes() {
        float[] expected = new float[4 * ITEMS];
        for (int i = 0; i < ITEMS; i++) {
            int warp = i / 32 * 32;
            for (int lane = 0; lane < 32; lane++) {
                expected[i * 4] += numbers.get(warp + lane);
                expected[i * 4 + 2] = numbers.get(warp + lane) < 0 ? 1 : expected[i * 4 + 2];
            }
            expected[i * 4 + 1] = numbers.get(i ^ 3);
            expected[i * 4 + 3] = numbers.get(warp + (i * 5 + 3) % 32);
        }
        return expected;
    }

    private float[] mirrored() {
        float[] expected = new float[12 * ITEMS];
        for (int i = 0; i < ITEMS; i++) {
            for (int k = 0; k < 12; k++) {
                expected[i * 12 + k] = numbers.get((ITEMS - 1 - i) * 8 + (k < 8 ? k : k - 4));
            }
        }
        return expected;
    }

    private static void poison(TornadoNativeArray array) {
        if (array instanceof FloatArray floats) {
            floats.init(Float.NaN);
        } else {
            ((HalfFloatArray) array).init(new HalfFloat(Float.NaN));
        }
    }

    private static float element(TornadoNativeArray array, int i) {
        return array instanceof FloatArray floats ? floats.get(i) : ((HalfFloatArray) array).get(i).getFloat32();
    }

    private FloatArray floats(int size) {
        FloatArray array = new FloatArray(size);
        for (int i = 0; i < size; i++) {
            array.set(i, (float) random.nextGaussian());
        }
        return array;
    }

    private ByteArray bytes(int size) {
        ByteArray array = new ByteArray(size);
        for (int i = 0; i < size; i++) {
            array.set(i, (byte) random.nextInt(256));
        }
        return array;
    }

    private HalfFloatArray halves(int size) {
        HalfFloatArray array = new HalfFloatArray(size);
        for (int i = 0; i < size; i++) {
            array.set(i, new HalfFloat((float) random.nextGaussian()));
        }
        return array;
    }
}
