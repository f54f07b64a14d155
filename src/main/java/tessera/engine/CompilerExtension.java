package tessera.engine;

import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** What Tessera adds to TornadoVM's compiler; its classes are in source roots that are compiled only against an SDK that has it. */
final class CompilerExtension {
    private static final Logger LOG = LoggerFactory.getLogger(CompilerExtension.class);
    private static final String CONTEXT = "tessera.engine.compiler.ContextPlugin";
    private static final String INSTRUCTIONS = "tessera.engine.compiler.TaughtCompiler";

    private CompilerExtension() {
    }

    /** Extends TornadoVM's compiler; true for the devices that have the instructions of {@code tessera.instructions} then. */
    @SuppressWarnings("unchecked")
    static Predicate<TornadoDevice> install() {
        Object context = load(CONTEXT, "compiler-argfile", "after emulating a kernel, no other kernel of this process has barriers");
        if (context != null) {
            ((Runnable) context).run();
        }
        Object instructions = load(INSTRUCTIONS, "*-argfile", "no kernels with matrix instructions");
        return instructions == null ? device -> false : (Predicate<TornadoDevice>) instructions;
    }

    private static Object load(String name, String flags, String otherwise) {
        try {
            return Class.forName(name).getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException | LinkageError e) {
            LOG.warn("{}: TornadoVM's compiler cannot be extended ({}); build with this SDK of TornadoVM, and start with bin/tessera or"
                    + " the flags of etc/{}", otherwise, TornadoSession.reason(e), flags);
            return null;
        }
    }
}
