package tessera.specialise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;
import tessera.engine.Device;
import tessera.engine.Engines;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** A kernel and its specialised form on every device: a matrix product in exact numbers, so that the two agree to the bit. */
@ExtendWith(FreshKernels.class)
class SpecialisedOnDevicesTest {
    private static final Kernel KERNEL = Kernel.of(MatrixProduct.class, "tiles");
    private static final int SIZE = 64;
    private static final int DEPTH = 8;

    private final FloatArray a = integers(3);
    private final FloatArray b = integers(5);

    @TestFactory
    Stream<DynamicTest> bothGiveTheProduct() {
        return devices().flatMap(device -> Stream.of(1, 2, 4).map(side -> DynamicTest.dynamicTest(device.id() + " side " + side,
                () -> {
                    FloatArray c = new FloatArray(SIZE * SIZE);
                    int tiles = SIZE / (8 * side);
                    Task plain = Task.tiles("product", KERNEL, tiles, tiles, 64, a, b, c, SIZE, SIZE, side, DEPTH);
                    run(device, plain, c);
                    Task specialised = Specialiser.specialise(plain);
                    assertTrue(specialised.kernel().toString().startsWith("MatrixProduct_"), specialised.toString());
                    run(device, specialised, c);
                })));
    }

    /** Those of TornadoVM, or the JVM: its emulated work-items would keep TornadoVM from compiling the kernel. */
    private static Stream<Device> devices() {
        boolean tornado = ModuleLayer.boot().findModule("tornado.runtime").isPresent();
        return Engines.devices().stream().filter(device -> device.isJvm() != tornado);
    }

    private void run(Device device, Task task, FloatArray c) {
        c.init(Float.NaN);
        try (var session = Engines.of(device).prepare(device, new Program(List.of(task), List.of(a, b), List.of(), List.of(c)))) {
            session.run();
        }
        for (int i = 0; i < SIZE; i++) {
            for (int j = 0; j < SIZE; j++) {
                float expected = 0;
                for (int k = 0; k < SIZE; k++) {
                    expected += a.get(i * SIZE + k) * b.get(k * SIZE + j);
                }
                assertEquals(expected, c.get(i * SIZE + j), "row " + i + ", column " + j);
            }
        }
    }

    private static FloatArray integers(int factor) {
        FloatArray array = new FloatArray(SIZE * SIZE);
        for (int i = 0; i < array.getSize(); i++) {
            array.set(i, i * factor % 17 - 8);
        }
        return array;
    }
}
