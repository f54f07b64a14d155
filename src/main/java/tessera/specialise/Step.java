package tessera.specialise;

import java.lang.annotation.Annotation;
import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.SwitchCase;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import tessera.instructions.In;
import tessera.instructions.InOut;
import tessera.instructions.Out;

/**
 * One instruction of a flat kernel.
 *
 * @param line in the kernel's source
 * @param targets where it may jump, as positions of steps: for a switch the default first, for the return of an inlined
 *     method the step after its call
 * @param callee the static method that it calls, or null
 */
record Step(Instruction instruction, int line, int[] targets, Method callee) {
    private static final Set<Class<?>> REGISTER_PARAMETERS = Set.of(In.class, Out.class, InOut.class);

    /** Positions that may follow this step, which stands at {@code at}. */
    int[] successors(int at) {
        return switch (instruction) {
            case ReturnInstruction _ -> targets;
            case LookupSwitchInstruction _ -> targets;
            case TableSwitchInstruction _ -> targets;
            case BranchInstruction _ -> isGoto() ? targets : new int[] {targets[0], at + 1};
            default -> new int[] {at + 1};
        };
    }

    /** The position that follows if all operands are known; for steps with targets. */
    int next(int at, List<Object> operands) {
        return switch (instruction) {
            case LookupSwitchInstruction s -> chosen(s.cases(), operands.getFirst());
            case TableSwitchInstruction s -> chosen(s.cases(), operands.getFirst());
            default -> isGoto() || Folding.taken(instruction.opcode(), operands) ? targets[0] : at + 1;
        };
    }

    private int chosen(List<SwitchCase> cases, Object value) {
        for (int i = 0; i < cases.size(); i++) {
            if (value.equals(cases.get(i).caseValue())) {
                return targets[i + 1];
            }
        }
        return targets[0];
    }

    /** Whether it calls an instruction of the device on register arrays. */
    boolean callsInstruction() {
        return callee != null && Arrays.stream(callee.getParameters()).flatMap(parameter -> Arrays.stream(parameter.getAnnotations()))
                .map(Annotation::annotationType).anyMatch(REGISTER_PARAMETERS::contains);
    }

    boolean isGoto() {
        return instruction.opcode() == Opcode.GOTO || instruction.opcode() == Opcode.GOTO_W;
    }
}
