package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.tasks.Widen;
import tessera.tasks.linear.ChannelScores;
import tessera.tasks.linear.ChunkDecays;
import tessera.tasks.linear.MatrixChunkOutputs;
import tessera.tasks.linear.MatrixChunkScan;
import tessera.tasks.linear.MatrixChunkStates;
import tessera.tasks.linear.MatrixDeltaSolve;
import tessera.tasks.linear.MatrixDeltaStates;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** The tasks of a recurrence on matrix units: decays, what each chunk adds, the state before each, what its tokens read. */
final class MatrixChunkTasks {
    private static final Kernel DECAYS = Kernel.of(ChunkDecays.class, "rows");
    private static final Kernel STATES = Kernel.of(MatrixChunkStates.class, "tiles");
    private static final Kernel SCAN = Kernel.of(MatrixChunkScan.class, "tiles");
    private static final Kernel WIDEN = Kernel.of(Widen.class, "rows");
    private static final Kernel SOLVE = Kernel.of(MatrixDeltaSolve.class, "tiles");
    private static final Kernel DELTA_STATES = Kernel.of(MatrixDeltaStates.class, "tiles");
    private static final Kernel OUTPUTS = Kernel.of(MatrixChunkOutputs.class, "tiles");

    /** Tokens that a work-item sums the gates of: few, as it starts at the start of their chunk. */
    private static final int SPAN = 4;

    /** Chunks that a scan loads at a time, and its work-items in a group. */
    private static final int AHEAD = 8;
    private static final int SCANNERS = 128;

    private final RecurrenceSpec spec;
    private final MatrixChunks sizes;
    private final Map<String, Tensor> tensors;
    private final List<TornadoNativeArray> constants = new ArrayList<>();
    private final int chunks;
    private final int channels;
    private final FloatArray decays;

    MatrixChunkTasks(RecurrenceSpec spec, MatrixChunks sizes, Map<String, Tensor> tensors) {
        this.spec = spec;
        this.sizes = sizes;
        this.tensors = tensors;
        this.chunks = Math.ceilDiv(spec.length(), sizes.chunk());
        this.channels = MatrixChunks.channels(spec);
        this.decays = new FloatArray(spec.states() * chunks * sizes.chunk() * channels);
    }

    Program program() {
        Object before = states();
        boolean delta = spec.rule().correction() == Correction.DELTA;
        List<Task> tasks = delta ? delta(before) : sums(before);
        return new Program(tasks, data(spec.inputs()), constants, data(spec.outputs()));
    }

    private List<Task> sums(Object before) {
        Object added = states();
        return List.of(decays(), added(added), scan(added, before), outputs(before, data("v"), spec.stateHeads() / spec.valueHeads()));
    }

    /** What tokens change takes the place of their values. */
    private List<Task> delta(Object before) {
        Object beta = Tensor.zeros(DType.F32, spec.inputs().get("beta")).data();
        Object solved = half(spec.states(), chunks, spec.keyDim() + spec.valueDim(), sizes.chunk());
        Object changes = half(spec.states(), spec.length(), spec.valueDim());
        Task widen = Task.rows("widen_beta", WIDEN, spec.states() * spec.length(), data("beta"), beta);
        Task solve = Task.tiles("solve", SOLVE, chunks, spec.states(), 2 * sizes.chunk(), data("k"), data("v"), beta, decays, solved,
                spec.stateHeads() / spec.keyHeads(), spec.stateHeads() / spec.valueHeads(), spec.length(), spec.keyDim(), spec.valueDim(), chunks,
                sizes.chunk());
        Task states = Task.tiles("states", DELTA_STATES, spec.valueDim() / (16 * sizes.stateTiles()), spec.states(), 32 * sizes.stateTiles(), data("k"),
                solved, decays, first(), before, changes, last(), spec.stateHeads() / spec.keyHeads(), spec.length(), spec.keyDim(), spec.valueDim(),
                chunks, sizes.chunk(), sizes.stateTiles());
        return List.of(decays(), widen, solve, states, outputs(before, changes, 1));
    }

    private Task decays() {
        boolean given = spec.gate() != Gate.NONE;
        boolean ofTokens = spec.gate() == Gate.HEAD_TOKEN || spec.gate() == Gate.KEY_TOKEN;
        Object gate = given ? data("gate") : constant(Tensor.zeros(DType.F16, Shape.of(1)));
        int heads = ofTokens ? spec.states() : given ? spec.stateHeads() : 1;
        int span = channels > 1 ? sizes.chunk() : SPAN;
        return Task.rows("decays", DECAYS, spec.states() * chunks * (sizes.chunk() / span) * channels, gate, decays, heads, ofTokens ? 1 : 0, channels,
                spec.length(), chunks, sizes.chunk(), span, channels > 1 ? ChannelScores.LEAST : ChunkDecays.LEAST);
    }

    private Task added(Object added) {
        return Task.tiles("states", STATES, chunks, spec.states(), 2 * spec.keyDim() / sizes.stateTiles(), data("k"), data("v"), decays, added,
                spec.stateHeads() / spec.keyHeads(), spec.stateHeads() / spec.valueHeads(), spec.length(), spec.keyDim(), spec.valueDim(), chunks,
                sizes.chunk(), sizes.stateTokens(), sizes.stateTiles(), channels);
    }

    private Task scan(Object added, Object before) {
        return Task.tiles("scan", SCAN, Math.ceilDiv(spec.keyDim() * spec.valueDim() / 2, SCANNERS), spec.states(), SCANNERS, added, decays, first(), before,
                last(), spec.length(), spec.keyDim(), spec.valueDim(), chunks, sizes.chunk(), channels, AHEAD);
    }

    private Task outputs(Object before, Object values, int ofValues) {
        return Task.tiles("outputs", OUTPUTS, Math.ceilDiv(spec.length(), sizes.tileQ()), spec.batch() * spec.outHeads(), 32 * sizes.warps(), data("q"),
                data("k"), values, before, decays, data("out"), spec.outHeads() / spec.heads(), spec.outHeads() / spec.stateHeads(),
                spec.stateHeads() / spec.keyHeads(), ofValues, spec.length(), spec.keyDim(), spec.valueDim(), spec.scale(), sizes.chunk(), sizes.tileK(),
                sizes.warps(), sizes.rowTiles(), channels);
    }

    private Object first() {
        return spec.initialState() ? data("s0") : constant(Tensor.zeros(DType.F32, Shape.of(spec.states(), spec.keyDim(), spec.valueDim())));
    }

    private Object last() {
        return spec.finalState() ? data("s") : Tensor.zeros(spec.states(), spec.keyDim(), spec.valueDim()).data();
    }

    private Object states() {
        return half(spec.states(), chunks, spec.keyDim(), spec.valueDim());
    }

    private static Object half(int... dims) {
        return Tensor.zeros(DType.F16, Shape.of(dims)).data();
    }

    private Object constant(Tensor tensor) {
        constants.add(tensor.data());
        return tensor.data();
    }

    private Object data(String name) {
        return tensors.get(name).data();
    }

    private List<TornadoNativeArray> data(Map<String, Shape> names) {
        return names.keySet().stream().map(name -> tensors.get(name).data()).toList();
    }
}
