package tessera.engine.compiler;

import jdk.graal.compiler.lir.LIRInstruction;
import jdk.graal.compiler.lir.LIRInstructionClass;
import jdk.graal.compiler.lir.gen.LIRGeneratorTool;
import jdk.vm.ci.meta.AllocatableValue;
import jdk.vm.ci.meta.JavaKind;
import jdk.vm.ci.meta.PlatformKind;
import jdk.vm.ci.meta.Value;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.drivers.ptx.PTXDevice;
import uk.ac.manchester.tornado.drivers.ptx.graal.asm.PTXAssembler;
import uk.ac.manchester.tornado.drivers.ptx.graal.compiler.PTXCompilationResultBuilder;
import uk.ac.manchester.tornado.drivers.ptx.graal.compiler.PTXLIRGenerator;
import uk.ac.manchester.tornado.drivers.ptx.graal.lir.PTXKind;
import uk.ac.manchester.tornado.drivers.ptx.graal.lir.PTXLIRStmt;

/** Of the PTX backend: the text itself. */
final class PtxDialect implements Dialect {

    @Override
    public boolean has(TornadoDevice device) {
        return device.getPhysicalDevice() instanceof PTXDevice ptx && ptx.getTargetArchitecture().getMajor() >= TaughtCompiler.LEAST_CAPABILITY;
    }

    @Override
    public boolean speaks(LIRGeneratorTool generator) {
        return generator instanceof PTXLIRGenerator;
    }

    @Override
    public PlatformKind kind(JavaKind kind) {
        return kind == JavaKind.Float ? PTXKind.F32 : PTXKind.S32;
    }

    @Override
    public LIRInstruction instruction(InstructionText text, AllocatableValue[] results, Value[] operands) {
        return new Statements.Lines(text, results, operands);
    }

    /** The class that an instruction must extend is protected in PTXLIRStmt. */
    private static final class Statements extends PTXLIRStmt {

        static final class Lines extends AbstractInstruction {
            public static final LIRInstructionClass<Lines> TYPE = LIRInstructionClass.create(Lines.class);
            @Def private AllocatableValue[] results;
            @Use private Value[] operands;
            private final InstructionText text;

            Lines(InstructionText text, AllocatableValue[] results, Value[] operands) {
                super(TYPE);
                this.text = text;
                this.results = results;
                this.operands = operands;
            }

            @Override
            public void emitCode(PTXCompilationResultBuilder builder, PTXAssembler assembler) {
                text.fill(i -> PTXAssembler.toString(results[i]), i -> PTXAssembler.toString(operands[i])).lines().forEach(line -> {
                    assembler.emit("\t" + line);
                    assembler.eol();
                });
            }
        }
    }
}
