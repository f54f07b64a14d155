package tessera.specialise;

import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.util.BitSet;

/** A local variable of a kernel: one declaration, whatever slot it shares with others. */
final class Variable {
    private final String name;
    private final ClassDesc type;
    private final int slot;
    private final BitSet scope = new BitSet();
    private boolean unrolled;
    private boolean registers;

    Variable(String name, ClassDesc type, int slot) {
        this.name = name;
        this.type = type;
        this.slot = slot;
    }

    String name() {
        return name;
    }

    ClassDesc type() {
        return type;
    }

    TypeKind kind() {
        return TypeKind.from(type).asLoadable();
    }

    /** In the flat code, where each inlined call has slots of its own. */
    int slot() {
        return slot;
    }

    /** The positions at which it holds a value. */
    BitSet scope() {
        return scope;
    }

    /** Annotated {@link Unroll}. */
    boolean isUnrolled() {
        return unrolled;
    }

    /** Annotated {@link Registers}. */
    boolean isRegisters() {
        return registers;
    }

    void setUnrolled() {
        unrolled = true;
    }

    void setRegisters() {
        registers = true;
    }

    void absorb(Variable other) {
        scope.or(other.scope);
        unrolled |= other.unrolled;
        registers |= other.registers;
    }

    @Override
    public String toString() {
        return name;
    }
}
