package tessera.specialise;

import java.lang.classfile.TypeKind;

/** A value that an instruction takes. */
sealed interface Operand {
    TypeKind kind();

    /** An Integer, Long or Float, or a RegisterArray; it is on no stack until an instruction needs it there. */
    record Known(Object value) implements Operand {
        @Override
        public TypeKind kind() {
            return switch (value) {
                case Integer _ -> TypeKind.INT;
                case Long _ -> TypeKind.LONG;
                case Float _ -> TypeKind.FLOAT;
                default -> TypeKind.REFERENCE;
            };
        }
    }

    /** On the operand stack of the specialised kernel. */
    record Dynamic(TypeKind kind) implements Operand {
    }

    /** In a variable of the specialised kernel. */
    record Element(TypeKind kind, int slot) implements Operand {
    }
}
