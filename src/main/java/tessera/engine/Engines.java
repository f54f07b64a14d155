package tessera.engine;

import java.util.ArrayList;
import java.util.List;
import tessera.TesseraException;

/** The engines of this process, made once. */
public final class Engines {
    private static final List<Engine> ALL = List.of(new JvmEngine(), new TornadoEngine());

    private Engines() {
    }

    /** Every device present, the JVM first. */
    public static List<Device> devices() {
        List<Device> devices = new ArrayList<>();
        ALL.forEach(engine -> devices.addAll(engine.devices()));
        return devices;
    }

    /**
     * The device with that id.
     *
     * @throws TesseraException naming the devices there are
     */
    public static Device device(String id) {
        List<Device> devices = devices();
        return devices.stream().filter(d -> d.id().equals(id)).findFirst().orElseThrow(() -> new TesseraException(
                "no device '" + id + "'; present: " + String.join(", ", devices.stream().map(Device::id).toList())
                        + (devices.size() == 1 ? " (set TORNADOVM_HOME for TornadoVM's devices)" : "")));
    }

    /** The engine that a device belongs to. */
    public static Engine of(Device device) {
        return ALL.stream().filter(engine -> engine.devices().contains(device)).findFirst()
                .orElseThrow(() -> new TesseraException("no engine runs " + device));
    }
}
