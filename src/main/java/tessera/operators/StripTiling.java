package tessera.operators;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tessera.AttentionSpec;
import tessera.engine.Device;
import tessera.planner.Plan;

/**
 * Tiles of a strip, the queries that a core computes by itself.
 *
 * @param tileQ queries of a strip
 * @param tileK keys at a time
 */
record StripTiling(int tileQ, int tileK) {
    private static final List<StripTiling> ALL = List.of(new StripTiling(192, 96), new StripTiling(96, 96), new StripTiling(48, 48));

    /** With fewer queries most of a tile is empty. */
    private static final int LEAST_QUERIES = 16;

    /** Operations from which on compiling strips, ten seconds where rows take half a one, is worth it. */
    private static final double WORTH_COMPILING = 4e9;

    /** The widest come first, of those with enough strips for every core. */
    static List<StripTiling> of(AttentionSpec spec, Device device) {
        long enough = 4L * device.computeUnits();
        return Stream.concat(ALL.stream().filter(t -> t.strips(spec) >= enough), ALL.stream().filter(t -> t.strips(spec) < enough)).toList();
    }

    /** Whether there are queries enough, and, where a compiler unrolls the tiles, work enough to pay for that. */
    static boolean comeFirst(AttentionSpec spec, Device device, long pairs) {
        double operations = 2.0 * pairs * (spec.headDim() + spec.valueDim());
        return spec.queries() >= LEAST_QUERIES && (device.isJvm() || operations >= WORTH_COMPILING);
    }

    /** Why no tiling fits, or null if each does. */
    static String never(AttentionSpec spec, Device device) {
        if (spec.arrangement().valuesInKeys()) {
            return AttentionPlans.VALUES_IN_KEYS;
        }
        return device.kind().equals("CPU") ? null
                : "a work-item that keeps tiles of keys to itself needs the caches of a CPU, " + device.id() + " is a " + device.kind();
    }

    long strips(AttentionSpec spec) {
        return (long) spec.batch() * spec.heads() * Math.ceilDiv(spec.queries(), tileQ);
    }

    Map<String, Integer> tuning() {
        return Plan.ordered("tileQ", tileQ, "tileK", tileK);
    }
}
