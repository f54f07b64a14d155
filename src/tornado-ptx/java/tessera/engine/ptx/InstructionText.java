package tessera.engine.ptx;

import jdk.graal.compiler.lir.LIRInstructionClass;
import jdk.vm.ci.meta.Value;
import uk.ac.manchester.tornado.drivers.ptx.graal.asm.PTXAssembler;
import uk.ac.manchester.tornado.drivers.ptx.graal.compiler.PTXCompilationResultBuilder;
import uk.ac.manchester.tornado.drivers.ptx.graal.lir.PTXLIRStmt;

/** An instruction as the compiler writes it into the kernel. */
final class InstructionText extends PTXLIRStmt {

    private InstructionText() {
    }

    private static void emit(PTXAssembler assembler, Template template, String result, Value[] registers, Integer[] constants) {
        template.fill(result, i -> PTXAssembler.toString(registers[i]), i -> constants[i]).lines().forEach(line -> {
            assembler.emit("\t" + line);
            assembler.eol();
        });
    }

    /** One without a result. */
    static final class Effect extends AbstractInstruction {
        public static final LIRInstructionClass<Effect> TYPE = LIRInstructionClass.create(Effect.class);
        @Use private Value[] registers;
        private final Template template;
        private final Integer[] constants;

        Effect(Template template, Value[] registers, Integer[] constants) {
            super(TYPE);
            this.template = template;
            this.registers = registers;
            this.constants = constants;
        }

        @Override
        public void emitCode(PTXCompilationResultBuilder builder, PTXAssembler assembler) {
            emit(assembler, template, null, registers, constants);
        }
    }

    /** One with a result. */
    static final class Definition extends AbstractInstruction {
        public static final LIRInstructionClass<Definition> TYPE = LIRInstructionClass.create(Definition.class);
        @Def private Value result;
        @Use private Value[] registers;
        private final Template template;
        private final Integer[] constants;

        Definition(Template template, Value result, Value[] registers, Integer[] constants) {
            super(TYPE);
            this.template = template;
            this.result = result;
            this.registers = registers;
            this.constants = constants;
        }

        @Override
        public void emitCode(PTXCompilationResultBuilder builder, PTXAssembler assembler) {
            emit(assembler, template, PTXAssembler.toString(result), registers, constants);
        }
    }
}
