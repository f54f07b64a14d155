package tessera.instructions;

import java.util.Collections;
import tessera.engine.WorkItem;

/** A barrier of a warp. */
public final class SyncWarp {

    private SyncWarp() {
    }

    /** Waits for all lanes, and keeps loads and stores on their side of it: PTX {@code bar.warp.sync}. */
    @Ptx("bar.warp.sync 0xFFFFFFFF;")
    public static void all() {
        WorkItem.current().together("SyncWarp.all", 0, zeros -> Collections.nCopies(32, 0));
    }
}
