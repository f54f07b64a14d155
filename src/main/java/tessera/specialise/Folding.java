package tessera.specialise;

import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ConstantInstruction;
import java.lang.classfile.instruction.ConvertInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.util.List;
import java.util.Set;

/** Instructions over known ints, longs and floats, computed as the JVM computes them. */
final class Folding {
    private static final Set<String> CALLS = Set.of("max(II)I", "min(II)I", "abs(I)I");
    private static final Set<String> OWNERS = Set.of("java/lang/Math", "uk/ac/manchester/tornado/api/math/TornadoMath");

    private Folding() {
    }

    /** Whether the result is known if all operands are. */
    static boolean folds(Instruction instruction) {
        return switch (instruction) {
            case ConstantInstruction c -> isNumber(c.typeKind());
            case OperatorInstruction o -> o.opcode() == Opcode.ARRAYLENGTH || isNumber(o.typeKind());
            case ConvertInstruction c -> isNumber(c.fromType().asLoadable()) && isNumber(c.toType().asLoadable());
            case InvokeInstruction i -> i.opcode() == Opcode.INVOKESTATIC && OWNERS.contains(i.owner().asInternalName())
                    && CALLS.contains(i.name().stringValue() + i.type().stringValue());
            default -> false;
        };
    }

    private static boolean isNumber(TypeKind kind) {
        return kind == TypeKind.INT || kind == TypeKind.LONG || kind == TypeKind.FLOAT;
    }

    /** @throws ArithmeticException if it divides by zero */
    static Object fold(Instruction instruction, List<Object> operands) {
        return switch (instruction) {
            case ConstantInstruction c -> constant(c);
            case ConvertInstruction c -> convert(c.opcode(), (Number) operands.get(0));
            case InvokeInstruction i -> call(i.name().stringValue(), operands);
            default -> operands.size() == 1 ? unary(operands.get(0)) : binary(instruction.opcode(), operands.get(0), operands.get(1));
        };
    }

    private static Object constant(ConstantInstruction constant) {
        return constant.typeKind() == TypeKind.INT ? (Object) ((Number) constant.constantValue()).intValue() : constant.constantValue();
    }

    private static Object convert(Opcode opcode, Number value) {
        return switch (opcode) {
            case I2L, F2L -> value.longValue();
            case I2F, L2F -> value.floatValue();
            case L2I, F2I -> value.intValue();
            case I2B -> (int) value.byteValue();
            case I2S -> (int) value.shortValue();
            case I2C -> (int) (char) value.intValue();
            default -> throw new IllegalArgumentException(opcode.name());
        };
    }

    private static Object call(String name, List<Object> operands) {
        int a = (Integer) operands.get(0);
        return switch (name) {
            case "max" -> Math.max(a, (Integer) operands.get(1));
            case "min" -> Math.min(a, (Integer) operands.get(1));
            default -> Math.abs(a);
        };
    }

    private static Object unary(Object operand) {
        return switch (operand) {
            case Integer i -> -i;
            case Long l -> -l;
            case Float f -> -f;
            case RegisterArray array -> array.length();
            default -> throw new IllegalArgumentException(operand.toString());
        };
    }

    private static Object binary(Opcode opcode, Object a, Object b) {
        return switch (a) {
            case Integer i -> ints(opcode, i, (Integer) b);
            case Long l -> longs(opcode, l, ((Number) b).longValue());
            case Float f -> floats(opcode, f, (Float) b);
            default -> throw new IllegalArgumentException(opcode.name());
        };
    }

    private static Object ints(Opcode opcode, int a, int b) {
        return switch (opcode) {
            case IADD -> a + b;
            case ISUB -> a - b;
            case IMUL -> a * b;
            case IDIV -> a / b;
            case IREM -> a % b;
            case IAND -> a & b;
            case IOR -> a | b;
            case IXOR -> a ^ b;
            case ISHL -> a << b;
            case ISHR -> a >> b;
            case IUSHR -> a >>> b;
            default -> throw new IllegalArgumentException(opcode.name());
        };
    }

    private static Object longs(Opcode opcode, long a, long b) {
        return switch (opcode) {
            case LADD -> a + b;
            case LSUB -> a - b;
            case LMUL -> a * b;
            case LDIV -> a / b;
            case LREM -> a % b;
            case LAND -> a & b;
            case LOR -> a | b;
            case LXOR -> a ^ b;
            case LSHL -> a << b;
            case LSHR -> a >> b;
            case LUSHR -> a >>> b;
            case LCMP -> Long.compare(a, b);
            default -> throw new IllegalArgumentException(opcode.name());
        };
    }

    private static Object floats(Opcode opcode, float a, float b) {
        return switch (opcode) {
            case FADD -> a + b;
            case FSUB -> a - b;
            case FMUL -> a * b;
            case FDIV -> a / b;
            case FREM -> a % b;
            case FCMPL -> a > b ? 1 : a == b ? 0 : -1;
            case FCMPG -> a < b ? -1 : a == b ? 0 : 1;
            default -> throw new IllegalArgumentException(opcode.name());
        };
    }

    /** Whether a branch over known operands is taken. */
    static boolean taken(Opcode opcode, List<Object> operands) {
        int a = operands.isEmpty() ? 0 : (Integer) operands.get(0);
        int b = operands.size() < 2 ? 0 : (Integer) operands.get(1);
        return switch (opcode) {
            case IFEQ, IF_ICMPEQ -> a == b;
            case IFNE, IF_ICMPNE -> a != b;
            case IFLT, IF_ICMPLT -> a < b;
            case IFGE, IF_ICMPGE -> a >= b;
            case IFGT, IF_ICMPGT -> a > b;
            case IFLE, IF_ICMPLE -> a <= b;
            default -> throw new IllegalArgumentException(opcode.name());
        };
    }

    /** Whether an int operator leaves its other operand as it is, as in x + 0 and x * 1. */
    static boolean isNeutral(Opcode opcode, Object value, boolean left) {
        return value instanceof Integer i && switch (opcode) {
            case IADD, IOR, IXOR -> i == 0;
            case IMUL -> i == 1;
            case ISUB, ISHL, ISHR, IUSHR -> i == 0 && !left;
            case IDIV -> i == 1 && !left;
            default -> false;
        };
    }
}
