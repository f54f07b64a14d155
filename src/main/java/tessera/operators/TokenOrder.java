package tessera.operators;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.Tensor;
import tessera.TensorLayout;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.tasks.Join;
import tessera.tasks.SwapAxes;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * Brings an attention's tensors into the order that kernels read, and its output back: past and new tokens are joined, BLHD
 * becomes BHLD. Other inputs and outputs stay as they are.
 */
final class TokenOrder {
    private static final Kernel JOIN = Kernel.of(Join.class, "rows");
    private static final Kernel SWAP = Kernel.of(SwapAxes.class, "rows");

    private final AttentionSpec spec;
    private final boolean swapped;
    private final Map<String, Tensor> given;
    private final Map<String, Tensor> ordered;
    private final List<Task> before = new ArrayList<>();
    private final List<Task> after = new ArrayList<>();

    TokenOrder(AttentionSpec spec, Map<String, Tensor> given) {
        this.spec = spec;
        this.swapped = spec.arrangement().layout() == TensorLayout.BLHD;
        this.given = given;
        this.ordered = new LinkedHashMap<>(given);
        if (spec.arrangement().past() > 0) {
            join("k", "pastK", "presentK");
            if (given.containsKey("v")) {
                join("v", "pastV", "presentV");
            }
        }
        if (swapped) {
            swapIn("q", spec.heads(), spec.queries());
            swapIn("k", spec.kvHeads(), spec.keys());
            if (given.containsKey("v")) {
                swapIn("v", spec.kvHeads(), spec.keys());
            }
            swapOut();
        }
        ordered.putIfAbsent("v", ordered.get("k"));
    }

    /** The tensors that the operator's own tasks read and write; where values are channels of the keys, v is k. */
    Map<String, Tensor> tensors() {
        return ordered;
    }

    private void join(String name, String past, String present) {
        Tensor joined = given.get(present);
        int outer = spec.batch() * (swapped ? 1 : spec.kvHeads());
        int size = joined.shape().dim(-1) * (swapped ? spec.kvHeads() : 1);
        int count = spec.arrangement().past();
        before.add(Task.rows("join_" + name, JOIN, outer * spec.keys(), given.get(past).data(), given.get(name).data(), joined.data(), count,
                spec.keys() - count, size));
        ordered.put(name, joined);
    }

    private void swapIn(String name, int heads, int length) {
        Tensor from = ordered.get(name);
        int dim = from.shape().dim(-1);
        Tensor to = Tensor.zeros(spec.batch(), heads, length, dim);
        before.add(Task.rows("order_" + name, SWAP, spec.batch() * heads * length, from.data(), to.data(), length, heads, dim));
        ordered.put(name, to);
    }

    private void swapOut() {
        Tensor from = Tensor.zeros(spec.batch(), spec.heads(), spec.queries(), spec.valueDim());
        after.add(Task.rows("order_out", SWAP, spec.batch() * spec.heads() * spec.queries(), from.data(), given.get("out").data(), spec.heads(),
                spec.queries(), spec.valueDim()));
        ordered.put("out", from);
    }

    /** Elements of the tensors that are made in between. */
    static long scratch(AttentionSpec spec) {
        long queryRows = (long) spec.heads() * spec.queries();
        long keyRows = (long) spec.kvHeads() * spec.keys();
        boolean swapped = spec.arrangement().layout() == TensorLayout.BLHD;
        int keyDim = spec.headDim() + (spec.arrangement().valuesInKeys() ? 0 : spec.valueDim());
        return swapped ? spec.batch() * (queryRows * (spec.headDim() + spec.valueDim()) + keyRows * keyDim) : 0;
    }

    /** The program of the operator's own tasks, between those that order its tensors. */
    Program around(List<Task> tasks, List<TornadoNativeArray> others, List<TornadoNativeArray> constants, Runnable start, Runnable finish) {
        List<Task> all = new ArrayList<>(before);
        all.addAll(tasks);
        all.addAll(after);
        List<TornadoNativeArray> inputs = new ArrayList<>();
        for (String name : List.of("q", "k", "v", "pastK", "pastV")) {
            if (given.containsKey(name)) {
                inputs.add(given.get(name).data());
            }
        }
        inputs.addAll(others);
        List<TornadoNativeArray> outputs = spec.outputs().keySet().stream().map(name -> given.get(name).data()).toList();
        return new Program(all, inputs, constants, outputs, start, finish);
    }
}
