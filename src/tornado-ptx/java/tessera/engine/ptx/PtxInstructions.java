package tessera.engine.ptx;

import java.lang.reflect.Method;
import java.util.List;
import java.util.function.Predicate;
import jdk.graal.compiler.nodes.graphbuilderconf.InvocationPlugins;
import tessera.instructions.Instructions;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.drivers.ptx.CUDAComputeCapability;
import uk.ac.manchester.tornado.drivers.ptx.PTXDevice;
import uk.ac.manchester.tornado.runtime.TornadoCoreRuntime;

/** Teaches TornadoVM's compiler the instructions; tells the devices that execute them. */
public final class PtxInstructions implements Predicate<TornadoDevice> {

    /** Ampere, whose matrix unit and asynchronous copies the instructions are. */
    private static final int LEAST_CAPABILITY = 8;

    /** A kernel is first read by the default backend, whichever compiles it later, so every backend learns to read instructions. */
    public PtxInstructions() {
        List<Method> instructions = Instructions.methods();
        TornadoCoreRuntime runtime = TornadoCoreRuntime.getTornadoRuntime();
        for (int i = 0; i < runtime.getNumBackends(); i++) {
            InvocationPlugins plugins = runtime.getBackend(i).getProviders().getReplacements().getGraphBuilderPlugins().getInvocationPlugins();
            for (Method instruction : instructions) {
                plugins.register(instruction.getDeclaringClass(), new InstructionPlugin(instruction));
            }
        }
    }

    /** Whether kernels for the device may have instructions. */
    @Override
    public boolean test(TornadoDevice device) {
        return device.getPhysicalDevice() instanceof PTXDevice ptx && ptx.getTargetArchitecture().getMajor() >= LEAST_CAPABILITY;
    }
}
