package tessera.operators;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.TensorLayout;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.specialise.KernelCache;

/**
 * Tiles of the decoding kernels whose warps read keys each for themselves.
 *
 * @param tileH query heads that share a read of the keys
 * @param tileK keys of a warp at a time
 * @param warps of 32 work-items in a group
 * @param stages 2 where the next keys arrive while values are used
 * @param parts of the keys, each with groups of its own
 */
record StreamTiling(int tileH, int tileK, int warps, int stages, int parts) {

    /** Columns of a matrix unit's product. */
    private static final int MOST_HEADS = 8;

    /** Keys of a product on matrix units. */
    private static final int MATRIX_KEYS = 16;

    /** Keys that a lane of the float32 kernel holds at a time. */
    private static final int[] TURNS = {4, 8, 2};

    private static final int[] STAGES = {2, 1};

    private static final int[] WARPS = {4, 8, 2};

    /** How often the groups that a device holds at a time come and go. */
    private static final int[] ROUNDS = {1, 2};

    /** Most registers of a work-item, and those of a compute unit. */
    private static final int MOST_REGISTERS = 255;
    private static final int REGISTERS = 1 << 16;

    /** A part has no fewer tiles for each warp, so that starting and merging stay cheap beside it. */
    private static final int LEAST_TILES = 2;

    /** Work-items that merge the parts of a row. */
    static final int MERGING = 256;

    /** Share of the places for groups that should be taken. */
    private static final double BUSY = 0.96;

    /** Tilings of a spec whose queries see at most {@code visible} keys, best guess first. */
    static List<StreamTiling> of(AttentionSpec spec, int visible, Device device, DType storage) {
        int group = DecodeTiling.group(spec);
        int tileH = Math.ceilDiv(group, Math.ceilDiv(group, MOST_HEADS));
        Set<StreamTiling> tilings = new LinkedHashSet<>();
        for (int rounds : ROUNDS) {
            for (int warps : WARPS) {
                for (int n = 0; n < (storage == DType.F16 ? STAGES.length : TURNS.length); n++) {
                    StreamTiling whole = storage == DType.F16 ? new StreamTiling(tileH, MATRIX_KEYS, warps, STAGES[n], 1)
                            : new StreamTiling(tileH, TURNS[n] * 32 / lanes(spec), warps, 2, 1);
                    int held = Math.max(1, REGISTERS / (32 * warps * whole.registers(spec, storage)));
                    tilings.add(whole.split(spec, visible, (long) rounds * held * device.computeUnits()));
                }
            }
        }
        return List.copyOf(tilings);
    }

    /** As many parts as keep {@code places} for groups busy, and no more. */
    private StreamTiling split(AttentionSpec spec, int visible, long places) {
        long most = Math.min(Math.ceilDiv(places, groups(spec)), Math.ceilDiv(visible, (long) LEAST_TILES * warps * tileK));
        long best = 1;
        for (long parts = 1; parts <= most && busy(spec, best, places) < BUSY; parts++) {
            if (busy(spec, parts, places) > busy(spec, best, places)) {
                best = parts;
            }
        }
        return new StreamTiling(tileH, tileK, warps, stages, (int) best);
    }

    /** Share of the places that are taken on average, as groups come and go together. */
    private double busy(AttentionSpec spec, long parts, long places) {
        double rounds = (double) parts * groups(spec) / places;
        return rounds / Math.ceil(rounds);
    }

    /** The tiling of a plan. */
    static StreamTiling of(Plan plan) {
        return new StreamTiling(plan.get("tileH"), plan.get("tileK"), plan.get("warps"), plan.get("stages"), plan.get("parts"));
    }

    /** Its numbers by name, as a plan holds them. */
    Map<String, Integer> tuning() {
        return Plan.ordered("tileH", tileH, "tileK", tileK, "warps", warps, "stages", stages, "parts", parts);
    }

    /** Work-groups for each part of the keys. */
    int groups(AttentionSpec spec) {
        return spec.batch() * spec.kvHeads() * Math.ceilDiv(DecodeTiling.group(spec), tileH);
    }

    /** Lanes that share the channels of a key in the float32 kernel, four each at a time. */
    static int lanes(AttentionSpec spec) {
        int pieces = Math.ceilDiv(Math.max(spec.headDim(), spec.valueDim()), 4);
        return Math.min(32, Integer.highestOneBit(2 * pieces - 1));
    }

    /** Why no tiling fits, or null if one might. */
    static String never(AttentionSpec spec, Device device, DType storage) {
        int step = storage == DType.F16 ? 8 : 4;
        if (spec.queries() != 1) {
            return "takes one query for each sequence, not " + spec.queries();
        }
        if (!device.instructions()) {
            return "needs instructions that kernels reach on NVIDIA's GPUs from Ampere on by PTX, CUDA or OpenCL, not " + device.id();
        }
        if (!KernelCache.available()) {
            return "is specialised to its plan; " + KernelCache.advice();
        }
        if (spec.headDim() % step != 0 || spec.valueDim() % step != 0) {
            return "takes head dimensions that are multiples of " + step + ", not " + spec.headDim() + " and " + spec.valueDim();
        }
        if (spec.scale() <= 0) {
            return "takes a scale above 0, not " + spec.scale();
        }
        boolean ordered = spec.arrangement().layout() == TensorLayout.BHLD && spec.arrangement().past() == 0;
        if (storage == DType.F16 && !ordered) {
            return "takes float16 in the order BHLD, without past tokens of their own; use F32 or pages";
        }
        return StreamTask.limit(spec);
    }

    /** Why it does not fit, or null if it does. */
    String limit(AttentionSpec spec, Device device, DType storage) {
        int registers = registers(spec, storage);
        if (registers > MOST_REGISTERS) {
            return "needs about " + registers + " registers for queries, keys, values, scores and sums, " + MOST_REGISTERS + " are there";
        }
        int queries = storage == DType.F16 ? 9 * (64 * Math.ceilDiv(spec.headDim(), 32) + 16) : 0;
        return TilePlans.limit(device, 32 * warps, 4L * warps * tileH * (spec.valueDim() + 2) + queries);
    }

    /** Of a work-item, as compilers were seen to use them: beside what holds numbers there are addresses and what lies in between. */
    private int registers(AttentionSpec spec, DType storage) {
        int numbers;
        if (storage == DType.F16) {
            int key = 8 * Math.ceilDiv(spec.headDim(), 32);
            int value = 16 * Math.ceilDiv(spec.valueDim(), 64);
            numbers = value + (stages == 2 ? key + value : Math.max(key, value)) + 32;
        } else {
            int lanes = lanes(spec);
            int turns = tileK * lanes / 32;
            int both = 4 * (Math.ceilDiv(spec.headDim(), 4 * lanes) + Math.ceilDiv(spec.valueDim(), 4 * lanes));
            numbers = ((tileH + turns) * both + turns * tileH) * 3 / 2 + 4;
        }
        return 8 * Math.ceilDiv(numbers, 8);
    }
}
