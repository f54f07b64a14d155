package tessera.engine.compiler;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import jdk.graal.compiler.asm.Assembler;
import jdk.graal.compiler.lir.LIRInstruction;
import jdk.graal.compiler.lir.LIRInstructionClass;
import jdk.graal.compiler.lir.asm.CompilationResultBuilder;
import jdk.vm.ci.meta.AllocatableValue;
import jdk.vm.ci.meta.JavaKind;
import jdk.vm.ci.meta.PlatformKind;
import jdk.vm.ci.meta.Value;

/** Of a backend that writes C: the text in an {@code asm} statement, whose form NVIDIA's compilers of CUDA C and of OpenCL C share. */
abstract class AsmDialect implements Dialect {

    /** How C writes the value. */
    abstract String name(Assembler<?> assembler, Value value);

    /** Writes a line of C. */
    abstract void line(Assembler<?> assembler, String text);

    @Override
    public final LIRInstruction instruction(InstructionText text, AllocatableValue[] results, Value[] operands) {
        return new Asm(this, text, results, operands);
    }

    private static final class Asm extends LIRInstruction {
        public static final LIRInstructionClass<Asm> TYPE = LIRInstructionClass.create(Asm.class);
        @Def private AllocatableValue[] results;
        @Use private Value[] operands;
        private final AsmDialect dialect;
        private final InstructionText text;

        Asm(AsmDialect dialect, InstructionText text, AllocatableValue[] results, Value[] operands) {
            super(TYPE);
            this.dialect = dialect;
            this.text = text;
            this.results = results;
            this.operands = operands;
        }

        @Override
        public void emitCode(CompilationResultBuilder builder) {
            String body = text.fill(i -> "%" + i, i -> "%" + (results.length + i)).lines().map(String::strip).collect(Collectors.joining(" "));
            dialect.line(builder.asm, "asm volatile(\"" + body + "\" : " + list("=", results, builder.asm) + " : " + list("", operands, builder.asm)
                    + (text.touchesMemory() ? " : \"memory\");" : ");"));
        }

        private String list(String access, Value[] values, Assembler<?> assembler) {
            return IntStream.range(0, values.length)
                    .mapToObj(i -> "\"" + access + constraint(values[i]) + "\"(" + dialect.name(assembler, values[i]) + ")")
                    .collect(Collectors.joining(", "));
        }

        private String constraint(Value value) {
            PlatformKind kind = value.getPlatformKind();
            return kind == dialect.kind(JavaKind.Float) ? "f" : kind.getSizeInBytes() == Long.BYTES ? "l" : "r";
        }
    }
}
