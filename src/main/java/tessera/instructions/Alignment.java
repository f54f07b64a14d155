package tessera.instructions;

/** Devices fault where a wide access is not aligned to its size. */
final class Alignment {

    private Alignment() {
    }

    /** The address itself. */
    static int require(int address, int multiple) {
        if (address % multiple != 0) {
            throw new IllegalArgumentException(address + " is no multiple of " + multiple);
        }
        return address;
    }
}
