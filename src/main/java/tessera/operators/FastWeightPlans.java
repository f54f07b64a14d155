package tessera.operators;

import java.util.List;
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

    /** Numbers in a cache line. */
    private static final int LINE = 16;

    private final FastWeightSpec spec;
    private final Device device;
    private final Candidates candidates = new Candidates();
    private final long states;
    private final long tokens;
    private final long size;
    private final long memory;

    private FastWeightPlans(FastWeightSpec spec, Device device) {
        this.spec = spec;
        this.device = device;
        this.states = (long) spec.batch() * spec.heads();
        this.tokens = states * spec.length();
        this.size = FastWeightBuffers.weights(spec);
        this.memory = states * size * FastWeightBuffers.layers(spec);
    }

    static Candidates of(FastWeightSpec spec, Device device) {
        FastWeightPlans plans = new FastWeightPlans(spec, device);
        if (spec.optimiser() == Optimiser.MUON && spec.model() != Model.SWIGLU) {
            plans.candidates.ruleOut("primal", "steps by MUON are there for SWIGLU, not for " + spec.model());
        } else if (spec.model().isDeep()) {
            plans.candidates.ruleOut("dual", "the dual form is there for linear models");
            plans.primal(Map.of(), 1);
        } else if (spec.model().hasNorm()) {
            plans.linear(Map.of(), 1);
        } else {
            plans.columns().forEach(columns -> plans.linear(Map.of("columns", columns), spec.valueDim() / columns));
        }
        return plans.candidates;
    }

    /** Value channels of a row of a model without a norm: neighbours for a CPU, whose caches hold lines; one for others, so that rows are many. */
    private List<Integer> columns() {
        int line = LINE;
        while (spec.valueDim() % line != 0) {
            line--;
        }
        return line == 1 ? List.of(1) : device.kind().equals("CPU") ? List.of(line, 1) : List.of(1, line);
    }

    private void linear(Map<String, Integer> tuning, int rows) {
        if (spec.chunk() < SIDE_BY_SIDE) {
            primal(tuning, rows);
            dual(tuning);
        } else {
            dual(tuning);
            primal(tuning, rows);
        }
    }

    /** @param rows of one state */
    private void primal(Map<String, Integer> tuning, int rows) {
        long work = states * FastWeightBuffers.work(spec);
        if (fits("primal", Math.max(memory, work), "use fewer heads")) {
            add("primal", tuning, work(), 2 * memory + work, states * rows + " rows side by side, each one token after the other");
        }
    }

    private void dual(Map<String, Integer> tuning) {
        long before = memory * Math.ceilDiv(spec.length(), spec.chunk());
        if (fits("dual", before, "use longer chunks or the primal plan")) {
            long pairs = tokens * (Math.min(spec.chunk(), spec.length()) + 1) / 2;
            add("dual", tuning, work() + 2 * pairs * (spec.keyDim() + spec.valueDim()), memory + before + tokens * spec.valueDim(),
                    "slopes one after the other, then " + tokens + " tokens read side by side");
        }
    }

    private boolean fits(String variant, long elements, String advice) {
        long most = Math.min(device.maxArrayBytes(), 4L * Integer.MAX_VALUE);
        if (4 * elements > most) {
            candidates.ruleOut(variant, "its weights take " + 4 * elements + " bytes, one array on " + device.id() + " holds at most " + most + "; " + advice);
        }
        return 4 * elements <= most;
    }

    /** @param scratch elements beside inputs, outputs and rates */
    private void add(String variant, Map<String, Integer> tuning, long flops, long scratch, String reason) {
        long given = spec.inputs().values().stream().mapToLong(Shape::elements).sum() + spec.outputs().values().stream().mapToLong(Shape::elements).sum();
        long elements = given + 4 * tokens + scratch;
        candidates.add(new Plan("FWM", variant, "-", tuning, DType.F32, new Cost(flops, 4 * elements, 4 * elements, 1), reason));
    }

    /** Value, gradient, step and read of every token; back through the hidden units where there are any. */
    private long work() {
        long passes = (spec.model().isDeep() ? 3 : 2) + FastWeightBuffers.layers(spec);
        return 2 * tokens * size * passes;
    }
}
