package tessera.engine.ptx;

import java.util.stream.IntStream;
import jdk.graal.compiler.core.common.LIRKind;
import jdk.graal.compiler.core.common.type.StampFactory;
import jdk.graal.compiler.graph.NodeClass;
import jdk.graal.compiler.graph.NodeInputList;
import jdk.graal.compiler.lir.Variable;
import jdk.graal.compiler.lir.gen.LIRGeneratorTool;
import jdk.graal.compiler.nodeinfo.NodeInfo;
import jdk.graal.compiler.nodes.FixedWithNextNode;
import jdk.graal.compiler.nodes.ValueNode;
import jdk.graal.compiler.nodes.spi.LIRLowerable;
import jdk.graal.compiler.nodes.spi.NodeLIRBuilderTool;
import jdk.vm.ci.meta.JavaKind;
import jdk.vm.ci.meta.Value;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.drivers.ptx.graal.lir.PTXKind;
import uk.ac.manchester.tornado.runtime.graal.nodes.interfaces.MarkArrayParameterAccess;

/** An instruction in the compiler's graph; it keeps its place among all other such nodes and barriers. */
@NodeInfo(shortName = "Instruction")
public final class InstructionNode extends FixedWithNextNode implements LIRLowerable, MarkArrayParameterAccess {
    public static final NodeClass<InstructionNode> TYPE = NodeClass.create(InstructionNode.class);

    @Input NodeInputList<ValueNode> arguments;
    private final Template template;
    private final boolean writes;

    InstructionNode(JavaKind result, Template template, boolean writes, ValueNode[] arguments) {
        super(TYPE, StampFactory.forKind(result));
        this.template = template;
        this.writes = writes;
        this.arguments = new NodeInputList<>(this, arguments);
    }

    @Override
    public void generate(NodeLIRBuilderTool builder) {
        LIRGeneratorTool tool = builder.getLIRGeneratorTool();
        Value[] registers = new Value[arguments.size()];
        Integer[] constants = new Integer[arguments.size()];
        for (int i = 0; i < registers.length; i++) {
            ValueNode argument = arguments.get(i);
            constants[i] = argument.isJavaConstant() && argument.getStackKind() == JavaKind.Int ? argument.asJavaConstant().asInt() : null;
            registers[i] = template.takes(i) ? builder.operand(argument) : Value.ILLEGAL;
        }
        if (getStackKind() == JavaKind.Void) {
            tool.append(new InstructionText.Effect(template, registers, constants));
        } else {
            Variable result = tool.newVariable(LIRKind.value(kind()));
            tool.append(new InstructionText.Definition(template, result, registers, constants));
            builder.setResult(this, result);
        }
    }

    /** For a result of several registers only the name matters: the registers behind it are declared with the instruction. */
    private PTXKind kind() {
        return switch (getStackKind()) {
            case Float -> PTXKind.F32;
            case Int -> PTXKind.S32;
            default -> PTXKind.MMA_FRAG_ACC_F32;
        };
    }

    @Override
    public Access getArrayParameterAccess(ValueNode parameter) {
        boolean mine = IntStream.range(0, arguments.size()).anyMatch(i -> MarkArrayParameterAccess.unwrapPi(arguments.get(i)) == parameter);
        return !mine ? Access.NONE : writes ? Access.WRITE_ONLY : Access.READ_ONLY;
    }
}
