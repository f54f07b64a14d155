package tessera.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

class LaunchTest {
    private static final FloatArray ARRAY = new FloatArray(1);

    private static Device device(String kind) {
        return new Device("ptx:0", "name", "ptx", kind, "driver", 1, 1L << 30, 1L << 30, 48 << 10, 1024, true);
    }

    private static List<Launch> launches(int rows, String kind) {
        Task task = Task.rows("task", Kernel.of(BadKernels.class, "wrong"), rows, ARRAY, ARRAY);
        return Launch.of(new Program(List.of(task), List.of(), List.of(), List.of()), device(kind));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 37, 63, 64, 65, 100, 127, 128, 1009, 1024, 4096, 1_000_003, Integer.MAX_VALUE})
    void gridsOnAGpuCoverTheRowsExactlyInGroupsThatDivideThem(int rows) {
        int next = 0;
        for (Launch launch : launches(rows, "GPU")) {
            Object[] arguments = launch.arguments();
            long global = launch.grid().getGlobalWork()[0];
            long local = launch.grid().getLocalWork()[0];
            assertEquals(next, arguments[arguments.length - 2]);
            assertEquals((int) global, arguments[arguments.length - 1]);
            assertEquals(0, global % local);
            assertTrue(local <= 64 && local >= Math.min(16, global), local + " of " + global);
            next += (int) global;
        }
        assertEquals(rows, next);
        assertTrue(launches(rows, "GPU").size() <= 2);
    }

    @Test
    void onACpuTornadoVmChooses() {
        List<Launch> launches = launches(1009, "CPU");
        assertEquals(1, launches.size());
        assertNull(launches.getFirst().grid());
    }
}
