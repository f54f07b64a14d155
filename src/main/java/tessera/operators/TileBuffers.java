package tessera.operators;

import java.util.Map;
import tessera.AttentionSpec;
import tessera.Tensor;
import tessera.layouts.Listing;
import tessera.layouts.TileLists;
import tessera.masks.Window;
import tessera.planner.Plan;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** What a kernel in tiles reads beside q, k, v: the tiles that its rows visit, of one number where that is a window. */
final class TileBuffers {
    private final AttentionSpec spec;
    private final String layout;
    private final int tileQ;
    private final int tileK;
    private final Map<String, Tensor> tensors;
    private final boolean listed;
    private final int group;
    private final IntArray list;

    /** @param tileQ rows in a tile */
    TileBuffers(AttentionSpec spec, Plan plan, int tileQ, int tileK, Map<String, Tensor> tensors) {
        this.spec = spec;
        this.layout = plan.layout();
        this.tileQ = tileQ;
        this.tileK = tileK;
        this.tensors = tensors;
        this.listed = isListed(spec);
        if (listed) {
            TileLists lists = new TileLists(spec, Listing.of(spec, layout), tileQ, tileK);
            group = lists.group();
            list = spec.isDynamic() ? new IntArray(Math.toIntExact(lists.capacity())) : IntArray.fromArray(lists.numbers());
        } else {
            group = DecodeTiling.group(spec);
            list = IntArray.fromElements(0);
        }
    }

    /** Whether the kernels in tiles walk through lists of tiles: where one window for all heads does not say what is visited. */
    static boolean isListed(AttentionSpec spec) {
        Window window = spec.mask().window(0);
        return AttentionPlans.isListed(spec) || window == null || window.sink() > 0;
    }

    /** Why no list of tiles can say what a spec asks for, or null if one can. */
    static String limit(AttentionSpec spec) {
        if (spec.arrangement().valuesInKeys()) {
            return AttentionPlans.VALUES_IN_KEYS;
        }
        if (!spec.scores().withoutLengths().isPlain()) {
            return "computes plain scores, not " + spec.scores();
        }
        if (spec.arrangement().pages() > 0) {
            return "takes keys one after the other, not in pages";
        }
        return spec.hasGroupedHeads() ? null : "takes heads that are grouped as usual";
    }

    /** Work-groups in x: tiles of rows of a head, or of the heads that share keys. */
    int groupsX() {
        return Math.ceilDiv(group * spec.queries(), tileQ);
    }

    int groupsY() {
        return spec.batch() * spec.heads() / group;
    }

    int group() {
        return group;
    }

    /** 2 where tiles are listed, else 0, as kernels have it. */
    int walk() {
        return listed ? 2 : 0;
    }

    IntArray list() {
        return list;
    }

    /** Made anew from a run's inputs. */
    void fill() {
        if (listed && spec.isDynamic()) {
            int[] numbers = new TileLists(spec, Listing.of(spec, layout, tensors), tileQ, tileK).numbers();
            for (int n = 0; n < numbers.length; n++) {
                list.set(n, numbers[n]);
            }
        }
    }
}
