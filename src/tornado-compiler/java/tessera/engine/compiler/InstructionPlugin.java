package tessera.engine.compiler;

import java.lang.reflect.Method;
import java.util.List;
import jdk.graal.compiler.nodes.ValueNode;
import jdk.graal.compiler.nodes.graphbuilderconf.GraphBuilderContext;
import jdk.graal.compiler.nodes.graphbuilderconf.InvocationPlugin;
import jdk.vm.ci.meta.JavaKind;
import jdk.vm.ci.meta.ResolvedJavaMethod;

/** Turns calls of an instruction's method into the instruction. */
final class InstructionPlugin extends InvocationPlugin {
    private final Template template;
    private final List<Dialect> dialects;

    InstructionPlugin(Method method, List<Dialect> dialects) {
        super(method.getName(), method.getParameterTypes());
        template = new Template(method);
        this.dialects = dialects;
    }

    @Override
    public boolean execute(GraphBuilderContext builder, ResolvedJavaMethod method, Receiver receiver, ValueNode[] arguments) {
        InstructionNode node = new InstructionNode(template, dialects, arguments);
        if (template.kind() == JavaKind.Void) {
            builder.add(node);
        } else {
            builder.addPush(template.kind(), node);
        }
        return true;
    }
}
