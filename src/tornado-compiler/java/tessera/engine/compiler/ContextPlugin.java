package tessera.engine.compiler;

import jdk.graal.compiler.core.common.type.ObjectStamp;
import jdk.graal.compiler.core.common.type.StampFactory;
import jdk.graal.compiler.core.common.type.StampPair;
import jdk.graal.compiler.core.common.type.TypeReference;
import jdk.graal.compiler.nodes.ParameterNode;
import jdk.graal.compiler.nodes.calc.FloatingNode;
import jdk.graal.compiler.nodes.graphbuilderconf.GraphBuilderTool;
import jdk.graal.compiler.nodes.graphbuilderconf.ParameterPlugin;
import jdk.vm.ci.meta.ResolvedJavaType;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.runtime.TornadoCoreRuntime;

/**
 * Tells the compiler that a kernel's context is no subclass of KernelContext. Else, once the emulation has loaded its own,
 * calls on the context are no longer recognised: a barrier becomes a call of an empty function.
 */
public final class ContextPlugin implements ParameterPlugin, Runnable {

    /** Registers it with every backend. */
    @Override
    public void run() {
        TornadoCoreRuntime runtime = TornadoCoreRuntime.getTornadoRuntime();
        for (int i = 0; i < runtime.getNumBackends(); i++) {
            runtime.getBackend(i).getProviders().getReplacements().getGraphBuilderPlugins().appendParameterPlugin(this);
        }
    }

    @Override
    public FloatingNode interceptParameter(GraphBuilderTool builder, int index, StampPair stamp) {
        if (stamp.getTrustedStamp() instanceof ObjectStamp object && isContext(object.type())) {
            return new ParameterNode(index, StampPair.createSingle(StampFactory.object(TypeReference.createExactTrusted(object.type()))));
        }
        return null;
    }

    private static boolean isContext(ResolvedJavaType type) {
        return type != null && type.toJavaName().equals(KernelContext.class.getName());
    }
}
