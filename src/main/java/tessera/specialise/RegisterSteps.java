package tessera.specialise;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.util.List;
import java.util.Map;
import tessera.specialise.Operand.Dynamic;
import tessera.specialise.Operand.Known;

/** What is done with register arrays: their elements are variables, so every index has to be known. */
final class RegisterSteps {
    private final FlatCode code;
    private final Slots slots;
    private final Operands operands;
    private final Block block;

    RegisterSteps(FlatCode code, Slots slots, Operands operands, Block block) {
        this.code = code;
        this.slots = slots;
        this.operands = operands;
        this.block = block;
    }

    /** A new array is zero, as Java says. */
    Known make(int at, Operand length, Map<Variable, Object> known) {
        Variable variable = code.variable(at + 1);
        if (!(length instanceof Known(Integer size))) {
            throw code.error(at, "the length of the register array " + variable + " is not known");
        }
        TypeKind element = ((NewPrimitiveArrayInstruction) code.step(at).instruction()).typeKind();
        if (element != TypeKind.FLOAT && element != TypeKind.INT) {
            throw code.error(at, "the register array " + variable + " must hold float or int");
        }
        RegisterArray array = new RegisterArray(at, variable.name(), element, size);
        if (known.entrySet().stream().anyMatch(entry -> entry.getValue().equals(array) && entry.getKey() != variable)) {
            throw code.error(at, "the register array " + variable + " is made again while another variable holds it");
        }
        int line = code.step(at).line();
        for (int i = 0; i < size; i++) {
            int slot = slots.of(array, i);
            block.add(line, element == TypeKind.FLOAT ? CodeBuilder::fconst_0 : CodeBuilder::iconst_0);
            block.add(line, builder -> builder.storeLocal(element, slot));
        }
        return new Known(array);
    }

    Dynamic load(int at, RegisterArray array, Operand index) {
        int slot = slots.of(array, first(code, at, array, index, 1));
        block.add(code.step(at).line(), builder -> builder.loadLocal(array.element(), slot));
        return new Dynamic(array.element());
    }

    void store(int at, RegisterArray array, Operand index, Operand value) {
        int slot = slots.of(array, first(code, at, array, index, 1));
        operands.push(List.of(value), at, block);
        block.add(code.step(at).line(), builder -> builder.storeLocal(array.element(), slot));
    }

    /** The index of the first of {@code count} elements. */
    static int first(FlatCode code, int at, RegisterArray array, Operand index, int count) {
        if (!(index instanceof Known(Integer first))) {
            throw code.error(at, "the register array " + array.name() + " has an index that is not known; unroll the loop that counts it");
        }
        if (first < 0 || first > array.length() - count) {
            String which = count == 1 ? "element " + first : "elements " + first + " to " + (first + count - 1);
            throw code.error(at, "the register array " + array.name() + " of length " + array.length() + " has no " + which);
        }
        return first;
    }
}
