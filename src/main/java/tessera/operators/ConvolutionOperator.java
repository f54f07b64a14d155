package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.ConvolutionSpec;
import tessera.DType;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.ConvolutionReference;
import tessera.reference.Expected;
import tessera.reference.Sample;
import tessera.tasks.LastTokens;
import tessera.tasks.linear.DepthwiseConvolution;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** CONV: depthwise convolution along the sequence. */
public final class ConvolutionOperator implements Operator<ConvolutionSpec> {
    private static final Kernel ROWS = Kernel.of(DepthwiseConvolution.class, "rows");
    private static final Kernel LAST = Kernel.of(LastTokens.class, "rows");

    @Override
    public Candidates plans(ConvolutionSpec spec, Device device) {
        long lines = (long) spec.batch() * spec.channels();
        long kept = lines * (spec.width() - 1) * (spec.present() ? 2 : 1);
        long bytes = 4 * (2 * lines * spec.length() + kept + spec.channels() * (spec.width() + 1L));
        Candidates candidates = new Candidates();
        candidates.add(new Plan("CONV", "rows", "-", Map.of(), DType.F32, new Cost(2 * lines * spec.length() * spec.width(), bytes, bytes, 1),
                "one token of one channel for each work-item"));
        return candidates;
    }

    @Override
    public Program bind(ConvolutionSpec spec, Plan plan, Map<String, Tensor> tensors) {
        int lines = spec.batch() * spec.channels();
        int kept = spec.width() - 1;
        GivenInputs given = new GivenInputs(tensors);
        FloatArray x = given.of("x");
        FloatArray weight = given.of("weight");
        FloatArray bias = given.or("bias", spec.channels(), 0);
        FloatArray past = given.or("past", lines * Math.max(kept, 1), 0);
        FloatArray out = (FloatArray) tensors.get("out").data();
        List<Task> tasks = new ArrayList<>();
        List<TornadoNativeArray> outputs = new ArrayList<>(List.of(out));
        tasks.add(Task.rows("convolve", ROWS, lines * spec.length(), x, weight, bias, past, out, spec.channels(), spec.length(), spec.width(),
                spec.before(), spec.silu() ? 1 : 0));
        if (spec.present()) {
            FloatArray present = (FloatArray) tensors.get("present").data();
            tasks.add(Task.rows("present", LAST, lines * kept, past, x, present, kept, spec.length()));
            outputs.add(present);
        }
        return new Program(tasks, given.inputs(), given.constants(), outputs);
    }

    @Override
    public Expected reference(ConvolutionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return ConvolutionReference.compute(spec, inputs, sample);
    }
}
