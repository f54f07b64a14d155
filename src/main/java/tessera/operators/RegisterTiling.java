package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.engine.Device;
import tessera.planner.Plan;

/**
 * Tiles of the attention that keeps scores and sums in registers.
 *
 * @param tileQ queries
 * @param tileK keys
 * @param rows queries of a work-item
 * @param lanes work-items that share the keys and channels of a query
 * @param tiles 2 where keys and values have a tile each, 1 where they take turns
 */
record RegisterTiling(int tileQ, int tileK, int rows, int lanes, int tiles) {

    private static final List<RegisterTiling> ALL = List.of(new RegisterTiling(64, 32, 4, 8, 2), new RegisterTiling(64, 32, 4, 8, 1),
            new RegisterTiling(64, 16, 4, 8, 1), new RegisterTiling(32, 16, 4, 16, 1), new RegisterTiling(32, 32, 4, 16, 1), new RegisterTiling(32, 32, 4, 8, 1),
            new RegisterTiling(16, 16, 4, 16, 1));

    static List<RegisterTiling> all() {
        return ALL;
    }

    /** The tiling of a plan. */
    static RegisterTiling of(Plan plan) {
        return new RegisterTiling(plan.get("tileQ"), plan.get("tileK"), plan.get("rows"), plan.get("lanes"), plan.get("tiles"));
    }

    /** Its numbers by name, as a plan holds them. */
    Map<String, Integer> tuning() {
        return Plan.ordered("tileQ", tileQ, "tileK", tileK, "rows", rows, "lanes", lanes, "tiles", tiles);
    }

    int items() {
        return tileQ / rows * lanes;
    }

    /** Why it does not fit, or null if it does. */
    String limit(AttentionSpec spec, Device device) {
        if (spec.valueDim() % lanes != 0) {
            return "takes value dimensions that are multiples of " + lanes + ", not " + spec.valueDim();
        }
        return TilePlans.limit(device, items(), localBytes(spec));
    }

    /** What the kernel allocates: tiles of queries, of keys and values, of weights, and a maximum for each lane. */
    long localBytes(AttentionSpec spec) {
        long width = Math.max(spec.headDim(), spec.valueDim()) + 1;
        return 4L * (tileQ * (spec.headDim() + 1L) + tiles * tileK * width + tileQ * (tileK + 1L) + (long) tileQ * lanes);
    }
}
