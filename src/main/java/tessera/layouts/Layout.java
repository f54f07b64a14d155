package tessera.layouts;

import java.util.List;
import tessera.AttentionSpec;
import tessera.masks.Blocks;
import tessera.masks.Mask;
import tessera.masks.Window;

/** How the allowed pairs of a mask are stored for a kernel. */
public sealed interface Layout permits Range, Bsr, Listing {

    /** The layout's name in plans and reports: FULL, RANGE, BSR, TOKEN, BLOCK_TOK or PAGED. */
    String name();

    /** Number of (query, key) pairs that are visited, over all batches and heads. */
    long pairs(AttentionSpec spec);

    /**
     * The names under which a {@link Listing} can store what a spec visits, the smallest first.
     *
     * @throws IllegalArgumentException if only a run's inputs say which keys there are, and the mask is no window
     */
    static List<String> names(AttentionSpec spec) {
        boolean windows = isWindows(spec.mask());
        if (spec.isDynamic() && !windows) {
            throw new IllegalArgumentException("with key lengths, sequences, pages or lists that each run gives, the mask must be full or a window, not "
                    + spec.mask() + "; give the rest of it as a mask tensor");
        }
        if (spec.arrangement().lists() > 0) {
            return List.of(spec.arrangement().listQueries() > 1 ? "BSR" : spec.arrangement().listBlock() == 1 ? "TOKEN" : "BLOCK_TOK");
        }
        if (windows) {
            return List.of(spec.arrangement().pages() > 0 ? "PAGED" : seesAll(spec) ? "FULL" : "RANGE");
        }
        return spec.mask() instanceof Blocks ? List.of("BSR", "TOKEN") : List.of("TOKEN", "BSR");
    }

    private static boolean isWindows(Mask mask) {
        for (int map = 0; map < mask.maps(); map++) {
            if (mask.window(map) == null) {
                return false;
            }
        }
        return true;
    }

    /** Whether every query sees every key of its sequence. */
    static boolean seesAll(AttentionSpec spec) {
        Window window = spec.mask().maps() == 1 ? spec.mask().window(0) : null;
        return window != null && window.left() < 0 && window.right() < 0 && !spec.causal();
    }

    /** Whether {@link #simple} has a layout for it. */
    static boolean isSimple(AttentionSpec spec) {
        return spec.mask() instanceof Blocks || spec.mask().maps() == 1 && spec.mask().window(0) != null;
    }

    /** The layout of one window for all heads, or of whole blocks, for the kernels that know no other; null if the mask is neither. */
    static Layout simple(AttentionSpec spec) {
        if (spec.mask() instanceof Blocks blocks) {
            return Bsr.of(spec, blocks);
        }
        Window window = spec.mask().maps() == 1 ? spec.mask().window(0) : null;
        return window == null ? null : Range.of(spec, window.sink(), window.left(), window.right());
    }
}
