package tessera.engine.compiler;

import java.util.List;
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
import uk.ac.manchester.tornado.runtime.graal.nodes.interfaces.MarkArrayParameterAccess;

/** An instruction in the compiler's graph; it keeps its place among all other such nodes and barriers. */
@NodeInfo(shortName = "Instruction")
public final class InstructionNode extends FixedWithNextNode implements LIRLowerable, MarkArrayParameterAccess {
    public static final NodeClass<InstructionNode> TYPE = NodeClass.create(InstructionNode.class);

    @Input NodeInputList<ValueNode> arguments;
    private final Template template;
    private final List<Dialect> dialects;
    private Variable[] results;

    InstructionNode(Template template, List<Dialect> dialects, ValueNode[] arguments) {
        super(TYPE, StampFactory.forKind(template.kind()));
        this.template = template;
        this.dialects = dialects;
        this.arguments = new NodeInputList<>(this, arguments);
    }

    @Override
    public void generate(NodeLIRBuilderTool builder) {
        LIRGeneratorTool tool = builder.getLIRGeneratorTool();
        Dialect dialect = dialects.stream().filter(d -> d.speaks(tool)).findFirst().orElseThrow();
        InstructionText text = template.text(this::constant);
        Value[] operands = text.operands().stream().map(operand -> operand(builder, operand)).toArray(Value[]::new);
        results = new Variable[template.registers()];
        for (int i = 0; i < results.length; i++) {
            results[i] = tool.newVariable(LIRKind.value(dialect.kind(template.registerKind())));
        }
        tool.append(dialect.instruction(text, results, operands));
        if (results.length > 0) {
            builder.setResult(this, results[0]);
        }
    }

    private Integer constant(int n) {
        ValueNode argument = arguments.get(n);
        return argument.isJavaConstant() && argument.getStackKind() == JavaKind.Int ? argument.asJavaConstant().asInt() : null;
    }

    private Value operand(NodeLIRBuilderTool builder, InstructionText.Operand operand) {
        ValueNode argument = arguments.get(operand.argument());
        return argument instanceof InstructionNode instruction ? instruction.results[operand.n()] : builder.operand(argument);
    }

    @Override
    public Access getArrayParameterAccess(ValueNode parameter) {
        boolean mine = IntStream.range(0, arguments.size()).anyMatch(i -> MarkArrayParameterAccess.unwrapPi(arguments.get(i)) == parameter);
        return !mine ? Access.NONE : template.writes() ? Access.WRITE_ONLY : Access.READ_ONLY;
    }
}
