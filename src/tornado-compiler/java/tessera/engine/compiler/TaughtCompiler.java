package tessera.engine.compiler;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import jdk.graal.compiler.nodes.graphbuilderconf.InvocationPlugins;
import tessera.instructions.Instructions;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.runtime.TornadoCoreRuntime;

/** Teaches TornadoVM's compiler the instructions; tells the devices that execute them. */
public final class TaughtCompiler implements Predicate<TornadoDevice> {

    /** Ampere, whose matrix unit and asynchronous copies the instructions are. */
    static final int LEAST_CAPABILITY = 8;

    /** By the module of the backend; each is compiled only against an SDK that has it. */
    private static final Map<String, String> DIALECTS = Map.of("tornado.drivers.cuda", "CudaDialect", "tornado.drivers.opencl", "OpenClDialect",
            "tornado.drivers.ptx", "PtxDialect");

    private final List<Dialect> dialects = new ArrayList<>();

    /** A kernel is first read by the default backend, whichever compiles it later, so every backend learns to read instructions. */
    public TaughtCompiler() throws ReflectiveOperationException {
        for (Map.Entry<String, String> dialect : DIALECTS.entrySet()) {
            if (ModuleLayer.boot().findModule(dialect.getKey()).isPresent()) {
                Class<?> type = Class.forName(getClass().getPackageName() + "." + dialect.getValue());
                dialects.add((Dialect) type.getDeclaredConstructor().newInstance());
            }
        }
        TornadoCoreRuntime runtime = TornadoCoreRuntime.getTornadoRuntime();
        for (int i = 0; i < runtime.getNumBackends(); i++) {
            InvocationPlugins plugins = runtime.getBackend(i).getProviders().getReplacements().getGraphBuilderPlugins().getInvocationPlugins();
            Instructions.methods().forEach(method -> plugins.register(method.getDeclaringClass(), new InstructionPlugin(method, dialects)));
        }
    }

    /** Whether kernels for the device may have instructions. */
    @Override
    public boolean test(TornadoDevice device) {
        return dialects.stream().anyMatch(dialect -> dialect.has(device));
    }
}
