package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.RotarySpec;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.RotaryReference;
import tessera.reference.Sample;
import tessera.tasks.dense.RotatePairs;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** ROPE: rotary position embedding. */
public final class RotaryOperator implements Operator<RotarySpec> {

    private static final Kernel ROWS = Kernel.of(RotatePairs.class, "rows");

    @Override
    public Candidates plans(RotarySpec spec, Device device) {
        long rows = (long) spec.batch() * spec.heads() * spec.length();
        long angles = (spec.positions() > 0 ? spec.positions() : (long) spec.batch() * spec.length()) * spec.rotaryDim();
        long bytes = 4 * (2 * rows * spec.headDim() + angles + (long) spec.batch() * spec.length());
        Candidates candidates = new Candidates();
        candidates.add(new Plan("ROPE", "rows", "-", Map.of(), DType.F32, new Cost(3 * rows * spec.rotaryDim(), bytes, bytes, 1),
                "one token of one head for each work-item"));
        return candidates;
    }

    @Override
    public Program bind(RotarySpec spec, Plan plan, Map<String, Tensor> tensors) {
        FloatArray x = (FloatArray) tensors.get("x").data();
        FloatArray cos = (FloatArray) tensors.get("cos").data();
        FloatArray sin = (FloatArray) tensors.get("sin").data();
        FloatArray out = (FloatArray) tensors.get("out").data();
        boolean given = spec.positions() > 0;
        IntArray positions = given ? (IntArray) tensors.get("positions").data() : everyToken(spec);
        int pairs = spec.rotaryDim() / 2;
        int angleRows = given ? spec.positions() : spec.batch() * spec.length();
        Task task = Task.rows("rotate", ROWS, spec.batch() * spec.heads() * spec.length(), x, cos, sin, positions, out, spec.heads(),
                spec.length(), spec.headDim(), pairs, angleRows, spec.interleaved() ? 2 : 1, spec.interleaved() ? 1 : pairs);
        List<TornadoNativeArray> inputs = new ArrayList<>(List.of(x, cos, sin));
        if (given) {
            inputs.add(positions);
        }
        return new Program(List.of(task), inputs, given ? List.of() : List.of(positions), List.of(out));
    }

    /** Token n has the angles of row n. */
    private static IntArray everyToken(RotarySpec spec) {
        IntArray positions = new IntArray(spec.batch() * spec.length());
        for (int n = 0; n < positions.getSize(); n++) {
            positions.set(n, n);
        }
        return positions;
    }

    @Override
    public Expected reference(RotarySpec spec, Map<String, Tensor> inputs, Sample sample) {
        return RotaryReference.compute(spec, inputs, sample);
    }
}
