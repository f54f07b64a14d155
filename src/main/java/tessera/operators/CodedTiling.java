package tessera.operators;

import java.util.List;
import java.util.Map;
import tessera.CodedAttentionSpec;
import tessera.DType;
import tessera.engine.Device;
import tessera.planner.Plan;
import tessera.specialise.KernelCache;

/**
 * Tiles of the attention over codes on matrix units.
 *
 * @param tileK keys
 * @param warps of 32 work-items in a group
 * @param rowTiles of 16 queries for each warp
 */
record CodedTiling(int tileK, int warps, int rowTiles) {

    /** Best guess first; {@link #limit} says which fit. */
    static final List<CodedTiling> ALL = List.of(new CodedTiling(64, 4, 2), new CodedTiling(32, 4, 2), new CodedTiling(16, 4, 2), new CodedTiling(32, 8, 1),
            new CodedTiling(32, 4, 1));

    /** Registers of a work-item that may hold queries, scores and sums. */
    private static final int MOST_REGISTERS = 192;

    static CodedTiling of(Plan plan) {
        return new CodedTiling(plan.get("tileK"), plan.get("warps"), plan.get("rowTiles"));
    }

    /** Its numbers by name, as a plan holds them. */
    Map<String, Integer> tuning() {
        return Plan.ordered("tileK", tileK, "warps", warps, "rowTiles", rowTiles);
    }

    int tileQ() {
        return 16 * rowTiles * warps;
    }

    /** Why it does not fit, or null if it does. */
    String limit(CodedAttentionSpec spec, Device device) {
        if (!device.instructions()) {
            return "needs matrix units, which kernels reach on NVIDIA's GPUs from Ampere on by PTX, CUDA or OpenCL, not " + device.id();
        }
        if (!KernelCache.available()) {
            return "is specialised to its plan; " + KernelCache.advice();
        }
        if (spec.dtype() != DType.F16) {
            return "reads values in float16, not " + spec.dtype();
        }
        if (spec.headDim() % 32 != 0 || spec.valueDim() != spec.headDim()) {
            return "takes one head dimension for keys and values, a multiple of 32, not " + spec.headDim() + " and " + spec.valueDim();
        }
        if (!(spec.scale() > 0)) {
            return "takes a scale above 0, not " + spec.scale();
        }
        if (spec.blockK() % tileK != 0 && spec.blockK() < spec.keys()) {
            return "takes blocks of keys that are multiples of " + tileK + ", not " + spec.blockK();
        }
        int registers = rowTiles * (spec.headDim() / 8 + spec.headDim() / 2 + tileK / 2 + 8);
        if (registers > MOST_REGISTERS) {
            return "needs " + registers + " registers for queries, scores and sums, " + MOST_REGISTERS + " are there";
        }
        return TilePlans.limit(device, 32 * warps, 2L * tileK * (3 * spec.headDim() + 32));
    }
}
