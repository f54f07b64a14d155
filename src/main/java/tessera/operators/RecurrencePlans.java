package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tessera.DType;
import tessera.RecurrenceSpec;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.Shape;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.engine.Device;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;

/** The legal plans of a recurrence on a device, best guess first. */
final class RecurrencePlans {

    /** Chunk lengths, best guess first: work within chunks grows with their length, the number of states shrinks. */
    private static final int[] CHUNKS = {32, 64, 16, 128};

    /** A chunk of this length is offered for any sequence, longer ones where they do not hold it twice. */
    private static final int SHORTEST = 16;

    /** From this length on, chunks side by side are worth the states that they keep. */
    private static final int LONG = 128;

    /** Longest sequence for which the work of all pairs is offered. */
    private static final int ALL_PAIRS = 4096;

    private final RecurrenceSpec spec;
    private final Device device;
    private final Candidates candidates = new Candidates();
    private final String sizes;

    private RecurrencePlans(RecurrenceSpec spec, Device device) {
        this.spec = spec;
        this.device = device;
        long state = 4L * spec.states() * spec.keyDim() * (spec.valueDim() + (spec.normalised() ? 1 : 0));
        long cache = 4L * spec.batch() * spec.length() * ((long) spec.keyHeads() * spec.keyDim() + (long) spec.valueHeads() * spec.valueDim());
        this.sizes = String.format(Locale.ROOT, "the state takes %,d bytes, a key/value cache of %,d tokens %,d bytes", state, spec.length(), cache);
    }

    static Candidates of(RecurrenceSpec spec, Device device) {
        RecurrencePlans plans = new RecurrencePlans(spec, device);
        if (!spec.causal()) {
            plans.chunks("parallel", "every token reads the one state that all tokens make");
        } else if (spec.weighted()) {
            plans.candidates.ruleOut("recurrent", "weights between tokens need every pair of them");
            plans.quadratic();
        } else {
            plans.causal();
        }
        return plans.candidates;
    }

    private void causal() {
        String form = spec.rule().inputGate() ? "a state kept with an input gate" : spec.sequences() > 0 ? "a ragged batch"
                : spec.rule().correction() == Correction.RANK_ONE_BY_VALUE ? "a correction with a share for each value channel" : null;
        if (spec.length() < LONG || form != null) {
            recurrent();
        }
        matrix();
        if (form != null) {
            candidates.ruleOut("chunk", form + " runs token by token");
            return;
        }
        if (!spec.gate().isOfKeys()) {
            candidates.ruleOut("chunk", "products within a chunk need a gate of keys, not " + spec.gate());
            chunks("scan", "chunks walk over their tokens side by side, twice");
        } else if (spec.rule().correction() != Correction.NONE) {
            chunks("chunk", "chunks side by side, each as one step of a matrix (WY form)");
        } else {
            chunks("chunk", "chunks side by side, one state for each; shorter than dense attention from about "
                    + (2 * spec.keyDim() + CHUNKS[0]) + " tokens on by operations");
        }
        if (spec.length() >= LONG) {
            recurrent();
        }
        if (spec.gate().isOfKeys() && spec.rule().correction() == Correction.NONE) {
            quadratic();
        }
    }

    private void matrix() {
        String never = MatrixChunks.limit(spec, device);
        if (never != null) {
            candidates.ruleOut("matrix", never);
            return;
        }
        for (MatrixChunks m : MatrixChunks.all(spec)) {
            String limit = m.limitOf(spec, device);
            if (limit == null) {
                String reason = Math.ceilDiv(spec.length(), m.chunk()) + " chunks side by side on matrix units; scores and states are rounded to float16";
                candidates.add(new Plan("GLR", "matrix", "-", m.tuning(), DType.F16, m.cost(spec), reason + "; " + sizes));
            } else {
                candidates.ruleOut("matrix " + m.tuning(), limit);
            }
        }
    }

    private void recurrent() {
        add("recurrent", Map.of(), recurrentCost(), "one pass over " + spec.length() + " tokens for each value channel");
    }

    private void quadratic() {
        if (spec.length() > ALL_PAIRS) {
            candidates.ruleOut("quadratic", "the work of all pairs of " + spec.length() + " tokens is offered up to " + ALL_PAIRS + " tokens");
        } else {
            add("quadratic", Map.of(), chunkCost(spec.length()), "every pair of tokens, without a state between them");
        }
    }

    private void chunks(String variant, String reason) {
        for (int chunk : CHUNKS) {
            String limit = limit(chunk);
            if (limit == null) {
                add(variant, Map.of("chunk", chunk), chunkCost(chunk), Math.ceilDiv(spec.length(), chunk) + " " + reason);
            } else {
                candidates.ruleOut(variant + " chunk=" + chunk, limit);
            }
        }
    }

    private void add(String variant, Map<String, Integer> tuning, Cost cost, String reason) {
        candidates.add(new Plan("GLR", variant, "-", tuning, DType.F32, cost, reason + "; " + sizes));
    }

    private String limit(int chunk) {
        if (chunk > SHORTEST && chunk >= 2 * spec.length()) {
            return "a shorter chunk already holds all " + spec.length() + " tokens";
        }
        List<Long> arrays = new ArrayList<>(List.of(states(chunk)));
        if (spec.rule().correction() != Correction.NONE) {
            arrays.add(transitions(chunk));
            arrays.add((long) spec.states() * spec.length() * chunk);
        }
        long elements = arrays.stream().mapToLong(Long::longValue).max().orElseThrow();
        if (elements > Integer.MAX_VALUE) {
            return "its states have " + elements + " elements, one array holds at most 2^31 - 1; use longer chunks or the recurrent plan";
        }
        if (4 * elements > device.maxArrayBytes()) {
            return "its states take " + 4 * elements + " bytes, " + device.id() + " allows " + device.maxArrayBytes()
                    + " in one array; use longer chunks or the recurrent plan";
        }
        return null;
    }

    private int chunksOf(int chunk) {
        return Math.ceilDiv(spec.length(), chunk);
    }

    private long states(int chunk) {
        return (long) spec.states() * chunksOf(chunk) * spec.keyDim() * (spec.valueDim() + 1);
    }

    private long transitions(int chunk) {
        return (long) spec.states() * chunksOf(chunk) * spec.keyDim() * spec.keyDim();
    }

    private Cost recurrentCost() {
        long tokens = (long) spec.states() * spec.length();
        long work = spec.normalised() ? 10 : spec.rule().correction() == Correction.NONE ? 5 : 9;
        return cost(tokens * spec.keyDim() * spec.valueDim() * work, 0);
    }

    private Cost chunkCost(int chunk) {
        long tokens = (long) spec.states() * spec.length();
        long reads = (long) spec.batch() * spec.outHeads() * spec.length();
        long pairs = reads * (Math.min(chunk, spec.length()) + 1) / 2;
        long within = 2L * spec.keyDim() + 2L * spec.valueDim() + (spec.gate() == Gate.KEY_TOKEN ? spec.keyDim() : 1);
        long states = states(chunk);
        long flops = pairs * within + 4 * tokens * spec.keyDim() * (spec.valueDim() + 1) + 2 * states;
        long scratch = states + (long) spec.states() * chunksOf(chunk) * spec.keyDim();
        if (!spec.gate().isOfKeys()) {
            flops = 2 * recurrentCost().flops() + 2 * states;
            scratch = 2 * states;
        }
        if (spec.rule().correction() != Correction.NONE) {
            flops += pairs * (6L * spec.keyDim() + 4L * spec.valueDim()) + 2 * transitions(chunk) * (chunk + (long) spec.valueDim());
            scratch += transitions(chunk) + tokens * (2L * chunk + 4L * spec.keyDim() + spec.valueDim());
        }
        return cost(flops, scratch);
    }

    /** Cost with {@code scratch} elements beside inputs, outputs, stand-ins for states left out, features and decays. */
    private Cost cost(long flops, long scratch) {
        long features = spec.featureMap() == FeatureMap.IDENTITY ? 0
                : (long) spec.batch() * spec.length() * spec.keyDim() * (spec.heads() + spec.keyHeads());
        long gates = Math.max(1, elements(spec.inputs(), "gate")) + elements(spec.inputs(), "valueGate");
        long given = spec.inputs().values().stream().mapToLong(Shape::elements).sum() + spec.outputs().values().stream().mapToLong(Shape::elements).sum();
        long leftOut = (spec.initialState() ? 0 : 1) + (spec.finalState() ? 0 : 1);
        long standIns = (leftOut + 2) * spec.states() * spec.keyDim() * (spec.valueDim() + 1);
        long between = features + gates + scratch;
        return new Cost(flops + between, 4 * (given + 2 * between), 4 * (given + standIns + between), 1);
    }

    private static long elements(Map<String, Shape> shapes, String name) {
        return shapes.containsKey(name) ? shapes.get(name).elements() : 0;
    }
}
