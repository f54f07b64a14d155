package tessera.operators;

import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import tessera.DType;
import tessera.FeatureSpec;
import tessera.Features.Cosine;
import tessera.Features.Plain;
import tessera.Features.PositiveRandom;
import tessera.Features.Square;
import tessera.Features.TrigonometricRandom;
import tessera.Tensor;
import tessera.engine.Device;
import tessera.engine.Kernel;
import tessera.engine.Program;
import tessera.engine.Task;
import tessera.planner.Candidates;
import tessera.planner.Cost;
import tessera.planner.Plan;
import tessera.reference.Expected;
import tessera.reference.FeatureReference;
import tessera.reference.Sample;
import tessera.tasks.linear.CosineFeatures;
import tessera.tasks.linear.ExponentialFeatures;
import tessera.tasks.linear.MapFeatures;
import tessera.tasks.linear.PositiveFeatures;
import tessera.tasks.linear.SoftmaxRows;
import tessera.tasks.linear.SquareFeatures;
import tessera.tasks.linear.TaylorFeatures;
import tessera.tasks.linear.TrigonometricFeatures;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** FMAP: feature maps of linear attention. */
public final class FeatureOperator implements Operator<FeatureSpec> {
    private static final Kernel MAP = Kernel.of(MapFeatures.class, "rows");
    private static final Kernel EXPONENTIAL = Kernel.of(ExponentialFeatures.class, "rows");
    private static final Kernel SOFTMAX = Kernel.of(SoftmaxRows.class, "rows");
    private static final Kernel TAYLOR = Kernel.of(TaylorFeatures.class, "rows");
    private static final Kernel POSITIVE = Kernel.of(PositiveFeatures.class, "rows");
    private static final Kernel TRIGONOMETRIC = Kernel.of(TrigonometricFeatures.class, "rows");
    private static final Kernel COSINE = Kernel.of(CosineFeatures.class, "rows");
    private static final Kernel SQUARE = Kernel.of(SquareFeatures.class, "rows");

    @Override
    public Candidates plans(FeatureSpec spec, Device device) {
        long tokens = (long) spec.batch() * spec.heads() * spec.length();
        int random = spec.features().randomRows();
        long tables = spec.features() instanceof Cosine ? 2L * spec.length() : (long) random * spec.dim();
        long bytes = 4 * (tokens * (spec.dim() + (long) spec.size()) + tables);
        Candidates candidates = new Candidates();
        candidates.add(new Plan("FMAP", "rows", "-", Map.of(), DType.F32,
                new Cost(tokens * (2L * random * spec.dim() + 2L * spec.size()), bytes, bytes, 1), "one token or one channel of it for each work-item"));
        return candidates;
    }

    @Override
    public Program bind(FeatureSpec spec, Plan plan, Map<String, Tensor> tensors) {
        FloatArray x = (FloatArray) tensors.get("x").data();
        FloatArray out = (FloatArray) tensors.get("out").data();
        FloatArray omega = spec.features().randomRows() == 0 ? null : (FloatArray) tensors.get("omega").data();
        List<TornadoNativeArray> inputs = omega == null ? List.of(x) : List.of(x, omega);
        List<FloatArray> angles = spec.features() instanceof Cosine(int longest)
                ? List.of(table(spec.length(), longest, Math::cos), table(spec.length(), longest, Math::sin)) : List.of();
        return new Program(List.of(task(spec, x, omega, angles, out)), inputs, List.copyOf(angles), List.of(out));
    }

    /** The function of {@code πi / 2M} for each position i. */
    private static FloatArray table(int length, int longest, DoubleUnaryOperator function) {
        FloatArray table = new FloatArray(length);
        for (int i = 0; i < length; i++) {
            table.set(i, (float) function.applyAsDouble(Math.PI * i / (2.0 * longest)));
        }
        return table;
    }

    private static Task task(FeatureSpec spec, FloatArray x, FloatArray omega, List<FloatArray> angles, FloatArray out) {
        int tokens = spec.batch() * spec.heads() * spec.length();
        int dim = spec.dim();
        int channels = tokens * dim;
        return switch (spec.features()) {
            case Plain.ELU_PLUS_ONE -> Task.rows("elu_plus_one", MAP, channels, x, out, MapFeatures.ELU_PLUS_ONE);
            case Plain.RELU -> Task.rows("relu", MAP, channels, x, out, MapFeatures.RELU);
            case Plain.EXP -> Task.rows("exponential", MAP, channels, x, out, MapFeatures.EXP);
            case Plain.EXP_BOTH_SIGNS -> Task.rows("exponentials", EXPONENTIAL, channels, x, out, dim);
            case Plain.SOFTMAX -> Task.rows("softmax", SOFTMAX, tokens, x, out, dim);
            case Plain.TAYLOR -> Task.rows("taylor", TAYLOR, channels, x, out, dim, power(dim, -0.25), power(2.0 * dim, -0.5));
            case PositiveRandom(int count) ->
                Task.rows("positive", POSITIVE, tokens, x, omega, out, dim, count, power(dim, -0.25), power(count, -0.5));
            case TrigonometricRandom(int count) ->
                Task.rows("trigonometric", TRIGONOMETRIC, tokens, x, omega, out, dim, count, power(count, -0.5));
            case Cosine _ -> Task.rows("cosine", COSINE, channels, x, angles.getFirst(), angles.getLast(), out, spec.length(), dim);
            case Square(float alpha, float beta, float gamma) ->
                Task.rows("square", SQUARE, tokens, x, out, dim, alpha, beta * power(4.0 / dim, 0.25), gamma);
        };
    }

    private static float power(double base, double exponent) {
        return (float) Math.pow(base, exponent);
    }

    @Override
    public Expected reference(FeatureSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return FeatureReference.compute(spec, inputs, sample);
    }
}
