package tessera.operators;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.engine.Device;
import tessera.layouts.Layout;
import tessera.layouts.Listing;
import tessera.layouts.Range;
import tessera.layouts.TileLists;
import tessera.planner.Plan;

/** The plans of an attention that take a tile of queries and a tile of keys at a time, best guess first. */
final class TilePlans {

    private static final int[][] TILES = {{16, 32, 8}, {16, 16, 8}, {8, 16, 8}, {32, 32, 4}};

    /** What a row by itself costs for a pair, against a tile: nobody shares the keys that it reads. */
    private static final int ROW_COST = 16;

    private final AttentionSpec spec;
    private final Device device;
    private final Layout layout;
    private final boolean listed;
    private final Map<List<Integer>, TileLists> lists = new HashMap<>();
    private final AttentionPlans plans;

    /** @param layout a window, whole blocks, or lists of runs */
    TilePlans(AttentionSpec spec, Device device, Layout layout, AttentionPlans plans) {
        this.spec = spec;
        this.device = device;
        this.layout = layout;
        this.listed = TileBuffers.isListed(spec);
        this.plans = plans;
    }

    /** Whether tiles of a usual size hold few enough pairs that nobody sees. */
    boolean areDense() {
        return !listed || TileBuffers.limit(spec) != null || visited(16, 16) < ROW_COST * (double) Math.max(1, plans.pairs(layout));
    }

    void all() {
        String unlisted = listed || spec.arrangement().valuesInKeys() ? TileBuffers.limit(spec) : null;
        if (unlisted != null) {
            List.of("matrix", "registers", "tiles").forEach(variant -> plans.candidates.ruleOut(variant, unlisted));
            return;
        }
        for (DType storage : spec.dtype() == DType.F16 ? List.of(DType.F16, DType.F32) : List.of(DType.F32)) {
            matrix(storage);
        }
        if (device.localMemoryBytes() == 0) {
            plans.candidates.ruleOut("registers", device.id() + " has no local memory");
            plans.candidates.ruleOut("tiles", device.id() + " has no local memory");
            return;
        }
        for (RegisterTiling t : sorted(RegisterTiling.all(), t -> visited(t.tileQ(), t.tileK()))) {
            add("registers", t.tuning(), t.tileQ(), t.tileK(), DType.F32, t.limit(spec, device), "scores and sums stay in registers, " + t.rows()
                    + " queries for each work-item (" + t.localBytes(spec) + " bytes of local memory)");
        }
        if (!(layout instanceof Range)) {
            plans.candidates.ruleOut("tiles", "the tiles kernel needs a FULL or RANGE layout, not " + layout.name());
            return;
        }
        for (int[] t : TILES) {
            tiles(t[0], t[1], t[2]);
        }
    }

    /** Matrix units read float16; float32 goes through them in two parts. */
    private void matrix(DType storage) {
        String never = MatrixTiling.never(spec, device, storage);
        if (never != null) {
            plans.candidates.ruleOut("matrix " + storage, never);
            return;
        }
        List<MatrixTiling> tilings = listed ? MatrixTiling.listed(storage) : MatrixTiling.all(storage);
        for (MatrixTiling t : sorted(tilings, t -> t.cost() * visited(t.tileQ(), t.tileK()))) {
            add("matrix", t.tuning(), t.tileQ(), t.tileK(), storage, t.limit(spec, device, storage), "matrix units, " + t.tileQ()
                    + " queries for each work-group" + (storage == DType.F16 ? "; weights are rounded to float16" : "; float32 in two parts of 11 bits"));
        }
    }

    private TileLists lists(int tileQ, int tileK) {
        return lists.computeIfAbsent(List.of(tileQ, tileK),
                _ -> new TileLists(spec, layout instanceof Listing listing ? listing : Listing.of(spec, layout.name()), tileQ, tileK));
    }

    /** Pairs in the tiles that are visited; 1 where a window says which those are. */
    private double visited(int tileQ, int tileK) {
        return listed ? lists(tileQ, tileK).pairs() : 1;
    }

    /** Lists of tiles tell which tiles hold the fewest pairs; otherwise the order stays. */
    private <T> List<T> sorted(List<T> tilings, ToDoubleFunction<T> cost) {
        List<T> all = new ArrayList<>(tilings);
        if (listed) {
            all.sort(Comparator.comparingDouble(cost));
        }
        return all;
    }

    private void tiles(int tileQ, int tileK, int lanes) {
        int width = Math.max(spec.headDim(), Math.ceilDiv(spec.valueDim(), lanes) * lanes) + 1;
        long local = 4L * (tileQ * (spec.headDim() + 1L) + tileK * (long) width + tileQ * (tileK + 1L));
        String limit = limit(device, tileQ * lanes, local);
        Map<String, Integer> tuning = Plan.ordered("tileQ", tileQ, "tileK", tileK, "lanes", lanes);
        if (limit == null) {
            plans.candidates.add(plans.plan(layout, "tiles", tuning, DType.F32, 1,
                    "tiles of keys and values are shared in local memory (" + local + " bytes)"));
        } else {
            plans.candidates.ruleOut("tiles " + tuning, limit);
        }
    }

    /** Why a device cannot run a group of so many work-items with so much local memory, or null if it can. */
    static String limit(Device device, int items, long localBytes) {
        if (items > device.maxGroupSize()) {
            return "needs " + items + " work-items in a group, " + device.id() + " allows " + device.maxGroupSize();
        }
        return localBytes <= device.localMemoryBytes() ? null
                : "needs " + localBytes + " bytes of local memory, " + device.id() + " has " + device.localMemoryBytes();
    }

    private void add(String variant, Map<String, Integer> tuning, int tileQ, int tileK, DType storage, String limit, String reason) {
        String why = limit == null ? listLimit(tileQ, tileK) : limit;
        if (why != null) {
            plans.candidates.ruleOut(variant + " " + tuning + " " + storage, why);
        } else if (!listed) {
            plans.candidates.add(plans.plan(layout, variant, tuning, storage, 1, reason));
        } else {
            double all = (double) spec.batch() * spec.heads() * spec.queries() * spec.keys();
            String visits = String.format(Locale.ROOT, "; %.1f %% of the pairs lie in tiles of %d x %d that are visited", 100 * visited(tileQ, tileK) / all, tileQ, tileK);
            plans.candidates.add(plans.plan(layout, variant, tuning, storage, 1, reason + visits));
        }
    }

    /** Why an array cannot hold the lists of tiles, or null if one can. */
    private String listLimit(int tileQ, int tileK) {
        if (!listed) {
            return null;
        }
        long most = Math.min(Integer.MAX_VALUE, device.maxArrayBytes() / 4);
        long needed = lists(tileQ, tileK).capacity();
        return needed <= most ? null : "its lists of tiles may need " + needed + " numbers, one array holds " + most
                + "; use blocks that are multiples of its tiles, or fewer queries at a time";
    }
}
