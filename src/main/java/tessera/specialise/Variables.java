package tessera.specialise;

import java.lang.classfile.Instruction;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.IncrementInstruction;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.StoreInstruction;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The local variables of a flat kernel, found by slot and position. */
final class Variables {
    private record Unnamed(int slot, TypeKind kind) {
    }

    private final List<Variable> declared = new ArrayList<>();
    private final Map<Unnamed, Variable> unnamed = new HashMap<>();

    void add(Variable variable) {
        declared.add(variable);
    }

    /** A declaration without a value has a range of its own for each first assignment; those that flow together are one variable. */
    void join(List<Step> steps) {
        for (int from = 0; from < steps.size(); from++) {
            for (int to : steps.get(from).successors(from)) {
                for (Variable variable : List.copyOf(declared)) {
                    if (variable.scope().get(from) && !variable.scope().get(to)) {
                        absorb(variable, to);
                    }
                }
            }
        }
    }

    private void absorb(Variable variable, int at) {
        declared.stream().filter(other -> other.slot() == variable.slot() && other.name().equals(variable.name()) && other.scope().get(at))
                .findFirst().ifPresent(other -> {
                    variable.absorb(other);
                    declared.remove(other);
                });
    }

    /** The declared ones. */
    List<Variable> declared() {
        return declared;
    }

    Variable parameter(int slot) {
        return declared.stream().filter(v -> v.slot() == slot && v.scope().get(0)).findFirst().orElse(null);
    }

    Variable usedAt(int at, Instruction instruction) {
        return switch (instruction) {
            case LoadInstruction load -> find(load.slot(), load.typeKind(), at);
            case IncrementInstruction increment -> find(increment.slot(), TypeKind.INT, at);
            // a variable's scope begins after its first store
            case StoreInstruction store -> find(store.slot(), store.typeKind(), at + 1);
            default -> null;
        };
    }

    /** Variables of the compiler's own, and those that are never read, have no name. */
    private Variable find(int slot, TypeKind kind, int at) {
        return declared.stream().filter(v -> v.slot() == slot && v.scope().get(at)).findFirst()
                .orElseGet(() -> unnamed.computeIfAbsent(new Unnamed(slot, kind), _ -> new Variable("temporary", kind.upperBound(), slot)));
    }
}
