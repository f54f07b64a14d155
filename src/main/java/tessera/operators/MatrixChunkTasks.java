package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.tasks.linear.ChannelScores;
import tessera.tasks.linear.ChunkDecays;
import tessera.tasks.linear.MatrixChunkOutputs;
import tessera.tasks.linear.MatrixChunkScan;
import tessera.tasks.linear.MatrixChunkStates;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** The tasks of a recurrence on matrix units: decays, what each chunk adds, the state before each, what its tokens read. */
final class MatrixChunkTasks {
    private static final Kernel DECAYS = Kernel.of(ChunkDecays.class, "rows");
    private static final Kernel STATES = Kernel.of(MatrixChunkStates.class, "tiles");
    private static final Kernel SCAN = Kernel.of(MatrixChunkScan.class, "tiles");
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
        Object added = states();
        Object before = states();
        List<Task> tasks = List.of(decays(), added(added), scan(added, before), outputs(before));
        return new Program(tasks, data(spec.inputs()), constants, data(spec.outputs()));
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
        Shape state = Shape.of(spec.states(), spec.keyDim(), spec.valueDim());
        Object s0 = spec.initialState() ? data("s0") : constant(Tensor.zeros(DType.F32, state));
        Object s = spec.finalState() ? data("s") : Tensor.zeros(DType.F32, state).data();
        return Task.tiles("scan", SCAN, Math.ceilDiv(spec.keyDim() * spec.valueDim() / 2, SCANNERS), spec.states(), SCANNERS, added, decays, s0, before, s,
                spec.length(), spec.keyDim(), spec.valueDim(), chunks, sizes.chunk(), channels, AHEAD);
    }

    private Task outputs(Object before) {
        return Task.tiles("outputs", OUTPUTS, Math.ceilDiv(spec.length(), sizes.tileQ()), spec.batch() * spec.outHeads(), 32 * sizes.warps(), data("q"),
                data("k"), data("v"), before, decays, data("out"), spec.outHeads() / spec.heads(), spec.outHeads() / spec.stateHeads(),
                spec.stateHeads() / spec.keyHeads(), spec.stateHeads() / spec.valueHeads(), spec.length(), spec.keyDim(), spec.valueDim(), spec.scale(),
                sizes.chunk(), sizes.tileK(), sizes.warps(), sizes.rowTiles(), channels);
    }

    private Object states() {
        return Tensor.zeros(DType.F16, Shape.of(spec.states(), chunks, spec.keyDim(), spec.valueDim())).data();
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
