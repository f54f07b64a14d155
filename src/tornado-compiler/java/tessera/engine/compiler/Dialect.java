package tessera.engine.compiler;

import jdk.graal.compiler.lir.LIRInstruction;
import jdk.graal.compiler.lir.gen.LIRGeneratorTool;
import jdk.vm.ci.meta.AllocatableValue;
import jdk.vm.ci.meta.JavaKind;
import jdk.vm.ci.meta.PlatformKind;
import jdk.vm.ci.meta.Value;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** How one of TornadoVM's backends writes instructions into kernels. */
interface Dialect {

    /** Whether the device is of this backend and executes the instructions. */
    boolean has(TornadoDevice device);

    /** Whether the compiler of this backend is at work. */
    boolean speaks(LIRGeneratorTool generator);

    /** Of a register for an int or a float. */
    PlatformKind kind(JavaKind kind);

    /** The instruction with its registers, the operands as many as {@link InstructionText#operands} and in their order. */
    LIRInstruction instruction(InstructionText text, AllocatableValue[] results, Value[] operands);
}
