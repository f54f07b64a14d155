package tessera.specialise;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The local variables of the specialised kernel. TornadoVM needs a name for each of them. */
final class Slots {
    private record Entry(int slot, String name, ClassDesc type) {
    }

    private record Temporary(String name, ClassDesc type, int nth) {
    }

    private final List<Entry> entries = new ArrayList<>();
    private final Map<Object, Integer> slots = new HashMap<>();
    private int next;

    int size() {
        return next;
    }

    void addParameter(Variable variable, String name, ClassDesc type) {
        slots.put(variable, add(name, type));
    }

    int of(Variable variable) {
        return slots.computeIfAbsent(variable, _ -> add(variable.name(), variable.type()));
    }

    int of(RegisterArray array, int index) {
        return index + slots.computeIfAbsent(array, _ -> {
            int first = next;
            for (int i = 0; i < array.length(); i++) {
                add(array.name() + "_" + i, array.element().upperBound());
            }
            return first;
        });
    }

    /** One to hold an operand for a moment. */
    int temporary(TypeKind kind, int nth) {
        return temporary("operand", kind.upperBound(), nth);
    }

    int temporary(String name, ClassDesc type, int nth) {
        return slots.computeIfAbsent(new Temporary(name, type, nth), _ -> add(name + "_" + nth, type));
    }

    private int add(String name, ClassDesc type) {
        int slot = next;
        entries.add(new Entry(slot, name, type));
        next += TypeKind.from(type).slotSize();
        return slot;
    }

    void name(CodeBuilder builder) {
        entries.forEach(e -> builder.localVariable(e.slot(), e.name(), e.type(), builder.startLabel(), builder.endLabel()));
    }
}
