package tessera.operators;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Program;
import tessera.planner.Candidates;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.RecurrenceReference;
import tessera.reference.Sample;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * GLR: the gated linear recurrence, token by token ("recurrent"), in chunks side by side by products within them ("chunk", on matrix
 * units "matrix") or by walking over them ("scan"), by all pairs of tokens ("quadratic"), or through one state of all tokens ("parallel").
 */
public final class RecurrenceOperator implements Operator<RecurrenceSpec> {

    @Override
    public Candidates plans(RecurrenceSpec spec, Device device) {
        return RecurrencePlans.of(spec, device);
    }

    @Override
    public Program bind(RecurrenceSpec spec, Plan plan, Map<String, Tensor> tensors) {
        if (plan.variant().equals("matrix")) {
            return new MatrixChunkTasks(spec, MatrixChunks.of(plan), tensors).program();
        }
        int chunk = plan.tuning().getOrDefault("chunk", spec.length());
        RecurrenceMaps maps = new RecurrenceMaps(spec, Math.ceilDiv(spec.length(), chunk));
        Map<String, Tensor> constants = standIns(spec);
        Map<String, Tensor> all = new LinkedHashMap<>(tensors);
        constants.forEach(all::putIfAbsent);
        if (plan.variant().equals("scan")) {
            int chunks = Math.ceilDiv(spec.length(), chunk);
            all.put("ones", Tensor.zeros(spec.states(), chunks, spec.keyDim(), spec.valueDim() + 1).fill(1));
            constants.put("ones", all.get("ones"));
        }
        all.computeIfAbsent("s", _ -> Tensor.zeros(spec.states(), spec.keyDim(), spec.valueDim()));
        all.computeIfAbsent("z", _ -> Tensor.zeros(spec.states(), spec.keyDim()));
        all.computeIfAbsent("m", _ -> Tensor.zeros(spec.states()));
        RecurrenceTasks tasks = new RecurrenceTasks(spec, maps, chunk, all);
        tasks.prepare();
        switch (plan.variant()) {
            case "recurrent" -> tasks.recurrent();
            case "scan" -> tasks.scan();
            case "parallel" -> tasks.parallel();
            default -> tasks.chunkwise();
        }
        List<TornadoNativeArray> inputs = new ArrayList<>(data(tensors, spec.inputs()));
        inputs.removeIf(array -> spec.sequences() > 0 && array == tensors.get("cuSeqlens").data());
        List<TornadoNativeArray> fixed = new ArrayList<>(constants.values().stream().map(Tensor::data).toList());
        (spec.sequences() > 0 ? inputs : fixed).add(maps.array());
        return new Program(tasks.all(), inputs, fixed, data(tensors, spec.outputs()), () -> maps.fill(tensors), () -> finish(spec, all));
    }

    private static void finish(RecurrenceSpec spec, Map<String, Tensor> all) {
        if (spec.finalState() && spec.rule().inputGate()) {
            Lse.markEmpty((FloatArray) all.get("m").data());
        }
    }

    /** Inputs that the spec leaves out: a state of zeros, one gate that forgets nothing, and one element for what is not read. */
    private static Map<String, Tensor> standIns(RecurrenceSpec spec) {
        Map<String, Tensor> constants = new LinkedHashMap<>();
        constants.put("nothing", Tensor.zeros(1));
        if (!spec.inputs().containsKey("gate")) {
            constants.put("gate", Tensor.zeros(1));
        }
        if (!spec.initialState()) {
            constants.put("s0", Tensor.zeros(spec.states(), spec.keyDim(), spec.valueDim()));
        }
        if (!spec.initialState() || !spec.normalised()) {
            constants.put("z0", Tensor.zeros(spec.states(), spec.keyDim()));
        }
        if (spec.rule().inputGate() && !spec.initialState()) {
            constants.put("m0", Tensor.zeros(spec.states()).fill(Float.NEGATIVE_INFINITY));
        }
        return constants;
    }

    private static List<TornadoNativeArray> data(Map<String, Tensor> tensors, Map<String, Shape> names) {
        return names.keySet().stream().map(name -> tensors.get(name).data()).toList();
    }

    @Override
    public Expected reference(RecurrenceSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return RecurrenceReference.compute(spec, inputs, sample);
    }
}
