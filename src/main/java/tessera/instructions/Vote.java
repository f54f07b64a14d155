package tessera.instructions;

import java.util.Collections;
import tessera.engine.WorkItem;

/** A decision that the lanes of a warp take together. */
public final class Vote {

    private Vote() {
    }

    /** 1 if the condition of any lane is not 0, else 0: PTX {@code vote.sync.any.pred}. */
    @Ptx("""
            {
            .reg .pred some;
            setp.ne.s32 some, ${0}, 0;
            vote.sync.any.pred some, some, 0xFFFFFFFF;
            selp.s32 $r, 1, 0, some;
            }""")
    public static int any(int condition) {
        return WorkItem.current().together("Vote.any", condition,
                conditions -> Collections.nCopies(32, conditions.stream().anyMatch(c -> c != 0) ? 1 : 0));
    }
}
