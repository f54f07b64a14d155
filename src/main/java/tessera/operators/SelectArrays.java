package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.SelectSpec;
import tessera.Tensor;
import tessera.engine.Kernel;
import tessera.engine.Task;
import tessera.tasks.sparse.MixedBlocks;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** What all steps of a selection read: the given inputs, places among the candidates, and what is forced. */
final class SelectArrays {
    private static final Kernel MIXED = Kernel.of(MixedBlocks.class, "rows");

    private final SelectSpec spec;
    private final Map<String, Tensor> tensors;
    private final List<Task> tasks = new ArrayList<>();
    private final List<TornadoNativeArray> inputs = new ArrayList<>();
    private final List<TornadoNativeArray> constants = new ArrayList<>();
    private final List<TornadoNativeArray> computed = new ArrayList<>();
    private final IntArray places;
    private final IntArray forcedRows;
    private final IntArray forcedColumns;

    SelectArrays(SelectSpec spec, Map<String, Tensor> tensors) {
        this.spec = spec;
        this.tensors = tensors;
        int rows = spec.rows();
        places = constant(new IntArray(3 * rows));
        for (int row = 0; row < rows; row++) {
            places.set(row, spec.visible(row));
            places.set(rows + row, spec.forcedFrom(row));
            places.set(2 * rows + row, spec.forcedTo(row));
        }
        forcedRows = forced("forcedRows", "q", spec.batch() * spec.listHeads(), spec.queries(), rows, spec.blockQ());
        forcedColumns = forced("forcedColumns", "k", spec.batch() * spec.kvHeads(), spec.keys(), spec.candidates(), spec.blockK());
    }

    private IntArray forced(String name, String tokens, int heads, int length, int blocks, int block) {
        if (tensors.containsKey(name)) {
            return integers(name);
        }
        if (spec.forced().similarity() < 0) {
            return zeros(heads * blocks);
        }
        IntArray mixed = new IntArray(heads * blocks);
        computed.add(mixed);
        tasks.add(Task.rows("mixed_" + tokens, MIXED, heads * blocks, floats(tokens), mixed, length, blocks, block, spec.headDim(),
                spec.forced().similarity()));
        return mixed;
    }

    FloatArray floats(String name) {
        return input((FloatArray) tensors.get(name).data());
    }

    IntArray integers(String name) {
        return input((IntArray) tensors.get(name).data());
    }

    private <T extends TornadoNativeArray> T input(T array) {
        if (inputs.stream().noneMatch(known -> known == array)) {
            inputs.add(array);
        }
        return array;
    }

    <T extends TornadoNativeArray> T constant(T array) {
        constants.add(array);
        return array;
    }

    IntArray zeros(int size) {
        IntArray zeros = constant(new IntArray(size));
        zeros.init(0);
        return zeros;
    }

    /** 0, 1, 2 and so on. */
    IntArray indices(int size) {
        IntArray indices = constant(new IntArray(size));
        for (int n = 0; n < size; n++) {
            indices.set(n, n);
        }
        return indices;
    }

    /** @throws IllegalArgumentException if the inputs name rows or channels that are not there */
    void check() {
        check("rows", spec.queries());
        check("channels", spec.headDim());
    }

    private void check(String name, int end) {
        for (int n = 0; tensors.containsKey(name) && n < tensors.get(name).shape().elements(); n++) {
            int index = ((IntArray) tensors.get(name).data()).get(n);
            if (index < 0 || index >= end) {
                throw new IllegalArgumentException(name + " must be between 0 and " + (end - 1) + ", got " + index + " as number " + n);
            }
        }
    }

    /** [3, rows]: how many candidates each row sees, the first that it keeps by its place, and the one after the last of those. */
    IntArray places() {
        return places;
    }

    /** [batch, listHeads, rows], other than 0 where a row keeps everything. */
    IntArray forcedRows() {
        return forcedRows;
    }

    /** [batch, kvHeads, candidates], other than 0 for what every row keeps. */
    IntArray forcedColumns() {
        return forcedColumns;
    }

    List<Task> tasks() {
        return tasks;
    }

    List<TornadoNativeArray> inputs() {
        return inputs;
    }

    List<TornadoNativeArray> constants() {
        return constants;
    }

    /** What the tasks write. */
    List<TornadoNativeArray> computed() {
        return computed;
    }
}
