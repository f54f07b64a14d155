package tessera.operators;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tessera.DType;
import tessera.RecurrenceSpec;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.RecurrenceSpec.Gate;
import tessera.Shape;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.RecurrenceReference;
import tessera.reference.Sample;
import tessera.tasks.linear.ChunkOutputs;
import tessera.tasks.linear.ChunkScan;
import tessera.tasks.linear.ChunkStates;
import tessera.tasks.linear.MapFeatures;
import tessera.tasks.linear.Recurrence;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** GLR: the gated linear recurrence, token by token ("recurrent") or in chunks side by side ("chunk"). */
public final class RecurrenceOperator implements Operator<RecurrenceSpec> {

    private static final Kernel MAP = Kernel.of(MapFeatures.class, "rows");
    private static final Kernel RECURRENT = Kernel.of(Recurrence.class, "rows");
    private static final Kernel STATES = Kernel.of(ChunkStates.class, "rows");
    private static final Kernel SCAN = Kernel.of(ChunkScan.class, "rows");
    private static final Kernel OUTPUTS = Kernel.of(ChunkOutputs.class, "rows");

    /** Chunk lengths, best guess first: work within chunks grows with their length, the number of states shrinks. */
    private static final int[] CHUNKS = {32, 64, 16, 128};

    /** A chunk of this length is offered for any sequence, longer ones where they do not hold it twice. */
    private static final int SHORTEST = 16;

    /** From this length on, chunks side by side are worth the states that they keep. */
    private static final int LONG = 128;

    @Override
    public Candidates plans(RecurrenceSpec spec, Device device) {
        Candidates candidates = new Candidates();
        String sizes = String.format(Locale.ROOT, "the state takes %,d bytes, a key/value cache of %,d tokens %,d bytes",
                4L * heads(spec) * spec.keyDim() * (spec.valueDim() + (spec.normalised() ? 1 : 0)), spec.length(),
                4L * heads(spec) * spec.length() * (spec.keyDim() + spec.valueDim()));
        Plan recurrent = new Plan("GLR", "recurrent", "-", Map.of(), DType.F32, recurrentCost(spec),
                "one pass over " + spec.length() + " tokens for each value channel; " + sizes);
        if (spec.length() < LONG) {
            candidates.add(recurrent);
        }
        for (int chunk : CHUNKS) {
            String limit = limit(spec, device, chunk);
            if (limit == null) {
                candidates.add(new Plan("GLR", "chunk", "-", Map.of("chunk", chunk), DType.F32, chunkCost(spec, chunk),
                        chunks(spec, chunk) + " chunks side by side, one state for each; " + sizes));
            } else {
                candidates.ruleOut("chunk chunk=" + chunk, limit);
            }
        }
        if (spec.length() >= LONG) {
            candidates.add(recurrent);
        }
        return candidates;
    }

    private static String limit(RecurrenceSpec spec, Device device, int chunk) {
        if (chunk > SHORTEST && chunk >= 2 * spec.length()) {
            return "a shorter chunk already holds all " + spec.length() + " tokens";
        }
        long states = states(spec, chunk);
        if (states > Integer.MAX_VALUE) {
            return "its states have " + states + " elements, one array holds at most 2^31 - 1; use longer chunks or the recurrent plan";
        }
        if (4 * states > device.maxArrayBytes()) {
            return "its states take " + 4 * states + " bytes, " + device.id() + " allows " + device.maxArrayBytes()
                    + " in one array; use longer chunks or the recurrent plan";
        }
        return null;
    }

    private static int heads(RecurrenceSpec spec) {
        return spec.batch() * spec.heads();
    }

    private static int chunks(RecurrenceSpec spec, int chunk) {
        return Math.ceilDiv(spec.length(), chunk);
    }

    private static long states(RecurrenceSpec spec, int chunk) {
        return (long) heads(spec) * chunks(spec, chunk) * spec.keyDim() * (spec.valueDim() + 1);
    }

    private static Cost recurrentCost(RecurrenceSpec spec) {
        long tokens = (long) heads(spec) * spec.length();
        long flops = tokens * spec.keyDim() * spec.valueDim() * (spec.normalised() ? 10L : 5L);
        return cost(spec, flops, 0);
    }

    private static Cost chunkCost(RecurrenceSpec spec, int chunk) {
        long tokens = (long) heads(spec) * spec.length();
        long pairs = tokens * (Math.min(chunk, spec.length()) + 1) / 2;
        long within = 2L * spec.keyDim() + 2L * spec.valueDim() + (spec.gate() == Gate.KEY_TOKEN ? spec.keyDim() : 1);
        long states = states(spec, chunk);
        long flops = pairs * within + 4 * tokens * spec.keyDim() * (spec.valueDim() + 1) + 2 * states;
        return cost(spec, flops, states + (long) heads(spec) * chunks(spec, chunk) * spec.keyDim());
    }

    /** Cost with {@code scratch} elements beside inputs, outputs, stand-ins for states left out, features and decays. */
    private static Cost cost(RecurrenceSpec spec, long flops, long scratch) {
        long features = spec.featureMap() == FeatureMap.IDENTITY ? 0 : 2L * heads(spec) * spec.length() * spec.keyDim();
        long gates = spec.gate() == Gate.NONE ? 1 : spec.inputs().get("gate").elements();
        long given = elements(spec.inputs()) + elements(spec.outputs());
        long leftOut = (spec.initialState() ? 0 : 1) + (spec.finalState() ? 0 : 1);
        long standIns = leftOut * heads(spec) * spec.keyDim() * (spec.valueDim() + 1);
        long between = features + gates + scratch;
        return new Cost(flops + between, 4 * (given + 2 * between), 4 * (given + standIns + between), 1);
    }

    private static long elements(Map<String, Shape> shapes) {
        return shapes.values().stream().mapToLong(Shape::elements).sum();
    }

    @Override
    public Program bind(RecurrenceSpec spec, Plan plan, Map<String, Tensor> tensors) {
        Map<String, Tensor> constants = standIns(spec);
        Map<String, Tensor> all = new LinkedHashMap<>(tensors);
        all.putAll(constants);
        all.computeIfAbsent("s", _ -> Tensor.zeros(spec.batch(), spec.heads(), spec.keyDim(), spec.valueDim()));
        all.computeIfAbsent("z", _ -> Tensor.zeros(spec.batch(), spec.heads(), spec.keyDim()));
        List<Task> tasks = new ArrayList<>();
        if (spec.featureMap() != FeatureMap.IDENTITY) {
            int map = spec.featureMap() == FeatureMap.RELU ? MapFeatures.RELU : MapFeatures.ELU_PLUS_ONE;
            all.put("q", mapped(tasks, "map_q", all.get("q"), map));
            all.put("k", mapped(tasks, "map_k", all.get("k"), map));
        }
        all.put("decay", mapped(tasks, "decay", all.get("gate"), MapFeatures.DECAY));
        tasks.addAll(plan.variant().equals("chunk") ? chunkwise(spec, plan.get("chunk"), all) : List.of(recurrent(spec, all)));
        return new Program(tasks, data(tensors, spec.inputs()), constants.values().stream().map(Tensor::data).toList(),
                data(tensors, spec.outputs()));
    }

    /** Inputs that the spec leaves out: a state of zeros, and one gate that forgets nothing. */
    private static Map<String, Tensor> standIns(RecurrenceSpec spec) {
        Map<String, Tensor> constants = new LinkedHashMap<>();
        if (spec.gate() == Gate.NONE) {
            constants.put("gate", Tensor.zeros(1));
        }
        if (!spec.initialState()) {
            constants.put("s0", Tensor.zeros(spec.batch(), spec.heads(), spec.keyDim(), spec.valueDim()));
        }
        if (!spec.initialState() || !spec.normalised()) {
            constants.put("z0", Tensor.zeros(spec.batch(), spec.heads(), spec.keyDim()));
        }
        return constants;
    }

    private static Tensor mapped(List<Task> tasks, String id, Tensor x, int map) {
        Tensor mapped = Tensor.zeros(DType.F32, x.shape());
        tasks.add(Task.rows(id, MAP, x.shape().elements(), x.data(), mapped.data(), map));
        return mapped;
    }

    private static List<TornadoNativeArray> data(Map<String, Tensor> tensors, Map<String, Shape> names) {
        return names.keySet().stream().map(name -> tensors.get(name).data()).toList();
    }

    private static Task recurrent(RecurrenceSpec spec, Map<String, Tensor> all) {
        GateIndex gate = GateIndex.of(spec);
        return Task.rows("recurrence", RECURRENT, heads(spec) * spec.valueDim(), all.get("q").data(), all.get("k").data(),
                all.get("v").data(), all.get("decay").data(), all.get("s0").data(), all.get("z0").data(), all.get("out").data(),
                all.get("s").data(), all.get("z").data(), spec.length(), spec.keyDim(), spec.valueDim(), spec.scale(),
                spec.normalised() ? 1 : 0, gate.heads, gate.span, gate.step, gate.channel);
    }

    private static List<Task> chunkwise(RecurrenceSpec spec, int chunk, Map<String, Tensor> all) {
        GateIndex gate = GateIndex.of(spec);
        int chunks = chunks(spec, chunk);
        int heads = heads(spec);
        int keyDim = spec.keyDim();
        int valueDim = spec.valueDim();
        Object k = all.get("k").data();
        Object v = all.get("v").data();
        Object states = Tensor.zeros(heads, chunks, keyDim, valueDim + 1).data();
        Object chunkDecay = Tensor.zeros(heads, chunks, keyDim).data();
        return List.of(
                Task.rows("states", STATES, heads * chunks * keyDim, k, v, all.get("gate").data(), states, chunkDecay, spec.length(), keyDim,
                        valueDim, chunk, chunks, gate.heads, gate.span, gate.step, gate.channel),
                Task.rows("scan", SCAN, heads * keyDim * (valueDim + 1), states, chunkDecay, all.get("s0").data(), all.get("z0").data(),
                        all.get("s").data(), all.get("z").data(), keyDim, valueDim, chunks),
                Task.rows("outputs", OUTPUTS, heads * spec.length(), all.get("q").data(), k, v, all.get("decay").data(), states,
                        all.get("out").data(), spec.length(), keyDim, valueDim, spec.scale(), spec.normalised() ? 1 : 0, chunk, chunks,
                        gate.heads, gate.span, gate.step, gate.channel));
    }

    /** Where a gate lies: {@code (head mod heads) * span + token * step + keyChannel * channel}. */
    private record GateIndex(int heads, int span, int step, int channel) {
        static GateIndex of(RecurrenceSpec spec) {
            int all = spec.batch() * spec.heads();
            return switch (spec.gate()) {
                case NONE -> new GateIndex(1, 0, 0, 0);
                case HEAD_CONST -> new GateIndex(spec.heads(), 1, 0, 0);
                case HEAD_TOKEN -> new GateIndex(all, spec.length(), 1, 0);
                case KEY_TOKEN -> new GateIndex(all, spec.length() * spec.keyDim(), spec.keyDim(), 1);
            };
        }
    }

    @Override
    public Expected reference(RecurrenceSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return RecurrenceReference.compute(spec, inputs, sample);
    }
}
