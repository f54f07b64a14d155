package tessera.engine;

import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Tasks in order, and which arrays go in and come out; every other array of a task is scratch that stays on the device.
 *
 * @param inputs copied to the device before every run
 * @param constants copied to the device once
 * @param outputs copied back after every run
 * @param finish runs on the host after the outputs are back
 */
public record Program(List<Task> tasks, List<TornadoNativeArray> inputs, List<TornadoNativeArray> constants,
        List<TornadoNativeArray> outputs, Runnable finish) {

    public Program(List<Task> tasks, List<TornadoNativeArray> inputs, List<TornadoNativeArray> constants, List<TornadoNativeArray> outputs) {
        this(tasks, inputs, constants, outputs, () -> { });
    }
}
