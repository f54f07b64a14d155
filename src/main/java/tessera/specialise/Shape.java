package tessera.specialise;

import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ConvertInstruction;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LookupSwitchInstruction;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.NopInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.TableSwitchInstruction;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.lang.constant.MethodTypeDesc;

/**
 * What an instruction takes from the operand stack and leaves on it.
 *
 * @param result its kind, VOID for none; or null for an instruction that kernels cannot have
 */
record Shape(int operands, TypeKind result) {
    private static final Shape UNSUPPORTED = new Shape(0, null);

    /** Of all but loads and stores of variables, stack instructions and returns. */
    static Shape of(Instruction instruction) {
        return switch (instruction) {
            case NopInstruction _ -> new Shape(0, TypeKind.VOID);
            case ConstantInstruction c -> new Shape(0, c.typeKind());
            case OperatorInstruction o -> new Shape(isUnary(o.opcode()) ? 1 : 2, result(o));
            case ConvertInstruction c -> new Shape(1, c.toType().asLoadable());
            case ArrayLoadInstruction a -> new Shape(2, a.typeKind().asLoadable());
            case ArrayStoreInstruction _ -> new Shape(3, TypeKind.VOID);
            case NewPrimitiveArrayInstruction _ -> new Shape(1, TypeKind.REFERENCE);
            case TypeCheckInstruction t -> new Shape(1, t.opcode() == Opcode.INSTANCEOF ? TypeKind.INT : TypeKind.REFERENCE);
            case FieldInstruction f -> field(f);
            case InvokeInstruction i -> call(i);
            case BranchInstruction b -> branch(b.opcode());
            case LookupSwitchInstruction _ -> new Shape(1, TypeKind.VOID);
            case TableSwitchInstruction _ -> new Shape(1, TypeKind.VOID);
            default -> UNSUPPORTED;
        };
    }

    private static boolean isUnary(Opcode opcode) {
        return switch (opcode) {
            case INEG, LNEG, FNEG, DNEG, ARRAYLENGTH -> true;
            default -> false;
        };
    }

    private static TypeKind result(OperatorInstruction operator) {
        return switch (operator.opcode()) {
            case ARRAYLENGTH, LCMP, FCMPL, FCMPG, DCMPL, DCMPG -> TypeKind.INT;
            default -> operator.typeKind();
        };
    }

    private static Shape field(FieldInstruction field) {
        TypeKind kind = TypeKind.from(field.typeSymbol()).asLoadable();
        return switch (field.opcode()) {
            case GETSTATIC -> new Shape(0, kind);
            case GETFIELD -> new Shape(1, kind);
            case PUTSTATIC -> new Shape(1, TypeKind.VOID);
            default -> new Shape(2, TypeKind.VOID);
        };
    }

    private static Shape call(InvokeInstruction call) {
        MethodTypeDesc type = call.typeSymbol();
        int receiver = call.opcode() == Opcode.INVOKESTATIC ? 0 : 1;
        return new Shape(type.parameterCount() + receiver, TypeKind.from(type.returnType()).asLoadable());
    }

    private static Shape branch(Opcode opcode) {
        return switch (opcode) {
            case GOTO, GOTO_W -> new Shape(0, TypeKind.VOID);
            case IFEQ, IFNE, IFLT, IFGE, IFGT, IFLE, IFNULL, IFNONNULL -> new Shape(1, TypeKind.VOID);
            default -> new Shape(2, TypeKind.VOID);
        };
    }
}
