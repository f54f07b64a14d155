package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.AttentionOutputs;
import tessera.AttentionSpec;
import tessera.Scores;
import tessera.ScoreStage;
import tessera.Tensor;
import tessera.engine.Kernel;
import tessera.engine.Task;
import tessera.tasks.dense.StoredSoftmax;
import tessera.tasks.sparse.BlockGaps;
import tessera.tasks.sparse.ListedAttention;
import tessera.tasks.sparse.ListedMass;
import tessera.tasks.sparse.ListedScores;
import tessera.tasks.sparse.SkippedBlocks;
import tessera.tasks.sparse.SkippingAttention;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** The tasks that go through lists of keys: attention with modified scores, and what is asked for besides its output. */
final class ListedTasks {
    private static final Kernel ATTENTION = Kernel.of(ListedAttention.class, "rows");
    private static final Kernel GAPS = Kernel.of(BlockGaps.class, "rows");
    private static final Kernel SKIPPED = Kernel.of(SkippedBlocks.class, "rows");
    private static final Kernel SKIPPING = Kernel.of(SkippingAttention.class, "rows");
    private static final Kernel SCORES = Kernel.of(ListedScores.class, "rows");
    private static final Kernel MASS = Kernel.of(ListedMass.class, "rows");
    private static final Kernel SOFTMAX = Kernel.of(StoredSoftmax.class, "rows");
    private static final Kernel CHANGE = Kernel.of(ChangeScores.class, "rows");

    private final AttentionSpec spec;
    private final Map<String, Tensor> tensors;
    private final FloatArray lse;
    private final ListedBuffers buffers;
    private final int rows;

    /** Over tensors in the order that kernels read. */
    ListedTasks(AttentionSpec spec, String layout, Map<String, Tensor> tensors, FloatArray lse) {
        this.spec = spec;
        this.tensors = tensors;
        this.lse = lse;
        this.buffers = new ListedBuffers(spec, layout, tensors);
        this.rows = spec.batch() * spec.heads() * spec.queries();
    }

    void fill() {
        buffers.fill();
    }

    List<TornadoNativeArray> inputs() {
        return buffers.arrays();
    }

    private TornadoNativeArray data(String name) {
        return tensors.get(name).data();
    }

    Task attention(int parts, Object out, Object partLse) {
        List<TornadoNativeArray> b = buffers.arrays();
        return Task.rows("attention", ATTENTION, parts * rows, data("q"), data("k"), data("v"), out, partLse, b.get(0), b.get(1), b.get(2),
                b.get(3), b.get(4), b.get(5), spec.heads(), spec.queries(), spec.headDim(), spec.valueDim(), spec.scale(), rows,
                Math.ceilDiv(spec.keys(), parts));
    }

    /** First which blocks' values are left out, then attention without them. */
    List<Task> skipping() {
        List<TornadoNativeArray> b = buffers.arrays();
        int blockQ = spec.arrangement().listQueries();
        int blockK = spec.arrangement().listBlock();
        int keyBlocks = Math.ceilDiv(spec.keys(), blockK);
        int blockRows = spec.batch() * spec.heads() * Math.ceilDiv(spec.queries(), blockQ);
        IntArray skipped = new IntArray(Math.multiplyExact(blockRows, keyBlocks));
        FloatArray gaps = new FloatArray(Math.multiplyExact(rows, keyBlocks));
        return List.of(
                Task.rows("gaps", GAPS, rows, data("q"), data("k"), gaps, b.get(0), b.get(1), b.get(5), spec.heads(), spec.queries(),
                        spec.headDim(), spec.scale(), spec.batch(), blockQ, blockK, keyBlocks),
                Task.rows("skip", SKIPPED, blockRows * keyBlocks, gaps, skipped, spec.queries(), blockQ, keyBlocks, spec.arrangement().pvSkip()),
                Task.rows("attention", SKIPPING, rows, data("q"), data("k"), data("v"), data("out"), lse, b.get(0), b.get(1), b.get(5), skipped,
                        spec.heads(), spec.queries(), spec.headDim(), spec.valueDim(), spec.scale(), spec.batch(), blockQ, blockK, keyBlocks));
    }

    /** The textbook form: scores in memory, then what the user does to them, then the softmax and the weighted sum. */
    List<Task> stored() {
        FloatArray scores = new FloatArray(rows * spec.keys());
        List<Task> tasks = new ArrayList<>();
        tasks.add(scores("store", scores, ScoreStage.MASKED));
        Scores own = spec.scores();
        if (own.function() != null) {
            tasks.add(Task.rows("change", CHANGE, rows, scores, own.function(), spec.heads(), spec.queries(), spec.keys()));
        }
        if (own.kernel() != null) {
            tasks.add(Task.rows("change", own.kernel(), rows, scores, spec.heads(), spec.queries(), spec.keys()));
        }
        tasks.add(Task.rows("softmax", SOFTMAX, rows, scores, data("v"), data("out"), lse, buffers.perHead(), buffers.geometry(), spec.heads(),
                spec.queries(), spec.keys(), spec.valueDim(), spec.arrangement().valueStride(spec), spec.batch()));
        return tasks;
    }

    private Task scores(String id, Object scores, ScoreStage stage) {
        List<TornadoNativeArray> b = buffers.arrays();
        return Task.rows(id, SCORES, rows, data("q"), data("k"), lse, scores, b.get(0), b.get(1), b.get(2), b.get(3), b.get(4), b.get(5),
                spec.heads(), spec.queries(), spec.keys(), spec.headDim(), spec.scale(), spec.batch(), stage.ordinal());
    }

    /** Tasks for the outputs besides {@code out} and {@code lse}; they read the log-sum-exp. */
    List<Task> requested() {
        AttentionOutputs requested = spec.requested();
        List<Task> tasks = new ArrayList<>();
        if (requested.columnMass()) {
            tasks.add(mass("column_mass", "columnMass", spec.queries(), 1));
        }
        if (requested.massQ() > 0) {
            tasks.add(mass("block_mass", "blockMass", requested.massQ(), requested.massK()));
        }
        if (requested.scores() != null) {
            tasks.add(scores("scores", data("scores"), requested.scores()));
        }
        return tasks;
    }

    private Task mass(String id, String output, int massQ, int massK) {
        List<TornadoNativeArray> b = buffers.arrays();
        return Task.rows(id, MASS, tensors.get(output).shape().elements(), data("q"), data("k"), lse, data(output), b.get(0), b.get(1), b.get(2),
                b.get(3), b.get(4), b.get(5), spec.heads(), spec.queries(), spec.keys(), spec.headDim(), spec.scale(), spec.batch(), massQ, massK);
    }
}
