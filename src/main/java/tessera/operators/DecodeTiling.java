package tessera.operators;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tessera.AttentionSpec;
import tessera.engine.Device;
import tessera.planner.Plan;

/**
 * Tiles of the decode kernel.
 *
 * @param tileH query heads that share a read of the keys
 * @param tileK keys
 * @param lanes work-items that share the channels of a key
 * @param items work-items in a group
 * @param parts of the keys, each with groups of its own
 */
record DecodeTiling(int tileH, int tileK, int lanes, int items, int parts) {

    /** Most query heads: what keeps their sums in registers under PTX, and under OpenCL. */
    private static final int[] MOST_HEADS = {6, 8};

    /** Work-items that keep the memory of a compute unit busy: more of them hide its latency better, fewer make fewer parts. */
    private static final int[] ITEMS_IN_UNIT = {1024, 2048};

    /** Tiles of keys, and items in a group. */
    private static final int[][] KEYS_AND_ITEMS = {{64, 256}, {32, 128}, {64, 512}};

    private static final int LANES = 16;

    /** Tilings of a spec whose query sees {@code visible} keys, best guess first. */
    static List<DecodeTiling> of(AttentionSpec spec, int visible, Device device) {
        Set<DecodeTiling> tilings = new LinkedHashSet<>();
        for (int most : MOST_HEADS) {
            int tileH = Math.ceilDiv(group(spec), Math.ceilDiv(group(spec), most));
            for (int[] t : KEYS_AND_ITEMS) {
                DecodeTiling whole = new DecodeTiling(tileH, t[0], LANES, t[1], 1);
                for (int inUnit : ITEMS_IN_UNIT) {
                    tilings.add(whole.split(visible, Math.ceilDiv((long) inUnit * device.computeUnits(), (long) t[1] * whole.groups(spec))));
                }
            }
        }
        return List.copyOf(tilings);
    }

    /** About {@code wanted} parts of whole tiles, two of them at least. */
    private DecodeTiling split(int visible, long wanted) {
        long tiles = Math.max(2, Math.ceilDiv(Math.ceilDiv(visible, wanted), tileK));
        return new DecodeTiling(tileH, tileK, lanes, items, (int) Math.max(1, Math.ceilDiv(visible, tiles * tileK)));
    }

    /** The tiling of a plan. */
    static DecodeTiling of(Plan plan) {
        return new DecodeTiling(plan.get("tileH"), plan.get("tileK"), plan.get("lanes"), plan.get("items"), plan.get("parts"));
    }

    /** Its numbers by name, as a plan holds them. */
    Map<String, Integer> tuning() {
        return Plan.ordered("tileH", tileH, "tileK", tileK, "lanes", lanes, "items", items, "parts", parts);
    }

    /** Query heads of a key/value head. */
    static int group(AttentionSpec spec) {
        return spec.heads() / spec.kvHeads();
    }

    /** Work-groups for each part of the keys. */
    int groups(AttentionSpec spec) {
        return spec.batch() * spec.kvHeads() * Math.ceilDiv(group(spec), tileH);
    }

    /** Why it does not fit, or null if it does. */
    String limit(AttentionSpec spec, Device device) {
        if (spec.valueDim() > items) {
            return "its " + items + " work-items sum one channel of the values each, not " + spec.valueDim();
        }
        return TilePlans.limit(device, items, localBytes(spec));
    }

    /** What the kernel allocates: queries, sums of lanes, weights, one number for each slot, and one for each head. */
    private long localBytes(AttentionSpec spec) {
        int splits = Math.min(items / spec.valueDim(), tileK / 8);
        long channels = Math.ceilDiv(spec.headDim(), lanes) * (long) lanes;
        long sums = Math.max(tileK * (lanes + 1), items);
        long weights = 8L * splits * Math.ceilDiv(tileK, 8 * splits);
        return 4 * (tileH * (channels + sums + weights + Math.min(32, items / 8)) + 8);
    }
}
