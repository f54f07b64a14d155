package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.RecurrenceSpec;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.Tensor;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.UpdateRule.Norm;
import tessera.engine.Kernel;
import tessera.engine.Task;
import tessera.tasks.linear.ChunkCorrections;
import tessera.tasks.linear.ChunkOutputs;
import tessera.tasks.linear.ChunkPairs;
import tessera.tasks.linear.ChunkScan;
import tessera.tasks.linear.ChunkSolve;
import tessera.tasks.linear.ChunkStates;
import tessera.tasks.linear.ChunkTransitions;
import tessera.tasks.linear.CorrectedRecurrence;
import tessera.tasks.linear.DeltaFactors;
import tessera.tasks.linear.GatedRecurrence;
import tessera.tasks.linear.MapFeatures;
import tessera.tasks.linear.ReadState;
import tessera.tasks.linear.Reading;
import tessera.tasks.linear.SplitState;
import tessera.tasks.linear.StabilisedRecurrence;
import tessera.tasks.linear.StackState;
import tessera.tasks.linear.TransitionScan;

/** The tasks of a recurrence in each of its forms. */
final class RecurrenceTasks {
    private static final Kernel MAP = Kernel.of(MapFeatures.class, "rows");
    private static final Kernel STACK = Kernel.of(StackState.class, "rows");
    private static final Kernel SPLIT = Kernel.of(SplitState.class, "rows");
    private static final Kernel DELTA = Kernel.of(DeltaFactors.class, "rows");
    private static final Kernel GATED = Kernel.of(GatedRecurrence.class, "rows");
    private static final Kernel CORRECTED = Kernel.of(CorrectedRecurrence.class, "rows");
    private static final Kernel STABILISED = Kernel.of(StabilisedRecurrence.class, "rows");
    private static final Kernel STATES = Kernel.of(ChunkStates.class, "rows");
    private static final Kernel SCAN = Kernel.of(ChunkScan.class, "rows");
    private static final Kernel OUTPUTS = Kernel.of(ChunkOutputs.class, "rows");
    private static final Kernel READ = Kernel.of(ReadState.class, "rows");
    private static final Kernel PAIRS = Kernel.of(ChunkPairs.class, "rows");
    private static final Kernel SOLVE = Kernel.of(ChunkSolve.class, "rows");
    private static final Kernel TRANSITIONS = Kernel.of(ChunkTransitions.class, "rows");
    private static final Kernel TRANSITION_SCAN = Kernel.of(TransitionScan.class, "rows");
    private static final Kernel CORRECTIONS = Kernel.of(ChunkCorrections.class, "rows");

    private final RecurrenceSpec spec;
    private final RecurrenceMaps maps;
    private final Map<String, Tensor> all;
    private final List<Task> tasks = new ArrayList<>();
    private final int chunk;
    private final int chunks;
    private final int states;
    private final int dk;
    private final int dv;

    RecurrenceTasks(RecurrenceSpec spec, RecurrenceMaps maps, int chunk, Map<String, Tensor> all) {
        this.spec = spec;
        this.maps = maps;
        this.all = all;
        this.chunk = chunk;
        this.chunks = Math.ceilDiv(spec.length(), chunk);
        this.states = spec.states();
        this.dk = spec.keyDim();
        this.dv = spec.valueDim();
    }

    List<Task> all() {
        return tasks;
    }

    private Object data(String name) {
        return all.getOrDefault(name, all.get("nothing")).data();
    }

    private Object scratch(String name, int... dims) {
        return all.computeIfAbsent(name, _ -> Tensor.zeros(dims)).data();
    }

    private boolean corrected() {
        return spec.rule().correction() != Correction.NONE;
    }

    /** Features of queries and keys, gates as decays, the delta rule as a correction of rank one. */
    void prepare() {
        if (spec.featureMap() != FeatureMap.IDENTITY) {
            int map = spec.featureMap() == FeatureMap.RELU ? MapFeatures.RELU : MapFeatures.ELU_PLUS_ONE;
            map("map_q", "q", "q", map);
            map("map_k", "k", "k", map);
        }
        map("decay", "gate", "decay", MapFeatures.DECAY);
        if (spec.inputs().containsKey("valueGate")) {
            map("value_decay", "valueGate", "channel", MapFeatures.DECAY);
        }
        if (spec.gate() == Gate.SSM || spec.gate() == Gate.IMPLICIT) {
            all.put("channel", all.get(spec.gate() == Gate.SSM ? "delta" : "epsilon"));
        }
    }

    private void map(String id, String from, String to, int map) {
        Tensor x = all.get(from);
        Tensor mapped = Tensor.zeros(DType.F32, x.shape());
        tasks.add(Task.rows(id, MAP, x.shape().elements(), x.data(), mapped.data(), map));
        all.put(to, mapped);
    }

    /** Keys that a correction goes with; the delta rule's are made, for each state its own. */
    private Object correctedKeys() {
        if (spec.rule().correction() != Correction.DELTA) {
            return data("k");
        }
        int rows = spec.batch() * spec.stateHeads();
        tasks.add(Task.rows("factors", DELTA, rows * spec.length(), data("k"), data("decay"), data("beta"), scratch("a", rows, spec.length(), dk),
                scratch("b", rows, spec.length(), dk), scratch("keys", rows, spec.length(), dk), maps.array(), spec.stateHeads() / spec.keyHeads(), dk, maps.gateStep(), maps.gateChannel()));
        return data("keys");
    }

    private int options() {
        int options = spec.rule().readsPrevious() ? Reading.PREVIOUS : 0;
        options |= spec.rule().norm() == Norm.SUM ? Reading.SUM : spec.rule().norm() == Norm.MAXABS ? Reading.MAXABS : 0;
        options |= spec.rule().bonus() ? Reading.BONUS : 0;
        options |= spec.gate() == Gate.VALUE_TOKEN || spec.gate() == Gate.KEY_VALUE ? Reading.OF_VALUES : 0;
        return options | (spec.gate() == Gate.SSM ? Reading.SSM : spec.gate() == Gate.IMPLICIT ? Reading.IMPLICIT : 0);
    }

    void recurrent() {
        Object from = scratch("from", states, dk, dv + 1);
        Object to = scratch("to", states, dk, dv + 1);
        Object keys = corrected() ? correctedKeys() : data("k");
        tasks.add(Task.rows("stack", STACK, states * dk, data("s0"), data("z0"), from, dv));
        if (spec.rule().inputGate()) {
            tasks.add(Task.rows("recurrence", STABILISED, states * dv, data("q"), keys, data("v"), data("gate"), data("logInput"), data("u"), from, to,
                    data("m0"), data("m"), data("out"), maps.array(), dk, dv, spec.scale(), options(), maps.gateStep()));
        } else if (corrected()) {
            int byValue = spec.rule().correction() == Correction.RANK_ONE_BY_VALUE ? Reading.OF_VALUES : 0;
            tasks.add(Task.rows("recurrence", CORRECTED, states * dv, data("q"), keys, data("v"), data("decay"), data("a"), data("b"), data("c"),
                    data("u"), from, to, data("out"), maps.array(), dk, dv, spec.scale(), options() | byValue, maps.gateStep(), maps.gateChannel()));
        } else {
            tasks.add(gated("recurrence", from, to, options() | Reading.CONTINUES | Reading.KEEPS | Reading.READS));
        }
        tasks.add(Task.rows("split", SPLIT, states * dk, to, data("s"), data("z"), dv));
    }

    private Task gated(String id, Object from, Object to, int options) {
        return Task.rows(id, GATED, states * chunks * dv, data("q"), data("k"), data("v"), data("decay"), data("channel"), data("rate"), data("u"), from,
                to, data("out"), maps.array(), dk, dv, spec.scale(), options, maps.gateStep(), maps.gateChannel(), chunk);
    }

    /** What each chunk adds, and what is left of a state of ones; then the state before each chunk; then what its tokens read. */
    void scan() {
        Object added = scratch("states", states, chunks, dk, dv + 1);
        Object kept = scratch("kept", states, chunks, dk, dv + 1);
        tasks.add(gated("added", data("ones"), added, options() | Reading.KEEPS));
        tasks.add(gated("kept", data("ones"), kept, options() | Reading.CONTINUES | Reading.KEEPS | Reading.ONLY_DECAYS));
        tasks.add(scanned(added, kept, 1));
        tasks.add(gated("outputs", added, kept, options() | Reading.CONTINUES | Reading.READS));
    }

    private Task scanned(Object added, Object decay, int byElement) {
        return Task.rows("scan", SCAN, states * dk * (dv + 1), added, decay, data("s0"), data("z0"), data("s"), data("z"), dk, dv, chunks, byElement);
    }

    private void chunkStates() {
        Object added = scratch("states", states, chunks, dk, dv + 1);
        Object decay = scratch("chunkDecay", states, chunks, dk);
        tasks.add(Task.rows("states", STATES, states * chunks * dk, data("k"), data("v"), data("gate"), added, decay, maps.array(), dk, dv, chunk,
                maps.gateStep(), maps.gateChannel()));
        tasks.add(scanned(added, decay, 0));
    }

    void parallel() {
        chunkStates();
        tasks.add(Task.rows("outputs", READ, spec.batch() * spec.outHeads() * spec.length(), data("q"), data("s"), data("z"), data("out"), maps.array(),
                dk, dv, spec.scale(), options()));
    }

    /** Products within chunks; with one chunk these are all pairs of tokens. */
    void chunkwise() {
        int options = options() | (spec.weighted() ? Reading.WEIGHTED : 0);
        Object keys = data("k");
        if (corrected()) {
            keys = corrections();
            options |= Reading.CORRECTED;
        } else {
            chunkStates();
        }
        tasks.add(Task.rows("outputs", OUTPUTS, spec.batch() * spec.outHeads() * spec.length(), data("q"), keys, data("v"), data("decay"),
                data("states"), data("u"), data("weights"), data("b"), data("solved"), data("out"), maps.array(), dk, dv, spec.scale(), options, chunk,
                maps.gateStep(), maps.gateChannel()));
    }

    /** The state before each chunk and every token's correction, by the WY form. */
    private Object corrections() {
        Object keys = correctedKeys();
        int tokens = states * spec.length();
        Object pairsB = scratch("pairsB", states, spec.length(), chunk);
        Object pairsK = scratch("pairsK", states, spec.length(), chunk);
        Object w = scratch("w", states, spec.length(), dk);
        Object solved = scratch("solved", states, spec.length(), dv);
        Object added = scratch("states", states, chunks, dk, dv + 1);
        Object passed = scratch("transitions", states, chunks, dk, dk);
        tasks.add(Task.rows("pairs", PAIRS, tokens, data("a"), data("b"), keys, data("decay"), pairsB, pairsK, w, maps.array(), dk, chunk,
                maps.gateStep(), maps.gateChannel()));
        tasks.add(Task.rows("solve", SOLVE, states * chunks * (dk + dv), pairsB, pairsK, data("v"), solved, w, maps.array(), dk, dv, chunk));
        tasks.add(Task.rows("transitions", TRANSITIONS, states * chunks * dk, keys, data("v"), data("b"), solved, w, data("gate"), added, passed,
                maps.array(), dk, dv, chunk, maps.gateStep(), maps.gateChannel()));
        tasks.add(Task.rows("scan", TRANSITION_SCAN, states * dv, added, passed, data("s0"), data("s"), dk, dv, chunks));
        tasks.add(Task.rows("corrections", CORRECTIONS, tokens, solved, w, added, maps.array(), dk, dv, chunk));
        return keys;
    }
}
