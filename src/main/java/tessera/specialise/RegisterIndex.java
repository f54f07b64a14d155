package tessera.specialise;

import tessera.specialise.Operand.Known;

/** An index into a register array: it has to be known and to lie inside. */
final class RegisterIndex {
    private RegisterIndex() {
    }

    /** The first of {@code count} elements. */
    static int of(FlatCode code, int at, RegisterArray array, Operand index, int count) {
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
