package tessera.operators;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.FastWeightSpec;
import tessera.FastWeightSpec.Loss;
import tessera.FastWeightSpec.Model;
import tessera.FastWeightSpec.Optimiser;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.FastWeightReference;
import tessera.reference.Sample;
import tessera.tasks.linear.Descent;
import tessera.tasks.linear.DescentOutputs;
import tessera.tasks.linear.InnerLoss;
import tessera.tasks.linear.MlpDescent;
import tessera.tasks.linear.SwigluDescent;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * FWM: fast-weight memory. Every token takes its step and reads ("primal"); or, for linear models, slopes first and then what all
 * tokens read, side by side ("dual").
 */
public final class FastWeightOperator implements Operator<FastWeightSpec> {
    private static final Kernel DESCENT = Kernel.of(Descent.class, "rows");
    private static final Kernel MLP = Kernel.of(MlpDescent.class, "rows");
    private static final Kernel SWIGLU = Kernel.of(SwigluDescent.class, "rows");
    private static final Kernel OUTPUTS = Kernel.of(DescentOutputs.class, "rows");

    @Override
    public Candidates plans(FastWeightSpec spec, Device device) {
        return FastWeightPlans.of(spec, device);
    }

    @Override
    public Program bind(FastWeightSpec spec, Plan plan, Map<String, Tensor> tensors) {
        FastWeightBuffers buffers = new FastWeightBuffers(spec);
        List<Task> tasks = switch (spec.model()) {
            case LINEAR, LINEAR_LN -> linear(spec, plan, buffers, tensors);
            case MLP2 -> List.of(perceptron(spec, buffers, tensors));
            case SWIGLU -> List.of(gated(spec, buffers, tensors));
        };
        List<TornadoNativeArray> inputs = new ArrayList<>(List.of(tensors.get("q").data(), tensors.get("k").data(), tensors.get("v").data()));
        inputs.addAll(List.of(buffers.rates(), buffers.norm(), buffers.memory()));
        List<TornadoNativeArray> constants = spec.model() == Model.SWIGLU ? List.of(buffers.factors()) : List.of();
        return new Program(tasks, inputs, constants, List.of(tensors.get("out").data(), buffers.memory()), () -> buffers.fill(tensors),
                () -> buffers.spread(tensors));
    }

    private static List<Task> linear(FastWeightSpec spec, Plan plan, FastWeightBuffers buffers, Map<String, Tensor> tensors) {
        boolean dual = plan.variant().equals("dual");
        Object q = tensors.get("q").data();
        Object k = tensors.get("k").data();
        Object out = tensors.get("out").data();
        int states = spec.batch() * spec.heads();
        int dv = spec.valueDim();
        int width = plan.tuning().getOrDefault("columns", dv);
        FloatArray frozen = new FloatArray(buffers.memory().getSize() * (dual ? Math.ceilDiv(spec.length(), spec.chunk()) : 1));
        FloatArray slopes = new FloatArray(dual ? states * spec.length() * dv : 1);
        int options = options(spec);
        List<Task> tasks = new ArrayList<>();
        tasks.add(Task.rows("descent", DESCENT, states * dv / width, q, k, tensors.get("v").data(), buffers.rates(), buffers.norm(), buffers.memory(),
                frozen, slopes, out, spec.length(), spec.keyDim(), dv, width, spec.chunk(), spec.epsilon(), options | (dual ? InnerLoss.KEEPS : 0)));
        if (dual) {
            tasks.add(Task.rows("outputs", OUTPUTS, states * spec.length(), q, k, buffers.rates(), buffers.norm(), frozen, slopes, out, spec.length(),
                    spec.keyDim(), dv, spec.chunk(), spec.epsilon(), options));
        }
        return tasks;
    }

    private static Task perceptron(FastWeightSpec spec, FastWeightBuffers buffers, Map<String, Tensor> tensors) {
        return Task.rows("descent", MLP, spec.batch() * spec.heads(), tensors.get("q").data(), tensors.get("k").data(), tensors.get("v").data(),
                buffers.rates(), buffers.norm(), buffers.memory(), new FloatArray(buffers.memory().getSize()), tensors.get("out").data(), spec.length(),
                spec.keyDim(), spec.hiddenDim(), spec.valueDim(), spec.chunk(), spec.epsilon(), options(spec));
    }

    private static Task gated(FastWeightSpec spec, FastWeightBuffers buffers, Map<String, Tensor> tensors) {
        int states = spec.batch() * spec.heads();
        int workSize = FastWeightBuffers.work(spec);
        return Task.rows("descent", SWIGLU, states, tensors.get("q").data(), tensors.get("k").data(), tensors.get("v").data(), buffers.rates(),
                buffers.norm(), buffers.memory(), new FloatArray(buffers.memory().getSize()), new FloatArray(states * workSize),
                buffers.factors(), tensors.get("out").data(), spec.length(), spec.keyDim(), spec.hiddenDim(), spec.valueDim(), spec.chunk(), workSize,
                buffers.factors().getSize() / 3, options(spec));
    }

    private static int options(FastWeightSpec spec) {
        int options = spec.model().hasNorm() ? InnerLoss.NORM : 0;
        options |= spec.loss() == Loss.MSE_RESIDUAL ? InnerLoss.RESIDUAL : spec.loss() == Loss.DOT ? InnerLoss.DOT : 0;
        options |= spec.optimiser() == Optimiser.MOMENTUM ? InnerLoss.MOMENTUM : spec.optimiser() == Optimiser.MUON ? InnerLoss.MUON : 0;
        return options | (spec.postNorm() ? InnerLoss.POST_NORM : 0) | (spec.queryStep() ? InnerLoss.QUERY_STEP : 0);
    }

    @Override
    public Expected reference(FastWeightSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return FastWeightReference.compute(spec, inputs, sample);
    }
}
