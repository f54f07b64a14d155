package tessera.operators;

import java.util.Map;
import tessera.DType;
import tessera.FastWeightSpec;
import tessera.FastWeightSpec.Model;
import tessera.FastWeightSpec.Optimiser;
import tessera.Shape;
import tessera.engine.Device;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;

/** The plans of fast weights. The chunk is part of what is computed, and not for a plan to choose. */
final class FastWeightPlans {

    /** Least tokens of a chunk for which reading them side by side is the first choice. */
    private static final int SIDE_BY_SIDE = 4;

    private final FastWeightSpec spec;
    private final Device device;
    private final Candidates candidates = new Candidates();
    private final long tokens;
    private final long size;
    private final long memory;

    private FastWeightPlans(FastWeightSpec spec, Device device) {
        this.spec = spec;
        this.device = device;
        this.tokens = (long) spec.batch() * spec.heads() * spec.length();
        this.size = FastWeightBuffers.weights(spec);
        this.memory = (long) spec.batch() * spec.heads() * size * FastWeightBuffers.layers(spec);
    }

    static Candidates of(FastWeightSpec spec, Device device) {
        FastWeightPlans plans = new FastWeightPlans(spec, device);
        if (spec.model() == Model.SWIGLU) {
            plans.candidates.ruleOut("primal", spec.model() + " has no kernel");
        } else if (spec.model() == Model.MLP2) {
            plans.candidates.ruleOut("dual", "the dual form is there for linear models");
            plans.primal();
        } else if (spec.optimiser() == Optimiser.MUON) {
            plans.candidates.ruleOut("primal", "steps by MUON are there for SWIGLU, not for " + spec.model());
        } else if (spec.chunk() < SIDE_BY_SIDE) {
            plans.primal();
            plans.dual();
        } else {
            plans.dual();
            plans.primal();
        }
        return plans.candidates;
    }

    private void primal() {
        long rows = (long) spec.batch() * spec.heads() * (spec.model().hasNorm() ? 1 : spec.valueDim());
        add("primal", 2, 2 * memory, rows + " rows side by side, each one token after the other");
    }

    private void dual() {
        long before = memory * Math.ceilDiv(spec.length(), spec.chunk());
        if (4 * before > Math.min(device.maxArrayBytes(), 4L * Integer.MAX_VALUE)) {
            candidates.ruleOut("dual", "the weights before each chunk take " + 4 * before + " bytes, one array on " + device.id() + " holds at most "
                    + Math.min(device.maxArrayBytes(), 4L * Integer.MAX_VALUE) + "; use longer chunks or the primal plan");
        } else {
            add("dual", 1, memory + before + tokens * spec.valueDim(), "slopes one after the other, then " + tokens + " tokens read side by side");
        }
    }

    /**
     * @param reads how often a token reads the weights at its end, beside the products within its chunk
     * @param scratch elements beside inputs, outputs and rates
     */
    private void add(String variant, int reads, long scratch, String reason) {
        long within = reads == 1 ? tokens * (Math.min(spec.chunk(), spec.length()) + 1) * (spec.keyDim() + spec.valueDim()) : 0;
        long flops = tokens * size * (4 + 2L * FastWeightBuffers.layers(spec)) + within;
        long given = spec.inputs().values().stream().mapToLong(Shape::elements).sum() + spec.outputs().values().stream().mapToLong(Shape::elements).sum();
        long elements = given + 4 * tokens + scratch;
        candidates.add(new Plan("FWM", variant, "-", Map.of(), DType.F32, new Cost(flops, 4 * elements, 4 * elements, 1), reason));
    }
}
