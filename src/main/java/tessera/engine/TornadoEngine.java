package tessera.engine;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import tessera.TesseraException;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/**
 * Runs kernels on the devices that TornadoVM lists, one device a session. Without TornadoVM's modules there are none, and
 * nothing of it is touched.
 */
public final class TornadoEngine implements Engine {

    /** TornadoVM's switch for running a kernel that it cannot compile as Java, quietly; on unless told otherwise. */
    private static final String BAILOUT = "tornado.recover.bailout";

    /** CUDA's limit; TornadoVM cuts a larger grid off without a word. */
    private static final int MOST_GROUPS_Y = 65_535;

    private Map<Device, TornadoDevice> present;

    @Override
    public List<Device> devices() {
        return List.copyOf(present().keySet());
    }

    @Override
    public Session prepare(Device device, Program program) {
        TornadoDevice target = present().get(device);
        if (target == null) {
            throw new TesseraException("TornadoVM does not list " + device);
        }
        if (!"false".equalsIgnoreCase(System.getProperty(BAILOUT))) {
            throw new TesseraException("-D" + BAILOUT + " must be False: else TornadoVM runs kernels that it cannot compile as Java, "
                    + "without an error; start with bin/tessera, or put -D" + BAILOUT + "=False on the command line");
        }
        program.tasks().forEach(task -> check(task, device));
        return new TornadoSession(device, target, program);
    }

    /** TornadoVM replaces a group that the device cannot run by one of its own choice, and the kernel computes nonsense. */
    private static void check(Task task, Device device) {
        if (!device.instructions() && task.kernel().hasInstructions()) {
            throw new TesseraException(task + " has instructions of NVIDIA's GPUs, which " + device.id() + " has not, or whose compiler was"
                    + " not taught them: start with bin/tessera, built with your SDK of TornadoVM, or choose another plan");
        }
        if (task.kind() == Kernel.Kind.ROWS) {
            return;
        }
        if (task.groupSize() < 1 || task.groups()[0] < 1 || task.groups()[1] < 1) {
            throw new TesseraException(task + " has an empty grid");
        }
        if (task.groups()[1] > MOST_GROUPS_Y) {
            throw new TesseraException(task + " needs more than the " + MOST_GROUPS_Y + " work-groups in y that GPUs allow; choose a plan by rows");
        }
        if (task.groupSize() > device.maxGroupSize()) {
            throw new TesseraException(task + " needs larger work-groups than the " + device.maxGroupSize() + " work-items that "
                    + device.id() + " allows; choose smaller tiles");
        }
    }

    private synchronized Map<Device, TornadoDevice> present() {
        if (present == null) {
            present = ModuleLayer.boot().findModule("tornado.runtime").isPresent() ? list() : Map.of();
        }
        return present;
    }

    private static Map<Device, TornadoDevice> list() {
        Map<Device, TornadoDevice> devices = new LinkedHashMap<>();
        try {
            TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
            Predicate<TornadoDevice> instructions = CompilerExtension.install();
            for (int b = 0; b < runtime.getNumBackends(); b++) {
                TornadoBackend backend = runtime.getBackend(b);
                String name = backend.getBackendType().name().toLowerCase(Locale.ROOT);
                for (int d = 0; d < backend.getNumDevices(); d++) {
                    TornadoDevice device = backend.getDevice(d);
                    devices.put(DeviceFacts.of(name + ":" + d, name, device, instructions.test(device)), device);
                }
            }
        } catch (RuntimeException | LinkageError e) {
            throw new TesseraException("TornadoVM does not start (" + TornadoSession.reason(e) + "); use an SDK with only the backends "
                    + "whose drivers are installed, or unset TORNADOVM_HOME", e);
        }
        return devices;
    }
}
