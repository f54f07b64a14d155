package tessera.layouts;

import tessera.AttentionSpec;
import tessera.masks.Blocks;
import tessera.masks.Full;
import tessera.masks.Window;

/** How the allowed pairs of a mask are stored for a kernel. */
public sealed interface Layout permits Range, Bsr {

    /** The layout's name in plans and reports: FULL, RANGE or BSR. */
    String name();

    /** Number of (query, key) pairs that are visited, over all batches and heads. */
    long pairs(AttentionSpec spec);

    /** The layout that stores the spec's mask without visiting a pair more than needed. */
    static Layout of(AttentionSpec spec) {
        return switch (spec.mask()) {
            case Full() -> Range.of(spec, 0, -1, -1);
            case Window(int sink, int left, int right) -> Range.of(spec, sink, left, right);
            case Blocks blocks -> Bsr.of(blocks);
        };
    }
}
