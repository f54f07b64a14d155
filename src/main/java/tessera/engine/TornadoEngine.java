package tessera.engine;

import java.util.List;
import tessera.TesseraException;

/** Runs kernels on the devices that TornadoVM lists. */
public final class TornadoEngine implements Engine {

    @Override
    public List<Device> devices() {
        return List.of();
    }

    @Override
    public Session prepare(Device device, Program program) {
        throw new TesseraException("TornadoVM is not present");
    }
}
