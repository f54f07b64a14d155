package tessera.engine.ptx;

import java.lang.reflect.Method;
import jdk.graal.compiler.nodes.ValueNode;
import jdk.graal.compiler.nodes.graphbuilderconf.GraphBuilderContext;
import jdk.graal.compiler.nodes.graphbuilderconf.InvocationPlugin;
import jdk.vm.ci.meta.JavaKind;
import jdk.vm.ci.meta.ResolvedJavaMethod;
import tessera.instructions.Ptx;

/** Turns calls of an instruction's method into the instruction. */
final class InstructionPlugin extends InvocationPlugin {
    private final Class<?> result;
    private final Template template;
    private final boolean writes;

    InstructionPlugin(Method method) {
        super(method.getName(), method.getParameterTypes());
        Ptx ptx = method.getAnnotation(Ptx.class);
        result = method.getReturnType();
        template = new Template(method.getDeclaringClass().getSimpleName() + "." + method.getName(), result, ptx.value());
        writes = ptx.writes();
    }

    @Override
    public boolean execute(GraphBuilderContext builder, ResolvedJavaMethod method, Receiver receiver, ValueNode[] arguments) {
        JavaKind kind = result.isArray() ? JavaKind.Object : JavaKind.fromJavaClass(result);
        InstructionNode node = new InstructionNode(kind, template, writes, arguments);
        if (kind == JavaKind.Void) {
            builder.add(node);
        } else {
            builder.addPush(kind, node);
        }
        return true;
    }
}
