package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.engine.Device;
import tessera.layouts.Range;

/** The plans of an attention over a window that take a tile of queries and a tile of keys at a time, best guess first. */
final class TilePlans {

    private static final int[][] TILES = {{16, 32, 8}, {16, 16, 8}, {8, 16, 8}, {32, 32, 4}};

    private final AttentionSpec spec;
    private final Device device;
    private final Range range;
    private final AttentionPlans plans;

    TilePlans(AttentionSpec spec, Device device, Range range, AttentionPlans plans) {
        this.spec = spec;
        this.device = device;
        this.range = range;
        this.plans = plans;
    }

    void all() {
        for (DType storage : spec.dtype() == DType.F16 ? List.of(DType.F16, DType.F32) : List.of(DType.F32)) {
            matrix(storage);
        }
        if (device.localMemoryBytes() == 0) {
            plans.candidates.ruleOut("registers", device.id() + " has no local memory");
            plans.candidates.ruleOut("tiles", device.id() + " has no local memory");
            return;
        }
        for (RegisterTiling t : RegisterTiling.all()) {
            add("registers", t.tuning(), DType.F32, t.limit(spec, range, device), "scores and sums stay in registers, " + t.rows()
                    + " queries for each work-item (" + t.localBytes(spec) + " bytes of local memory)");
        }
        for (int[] t : TILES) {
            tiles(t[0], t[1], t[2]);
        }
    }

    /** Matrix units read float16; float32 goes through them in two parts. */
    private void matrix(DType storage) {
        String never = MatrixTiling.limit(spec, range, device, storage);
        if (never != null) {
            plans.candidates.ruleOut("matrix " + storage, never);
            return;
        }
        for (MatrixTiling t : MatrixTiling.all(storage)) {
            add("matrix", t.tuning(), storage, t.limit(spec, device, storage), "matrix units, " + t.tileQ() + " queries for each work-group"
                    + (storage == DType.F16 ? "; weights are rounded to float16" : "; float32 in two parts of 11 bits"));
        }
    }

    private void tiles(int tileQ, int tileK, int lanes) {
        int width = Math.max(spec.headDim(), Math.ceilDiv(spec.valueDim(), lanes) * lanes) + 1;
        long local = 4L * (tileQ * (spec.headDim() + 1L) + tileK * (long) width + tileQ * (tileK + 1L));
        add("tiles", AttentionPlans.ordered("tileQ", tileQ, "tileK", tileK, "lanes", lanes), DType.F32, limit(device, tileQ * lanes, local),
                "tiles of keys and values are shared in local memory (" + local + " bytes)");
    }

    /** Why a device cannot run a group of so many work-items with so much local memory, or null if it can. */
    static String limit(Device device, int items, long localBytes) {
        if (items > device.maxGroupSize()) {
            return "needs " + items + " work-items in a group, " + device.id() + " allows " + device.maxGroupSize();
        }
        return localBytes <= device.localMemoryBytes() ? null
                : "needs " + localBytes + " bytes of local memory, " + device.id() + " has " + device.localMemoryBytes();
    }

    private void add(String variant, Map<String, Integer> tuning, DType storage, String limit, String reason) {
        if (limit == null) {
            plans.candidates.add(plans.plan(range, variant, tuning, storage, 1, reason));
        } else {
            plans.candidates.ruleOut(variant + " " + tuning + " " + storage, limit);
        }
    }
}
