package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tessera.DType;
import tessera.Estimator;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.Sample;
import tessera.reference.SelectReference;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * SELECT: estimates on the device; the rule there too, a set of candidates for each work-item (variant rows), or on the host, to which
 * the scores then travel (variant host).
 */
public final class SelectOperator implements Operator<SelectSpec> {

    /** With fewer sets than this, one work-item for each leaves most of a large device idle. */
    private static final int MANY_SETS = 1024;

    /** Times that a rule reads its scores: it halves their range until one is left, most often after so many steps. */
    private static final int PASSES = 30;

    @Override
    public Candidates plans(SelectSpec spec, Device device) {
        Candidates candidates = new Candidates();
        long estimates;
        try {
            estimates = SelectEstimates.shape(spec).elements();
            Shape.of(spec.batch(), spec.listHeads(), spec.rows(), spec.candidates());
            if (spec.estimator() instanceof Estimator.LastRows last) {
                estimates += 2L * Shape.of(spec.batch(), spec.heads(), last.rows(), spec.keys()).elements();
            }
        } catch (IllegalArgumentException e) {
            candidates.ruleOut("SELECT", e.getMessage());
            return candidates;
        }
        long scores = (long) spec.batch() * spec.listHeads() * spec.rows() * spec.candidates();
        long given = Stream.concat(spec.inputs().values().stream(), spec.outputs().values().stream()).mapToLong(Shape::elements).sum();
        long stored = given + (spec.hasSoftmax() ? 2 : 1) * estimates + 2 * scores;
        Cost cost = new Cost(2 * estimates * spec.headDim() + PASSES * scores, 4 * (stored + PASSES * scores), 4 * stored, 1);
        long sets = scores / spec.countedOver();
        Plan rows = new Plan("SELECT", "rows", "-", Map.of(), DType.F32, cost,
                "the rule beside the scores: " + sets + " sets of " + spec.countedOver() + " candidates, one for each work-item");
        Plan host = new Plan("SELECT", "host", "-", Map.of(), DType.F32, cost,
                "the rule on the host, to which the scores travel: for fewer than " + MANY_SETS + " sets, a device is too slow one by one");
        boolean onDevice = device.isJvm() || sets >= MANY_SETS;
        candidates.add(onDevice ? rows : host);
        candidates.add(onDevice ? host : rows);
        return candidates;
    }

    @Override
    public Program bind(SelectSpec spec, Plan plan, Map<String, Tensor> tensors) {
        Shape shape = Shape.of(spec.batch(), spec.listHeads(), spec.rows(), spec.candidates());
        FloatArray scores = (FloatArray) (spec.allScores() ? tensors.get("scores") : Tensor.zeros(DType.F32, shape)).data();
        SelectArrays arrays = new SelectArrays(spec, tensors);
        List<Task> tasks = new SelectScores(spec, arrays, scores).tasks();
        tasks.addAll(0, arrays.tasks());
        SelectLists lists = new SelectLists(spec, tensors, arrays, scores);
        boolean host = plan.variant().equals("host");
        List<TornadoNativeArray> outputs = new ArrayList<>();
        if (spec.allScores() || host) {
            outputs.add(scores);
        }
        if (host) {
            outputs.addAll(arrays.computed());
        } else {
            tasks.addAll(lists.tasks());
            outputs.addAll(lists.outputs());
        }
        return new Program(tasks, arrays.inputs(), arrays.constants(), outputs, arrays::check, () -> {
            if (host) {
                lists.tasks().forEach(SelectOperator::runHere);
            }
            if (spec.allScores()) {
                hide(spec, scores);
            }
        });
    }

    private static void runHere(Task task) {
        IntStream.range(0, task.rows()).parallel().forEach(row -> task.kernel().call(task.slice(row, 1)));
    }

    /** What a row does not see scores minus infinity, which kernels must not know. */
    private static void hide(SelectSpec spec, FloatArray scores) {
        for (int n = 0; n < scores.getSize(); n++) {
            int row = n / spec.candidates() % spec.rows();
            if (n % spec.candidates() >= spec.visible(row) || scores.get(n) <= SelectScores.NONE / 10) {
                scores.set(n, Float.NEGATIVE_INFINITY);
            }
        }
    }

    @Override
    public Expected reference(SelectSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return SelectReference.compute(spec, inputs, sample);
    }
}
