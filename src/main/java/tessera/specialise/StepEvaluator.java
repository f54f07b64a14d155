package tessera.specialise;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Instruction;
import java.lang.classfile.Opcode;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.OperatorInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.classfile.instruction.StackInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import tessera.specialise.Operand.Dynamic;
import tessera.specialise.Operand.Known;

/** Runs the steps of one block: keeps what is known, writes down what is not. */
final class StepEvaluator {
    /** How a step goes on. */
    sealed interface Next {
        record On() implements Next {
        }

        record Jump(int target) implements Next {
        }

        record Branch(Opcode condition) implements Next {
        }

        record Return() implements Next {
        }
    }

    private static final Next ON = new Next.On();

    private final FlatCode code;
    private final BindingTimes times;
    private final Slots slots;
    private final Operands operands;
    private final RegisterSteps registers;
    private final Block block;
    private final Map<Variable, Object> known;
    private final List<Operand> stack;

    StepEvaluator(FlatCode code, BindingTimes times, Slots slots, Operands operands, Block block, Map<Variable, Object> known, List<Operand> stack) {
        this.code = code;
        this.times = times;
        this.slots = slots;
        this.operands = operands;
        this.registers = new RegisterSteps(code, slots, operands, block);
        this.block = block;
        this.known = known;
        this.stack = stack;
    }

    Map<Variable, Object> known() {
        return known;
    }

    List<Operand> stack() {
        return stack;
    }

    Next apply(int at) {
        Step step = code.step(at);
        switch (step.instruction()) {
            case LoadInstruction load -> load(at, load.typeKind());
            case StoreInstruction store -> store(at, store.typeKind());
            case IncrementInstruction increment -> increment(at, increment.constant());
            case StackInstruction copy -> copy(at, copy);
            case ReturnInstruction _ when step.targets().length > 0 -> {
                return new Next.Jump(step.targets()[0]);
            }
            case ReturnInstruction _ -> {
                emit(at, CodeBuilder::return_);
                return new Next.Return();
            }
            default -> {
                List<Operand> taken = take(Shape.of(step.instruction()).operands());
                return step.targets().length > 0 ? jump(at, step, taken) : compute(at, step, taken);
            }
        }
        return ON;
    }

    private void emit(int at, Consumer<CodeBuilder> write) {
        block.add(code.step(at).line(), write);
    }

    private List<Operand> take(int count) {
        List<Operand> top = stack.subList(stack.size() - count, stack.size());
        List<Operand> taken = List.copyOf(top);
        top.clear();
        return taken;
    }

    private void load(int at, TypeKind kind) {
        Variable variable = code.variable(at);
        if (times.isKnown(variable)) {
            stack.add(new Known(Objects.requireNonNull(known.get(variable), variable.name())));
        } else {
            int slot = slots.of(variable);
            emit(at, builder -> builder.loadLocal(kind, slot));
            stack.add(new Dynamic(kind));
        }
    }

    private void store(int at, TypeKind kind) {
        Variable variable = code.variable(at);
        List<Operand> value = take(1);
        if (times.isKnown(variable)) {
            known.put(variable, ((Known) value.getFirst()).value());
        } else {
            int slot = slots.of(variable);
            operands.push(value, at, block);
            emit(at, builder -> builder.storeLocal(kind, slot));
        }
    }

    private void increment(int at, int constant) {
        Variable variable = code.variable(at);
        if (times.isKnown(variable)) {
            known.computeIfPresent(variable, (_, value) -> (Integer) value + constant);
        } else {
            int slot = slots.of(variable);
            emit(at, builder -> builder.iinc(slot, constant));
        }
    }

    private void copy(int at, StackInstruction instruction) {
        if (instruction.opcode() == Opcode.SWAP) {
            List<Operand> pair = take(2);
            if (pair.stream().allMatch(Dynamic.class::isInstance)) {
                emit(at, CodeBuilder::swap);
            }
            stack.addAll(pair.reversed());
            return;
        }
        Copying copying = Copying.of(instruction.opcode());
        Copying.Taken<Operand> taken = copying.take(stack, operand -> operand.kind().slotSize());
        ToIntFunction<List<Operand>> words = list -> list.stream().filter(Dynamic.class::isInstance).mapToInt(o -> o.kind().slotSize()).sum();
        int copied = words.applyAsInt(taken.top());
        int skipped = words.applyAsInt(taken.under());
        if (copied > 0) {
            emit(at, builder -> builder.with(StackInstruction.of(Copying.opcode(copied, skipped, copying.kept()))));
        }
        copying.put(taken, stack);
    }

    private Next jump(int at, Step step, List<Operand> taken) {
        if (taken.stream().allMatch(Known.class::isInstance)) {
            return new Next.Jump(step.next(at, values(taken)));
        }
        if (!(step.instruction() instanceof BranchInstruction branch)) {
            throw code.error(at, "a switch over a value that is not known cannot be specialised; write it as if and else");
        }
        operands.push(taken, at, block);
        return new Next.Branch(branch.opcode());
    }

    private static List<Object> values(List<Operand> taken) {
        List<Object> values = new ArrayList<>();
        taken.forEach(operand -> values.add(((Known) operand).value()));
        return values;
    }

    private Next compute(int at, Step step, List<Operand> taken) {
        Instruction instruction = step.instruction();
        if (times.makesRegisters(at)) {
            stack.add(registers.make(at, taken.getFirst(), known));
        } else if (instruction instanceof ArrayLoadInstruction && taken.getFirst() instanceof Known(RegisterArray array)) {
            stack.add(registers.load(at, array, taken.get(1)));
        } else if (instruction instanceof ArrayStoreInstruction && taken.getFirst() instanceof Known(RegisterArray array)) {
            registers.store(at, array, taken.get(1), taken.get(2));
        } else if (step.callsInstruction()) {
            new InstructionCall(code, slots, operands, at).emit(taken, block);
            pushResult(instruction);
        } else if (Folding.folds(instruction) && taken.stream().allMatch(Known.class::isInstance)) {
            stack.add(fold(at, instruction, taken));
        } else if (instruction instanceof OperatorInstruction o && taken.size() == 2 && neutral(o.opcode(), taken) != null) {
            stack.add(neutral(o.opcode(), taken));
        } else {
            write(at, instruction, taken);
        }
        return ON;
    }

    /** The operand that is the result, or null. */
    private static Operand neutral(Opcode opcode, List<Operand> taken) {
        if (taken.get(1) instanceof Known(Object right) && Folding.isNeutral(opcode, right, false)) {
            return taken.get(0);
        }
        return taken.get(0) instanceof Known(Object left) && Folding.isNeutral(opcode, left, true) ? taken.get(1) : null;
    }

    private Known fold(int at, Instruction instruction, List<Operand> taken) {
        try {
            return new Known(Folding.fold(instruction, values(taken)));
        } catch (ArithmeticException e) {
            throw code.error(at, "division by zero");
        }
    }

    private void write(int at, Instruction instruction, List<Operand> taken) {
        Method callee = code.step(at).callee();
        if (callee != null && !(Modifier.isPublic(callee.getModifiers()) && Modifier.isPublic(callee.getDeclaringClass().getModifiers()))) {
            throw code.error(at, callee.getName() + " is called from another class: it must be public or annotated with @Inline");
        }
        operands.push(taken, at, block);
        emit(at, builder -> builder.with(instruction));
        pushResult(instruction);
    }

    private void pushResult(Instruction instruction) {
        TypeKind result = Shape.of(instruction).result();
        if (result != TypeKind.VOID) {
            stack.add(new Dynamic(result));
        }
    }
}
