package tessera.instructions;

import tessera.engine.WorkItem;

/** Shared memory of a work-group, by address. */
public final class Shared {

    private Shared() {
    }

    /** The address of a block of constant size, aligned to 128 bytes: PTX {@code .shared}. */
    @Ptx("""
            {
            .shared .align 128 .b8 bytes[#{0}];
            mov.u32 $r, bytes;
            }""")
    public static int allocate(int bytes) {
        return WorkItem.current().allocateShared(bytes);
    }
}
