package tessera.specialise;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.util.List;
import java.util.function.Consumer;

/** Brings operands onto the stack of the specialised kernel, in order. */
final class Operands {
    private final FlatCode code;
    private final Slots slots;

    Operands(FlatCode code, Slots slots) {
        this.code = code;
        this.slots = slots;
    }

    /**
     * Afterwards all of {@code operands} are on the stack, and nothing else above what was there.
     *
     * @param operands those that are dynamic are the topmost values of the stack
     */
    void push(List<? extends Operand> operands, int at, Block block) {
        Consumer<Consumer<CodeBuilder>> emit = write -> block.add(code.step(at).line(), write);
        int first = 0;
        while (first < operands.size() && operands.get(first) instanceof Operand.Dynamic) {
            first++;
        }
        List<? extends Operand> rest = operands.subList(first, operands.size());
        if (rest.size() == 2 && rest.get(1) instanceof Operand.Dynamic(TypeKind kind) && kind.slotSize() == 1 && rest.get(0).kind().slotSize() == 1) {
            emit.accept(value(rest.get(0), at));
            emit.accept(CodeBuilder::swap);
            return;
        }
        for (int i = rest.size() - 1; i >= 0; i--) {
            if (rest.get(i) instanceof Operand.Dynamic(TypeKind kind)) {
                int slot = slots.temporary(kind, i);
                emit.accept(builder -> builder.storeLocal(kind, slot));
            }
        }
        for (int i = 0; i < rest.size(); i++) {
            Operand operand = rest.get(i);
            emit.accept(value(operand instanceof Operand.Dynamic(TypeKind kind) ? new Operand.Element(kind, slots.temporary(kind, i)) : operand, at));
        }
    }

    private Consumer<CodeBuilder> value(Operand operand, int at) {
        return switch (operand) {
            case Operand.Known(Integer value) -> builder -> builder.loadConstant(value);
            case Operand.Known(Long value) -> builder -> builder.loadConstant(value);
            case Operand.Known(Float value) -> builder -> builder.loadConstant(value);
            case Operand.Known(RegisterArray array) -> throw code.error(at, "the register array " + array.name()
                    + " goes where only an ordinary array can; its elements, instructions and inlined methods take it");
            case Operand.Element(TypeKind kind, int slot) -> builder -> builder.loadLocal(kind, slot);
            case Operand.Dynamic _, Operand.Known _ -> throw new IllegalArgumentException(operand.toString());
        };
    }
}
