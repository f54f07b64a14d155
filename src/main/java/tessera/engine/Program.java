package tessera.engine;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Tasks in order, and which arrays go in and come out; every other array of a task is scratch that stays on the device.
 *
 * @param inputs copied to the device before every run
 * @param constants copied to the device once
 * @param outputs copied back after every run
 * @param start runs on the host before the inputs are copied
 * @param finish runs on the host after the outputs are back
 */
public record Program(List<Task> tasks, List<TornadoNativeArray> inputs, List<TornadoNativeArray> constants,
        List<TornadoNativeArray> outputs, Runnable start, Runnable finish) {

    public Program(List<Task> tasks, List<TornadoNativeArray> inputs, List<TornadoNativeArray> constants,
            List<TornadoNativeArray> outputs, Runnable finish) {
        this(tasks, inputs, constants, outputs, () -> { }, finish);
    }

    public Program(List<Task> tasks, List<TornadoNativeArray> inputs, List<TornadoNativeArray> constants, List<TornadoNativeArray> outputs) {
        this(tasks, inputs, constants, outputs, () -> { });
    }

    /** The arrays of the tasks that neither come in nor go out. */
    public List<TornadoNativeArray> scratch() {
        Set<TornadoNativeArray> known = Collections.newSetFromMap(new IdentityHashMap<>());
        known.addAll(inputs);
        known.addAll(constants);
        known.addAll(outputs);
        return tasks.stream().flatMap(task -> task.arguments().stream())
                .filter(TornadoNativeArray.class::isInstance).map(TornadoNativeArray.class::cast).filter(known::add).toList();
    }
}
