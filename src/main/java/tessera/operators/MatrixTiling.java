package tessera.operators;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.TensorLayout;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.specialise.KernelCache;

/**
 * Tiles of the attention on matrix units.
 *
 * @param tileK keys
 * @param warps of 32 work-items in a group
 * @param rowTiles of 16 queries for each warp
 * @param stages of the tiles that keys and values arrive in
 */
record MatrixTiling(int tileK, int warps, int rowTiles, int stages) {

    /** Registers of a work-item that may hold queries, scores, sums and loaded fragments; more were spilled. The others hold weights and addresses. */
    private static final int MOST_REGISTERS = 224;

    /** Products of fragments that fit into one method, unrolled. */
    private static final int MOST_PRODUCTS = 450;

    /** Best guess first; {@link #limit} says which fit a head dimension. */
    private static final List<MatrixTiling> HALF = List.of(new MatrixTiling(64, 4, 2, 1), new MatrixTiling(16, 4, 2, 2), new MatrixTiling(32, 4, 2, 1),
            new MatrixTiling(32, 4, 2, 2), new MatrixTiling(64, 8, 1, 1), new MatrixTiling(32, 8, 1, 2), new MatrixTiling(32, 4, 1, 2),
            new MatrixTiling(32, 4, 1, 1));

    private static final List<MatrixTiling> SPLIT = List.of(new MatrixTiling(16, 4, 2, 2), new MatrixTiling(16, 4, 1, 1), new MatrixTiling(32, 4, 1, 1),
            new MatrixTiling(32, 8, 1, 2), new MatrixTiling(16, 4, 1, 2));

    /** Fewer queries for blocks of few. */
    private static final List<MatrixTiling> SMALL_HALF = List.of(new MatrixTiling(64, 2, 2, 1), new MatrixTiling(16, 2, 2, 2),
            new MatrixTiling(32, 2, 2, 2), new MatrixTiling(32, 2, 1, 2), new MatrixTiling(16, 2, 1, 2), new MatrixTiling(16, 1, 1, 2));

    private static final List<MatrixTiling> SMALL_SPLIT = List.of(new MatrixTiling(16, 2, 2, 2), new MatrixTiling(16, 2, 1, 2), new MatrixTiling(32, 2, 1, 2),
            new MatrixTiling(16, 1, 1, 2));

    /** Tilings of the kernel that reads a type. */
    static List<MatrixTiling> all(DType storage) {
        return storage == DType.F16 ? HALF : SPLIT;
    }

    /** Tilings for lists of tiles. */
    static List<MatrixTiling> listed(DType storage) {
        return Stream.of(all(storage), storage == DType.F16 ? SMALL_HALF : SMALL_SPLIT).flatMap(List::stream).toList();
    }

    /** The tiling of a plan. */
    static MatrixTiling of(Plan plan) {
        return new MatrixTiling(plan.get("tileK"), plan.get("warps"), plan.get("rowTiles"), plan.get("stages"));
    }

    /** Its numbers by name, as a plan holds them. */
    Map<String, Integer> tuning() {
        return Plan.ordered("tileK", tileK, "warps", warps, "rowTiles", rowTiles, "stages", stages);
    }

    int tileQ() {
        return 16 * rowTiles * warps;
    }

    /** What a pair costs, more or less: a warp with one tile of rows, or a group with few rows, reads more keys for each. */
    double cost() {
        return (rowTiles == 1 ? 1.25 : 1) * Math.max(1, 64.0 / tileQ());
    }

    /** Why no tiling fits, or null if one might. */
    static String never(AttentionSpec spec, Device device, DType storage) {
        int step = storage == DType.F16 ? 16 : 8;
        if (!device.instructions()) {
            return "needs matrix units, which kernels reach on NVIDIA's GPUs from Ampere on by PTX, CUDA or OpenCL, not " + device.id();
        }
        if (!KernelCache.available()) {
            return "is specialised to its plan; " + KernelCache.advice();
        }
        if (spec.headDim() % step != 0 || spec.valueDim() % step != 0) {
            return "takes head dimensions that are multiples of " + step + ", not " + spec.headDim() + " and " + spec.valueDim();
        }
        boolean ordered = spec.arrangement().layout() == TensorLayout.BHLD && spec.arrangement().past() == 0;
        if (storage == DType.F16 && !ordered) {
            return "takes float16 in the order BHLD, without past tokens of their own; use F32";
        }
        return spec.scale() > 0 ? null : "takes a scale above 0, not " + spec.scale();
    }

    /** Why it does not fit, or null if it does. */
    String limit(AttentionSpec spec, Device device, DType storage) {
        boolean half = storage == DType.F16;
        int loaded = half ? tileK / 2 - 8 : 72 * (rowTiles - 1);
        int registers = rowTiles * (spec.headDim() / (half ? 4 : 2) + spec.valueDim() / 2 + tileK / 2) + loaded;
        if (registers > MOST_REGISTERS) {
            return "needs " + registers + " registers for queries, scores, sums and fragments, " + MOST_REGISTERS + " are there";
        }
        int products = rowTiles * tileK * (spec.headDim() + spec.valueDim()) / (half ? 128 : 64) * (half ? 1 : 3);
        if (products > MOST_PRODUCTS) {
            return "unrolls to " + products + " products of fragments, " + MOST_PRODUCTS + " fit into a method";
        }
        long shared = (long) stages * tileK * ((half ? 2 : 4) * (spec.headDim() + spec.valueDim()) + 32);
        return TilePlans.limit(device, 32 * warps, shared);
    }
}
