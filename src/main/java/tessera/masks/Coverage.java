package tessera.masks;

/** How much of a block of queries and keys a mask allows: no pair, some, or all of them. */
public enum Coverage {
    EMPTY, PARTIAL, FULL;

    static Coverage of(boolean some, boolean all) {
        return !some ? EMPTY : all ? FULL : PARTIAL;
    }

    Coverage opposite() {
        return this == EMPTY ? FULL : this == FULL ? EMPTY : PARTIAL;
    }
}
