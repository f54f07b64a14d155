package tessera.operators;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.DType;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.UpdateRule;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Norm;
import tessera.engine.Device;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.specialise.KernelCache;

/**
 * Chunks of a recurrence on matrix units.
 *
 * @param chunk tokens
 * @param tileK tokens, or channels of a state, in local memory at a time
 * @param warps of 32 work-items in a group that computes outputs
 * @param rowTiles of 16 tokens for each warp
 * @param stateTiles of 16 key channels for each warp that computes states; with the delta rule, of 16 value channels for each work-group that does
 */
record MatrixChunks(int chunk, int tileK, int warps, int rowTiles, int stateTiles) {

    /** Registers of a work-item that may hold operands and sums; with more, some were spilled. The others hold addresses and what is loaded. */
    private static final int MOST_REGISTERS = 200;

    /** Products of fragments that fit into one method, unrolled. */
    private static final int MOST_PRODUCTS = 450;

    /** Best guess first; {@link #limit} says which fit. */
    private static final List<MatrixChunks> ALL = List.of(new MatrixChunks(128, 32, 4, 1, 2), new MatrixChunks(128, 64, 4, 1, 2), new MatrixChunks(128, 32, 4, 1, 1),
            new MatrixChunks(64, 32, 4, 1, 2), new MatrixChunks(64, 64, 4, 1, 1), new MatrixChunks(256, 32, 4, 1, 2), new MatrixChunks(128, 32, 8, 1, 1),
            new MatrixChunks(128, 32, 4, 2, 2), new MatrixChunks(32, 32, 2, 1, 1));

    private static final List<MatrixChunks> DELTA = List.of(new MatrixChunks(64, 32, 4, 1, 2), new MatrixChunks(64, 32, 4, 1, 4), new MatrixChunks(64, 32, 4, 1, 1),
            new MatrixChunks(64, 64, 4, 1, 2), new MatrixChunks(32, 32, 2, 1, 2), new MatrixChunks(32, 32, 2, 1, 1));

    /** Chunks for the rule of a spec. */
    static List<MatrixChunks> all(RecurrenceSpec spec) {
        return isDelta(spec) ? DELTA : ALL;
    }

    private static boolean isDelta(RecurrenceSpec spec) {
        return spec.rule().correction() == Correction.DELTA;
    }

    /** The chunks of a plan. */
    static MatrixChunks of(Plan plan) {
        return new MatrixChunks(plan.get("chunk"), plan.get("tileK"), plan.get("warps"), plan.get("rowTiles"), plan.get("stateTiles"));
    }

    /** Its numbers by name, as a plan holds them. */
    Map<String, Integer> tuning() {
        return Plan.ordered("chunk", chunk, "tileK", tileK, "warps", warps, "rowTiles", rowTiles, "stateTiles", stateTiles);
    }

    /** Tokens of a work-group that computes outputs. */
    int tileQ() {
        return 16 * rowTiles * warps;
    }

    /** Tokens at a time of a work-group that computes states, which keeps two tiles. */
    int stateTokens() {
        return Math.min(tileK, 32);
    }

    /** Decays of one token. */
    static int channels(RecurrenceSpec spec) {
        return spec.gate().isScalar() ? 1 : spec.keyDim();
    }

    /** Float16 states are written and read, twice unless the delta rule passes them on, which writes and reads what it solved and what tokens change. */
    Cost cost(RecurrenceSpec spec) {
        long tokens = (long) spec.states() * spec.length();
        long reads = (long) spec.batch() * spec.outHeads() * spec.length();
        int dims = spec.keyDim() + spec.valueDim();
        long states = (long) spec.states() * Math.ceilDiv(spec.length(), chunk) * spec.keyDim() * spec.valueDim();
        long flops = 2 * (tokens + reads) * spec.keyDim() * spec.valueDim() + reads * chunk * dims + 2 * states;
        long in = 2 * spec.inputs().values().stream().mapToLong(Shape::elements).sum();
        long out = 4 * spec.outputs().values().stream().mapToLong(Shape::elements).sum();
        long keys = 2 * (spec.inputs().get("k").elements() + spec.inputs().get("v").elements());
        long scratch = (isDelta(spec) ? 2 : 4) * states + 4 * tokens * channels(spec);
        if (isDelta(spec)) {
            flops += 2 * tokens * spec.keyDim() * spec.valueDim() + tokens * chunk * (spec.keyDim() + dims);
            scratch += tokens * (2 * dims + 2 * spec.valueDim() + 4);
        }
        return new Cost(flops, in + keys + out + 2 * scratch, in + out + scratch, 1);
    }

    /** Why no chunks fit, or null if some might. */
    static String limit(RecurrenceSpec spec, Device device) {
        UpdateRule rule = spec.rule();
        if (!device.instructions()) {
            return "needs matrix units, which kernels reach on NVIDIA's GPUs from Ampere on by PTX, CUDA or OpenCL, not " + device.id();
        }
        if (!KernelCache.available()) {
            return "is specialised to its plan; " + KernelCache.advice();
        }
        if (spec.dtype() != DType.F16) {
            return "reads float16, not " + spec.dtype() + "; the chunk plan reads both";
        }
        if (!(rule.correction() == Correction.NONE && rule.gate().isOfKeys() || rule.correction() == Correction.DELTA && rule.gate().isScalar())) {
            return "takes a gate of heads or key channels, or the delta rule with one of heads, not " + rule;
        }
        if (rule.norm() != Norm.NONE || rule.bonus() || rule.readsPrevious() || rule.inputGate() || spec.sequences() > 0 || spec.weighted()
                || spec.featureMap() != RecurrenceSpec.FeatureMap.IDENTITY) {
            return "takes no norm, bonus, earlier state, input gate, ragged batch, weights or feature map; the chunk and recurrent plans do";
        }
        return spec.keyDim() % 16 == 0 && spec.valueDim() % 16 == 0 ? null
                : "takes dimensions that are multiples of 16, not " + spec.keyDim() + " and " + spec.valueDim();
    }

    /** Why they do not fit, or null if they do. */
    String limitOf(RecurrenceSpec spec, Device device) {
        if (chunk > 32 && chunk >= 2 * spec.length()) {
            return "a shorter chunk already holds all " + spec.length() + " tokens";
        }
        int divided = isDelta(spec) ? spec.valueDim() : spec.keyDim();
        if (divided % (16 * stateTiles) != 0) {
            return "takes " + (isDelta(spec) ? "value" : "key") + " dimensions that are multiples of " + 16 * stateTiles + ", not " + divided;
        }
        long states = (long) spec.states() * Math.ceilDiv(spec.length(), chunk) * spec.keyDim() * spec.valueDim();
        long decays = (long) spec.states() * Math.ceilDiv(spec.length(), chunk) * chunk * channels(spec);
        if (Math.max(states, decays) > Integer.MAX_VALUE || Math.max(2 * states, 4 * decays) > device.maxArrayBytes()) {
            return "its states take " + 2 * states + " bytes and its decays " + 4 * decays + ", an array of " + device.id() + " holds "
                    + device.maxArrayBytes() + " and at most 2^31 - 1 elements; use the recurrent plan";
        }
        if (channels(spec) > 1 && rowTiles > 1) {
            return "takes 16 tokens a warp where key channels have gates of their own";
        }
        int ofOutputs = rowTiles * (spec.keyDim() / 4 + spec.valueDim() / 2 + tileK / 2);
        int ofStates = isDelta(spec) ? spec.keyDim() / 2 + chunk * 3 / 4 : stateTiles * (spec.valueDim() / 2 + 4);
        if (Math.max(ofOutputs, ofStates) > MOST_REGISTERS) {
            return "needs " + Math.max(ofOutputs, ofStates) + " registers for operands and sums, " + MOST_REGISTERS + " are there";
        }
        int products = rowTiles * (tileK * (spec.keyDim() + spec.valueDim()) + spec.keyDim() * spec.valueDim()) / 128;
        if (products > MOST_PRODUCTS) {
            return "unrolls to " + products + " products of fragments, " + MOST_PRODUCTS + " fit into a method";
        }
        int[] items = isDelta(spec) ? new int[] {32 * warps, 2 * chunk, 32 * stateTiles} : new int[] {32 * warps, 2 * spec.keyDim() / stateTiles};
        int least = IntStream.of(items).min().getAsInt();
        if (Math.max(spec.keyDim(), spec.valueDim()) > 8 * least) {
            return "copies rows of at most " + 8 * least + " channels, not of " + Math.max(spec.keyDim(), spec.valueDim());
        }
        return TilePlans.limit(device, IntStream.of(items).max().getAsInt(), localBytes(spec));
    }

    /** Of the kernel that takes most; rows of tiles are 16 bytes apart. */
    private long localBytes(RecurrenceSpec spec) {
        int keyPitch = 2 * spec.keyDim() + 16;
        int valuePitch = 2 * spec.valueDim() + 16;
        int pitch = 2 * chunk + 16;
        long outputs = 2L * tileK * Math.max(keyPitch, valuePitch);
        long states = isDelta(spec) ? spec.keyDim() * pitch + chunk * keyPitch : 2L * stateTokens() * (keyPitch + valuePitch);
        long solve = isDelta(spec) ? chunk * (keyPitch + valuePitch + pitch + 64L) : 0;
        return Math.max(outputs, Math.max(states, solve));
    }
}
