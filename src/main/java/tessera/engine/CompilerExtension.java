package tessera.engine;

import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** Instructions beyond those of TornadoVM's compiler, where it has a PTX backend that can be extended. */
final class CompilerExtension {
    private static final Logger LOG = LoggerFactory.getLogger(CompilerExtension.class);
    private static final String PTX_MODULE = "tornado.drivers.ptx";

    /** A Predicate; its source root is compiled only against an SDK with PTX. */
    private static final String PTX_CLASS = "tessera.engine.ptx.PtxInstructions";

    private CompilerExtension() {
    }

    /** Extends TornadoVM's compiler; true for the devices that have the instructions then. */
    @SuppressWarnings("unchecked")
    static Predicate<TornadoDevice> install() {
        if (ModuleLayer.boot().findModule(PTX_MODULE).isPresent()) {
            try {
                return (Predicate<TornadoDevice>) Class.forName(PTX_CLASS).getDeclaredConstructor().newInstance();
            } catch (ReflectiveOperationException | LinkageError e) {
                LOG.warn("no kernels with matrix instructions: {} cannot extend TornadoVM's compiler ({}); build with an SDK that has PTX,"
                        + " and start with bin/tessera or the flags of etc/ptx-argfile", PTX_CLASS, TornadoSession.reason(e));
            }
        }
        return device -> false;
    }
}
