package tessera.reference;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.FastWeightSpec;
import tessera.FastWeightSpec.Optimiser;
import tessera.Shape;
import tessera.Tensor;

/** Fast-weight memory in double precision: gradient descent as it is defined, one token after the other, with whole gradients. */
public final class FastWeightReference {
    private final FastWeightSpec spec;
    private final Map<String, Tensor> inputs;
    private final Map<String, Collected> collected = new HashMap<>();

    private FastWeightReference(FastWeightSpec spec, Map<String, Tensor> inputs) {
        this.spec = spec;
        this.inputs = inputs;
        spec.outputs().keySet().forEach(name -> collected.put(name, new Collected()));
    }

    /** Units are memories: (batch, head). */
    public static Expected compute(FastWeightSpec spec, Map<String, Tensor> inputs, Sample sample) {
        FastWeightReference reference = new FastWeightReference(spec, inputs);
        for (int state : sample.of(spec.batch() * spec.heads())) {
            reference.state(state);
        }
        Map<String, Expected.Values> outputs = new HashMap<>();
        reference.collected.forEach((name, values) -> outputs.put(name, values.values()));
        return new Expected(outputs);
    }

    private void state(int state) {
        boolean norm = spec.model().hasNorm();
        int head = state % spec.heads();
        InnerModel model = new InnerModel(spec, norm ? row("normWeight", head, spec.valueDim()) : null, norm ? row("normBias", head, spec.valueDim()) : null);
        List<String> names = new ArrayList<>(spec.weights().keySet());
        double[][][] w = names.stream().map(name -> initial(name, name + "0", state)).toArray(double[][][]::new);
        double[][][] moving = names.stream().map(name -> initial(name, FastWeightSpec.momentum(name) + "0", state)).toArray(double[][][]::new);
        double[][][] before = w;
        for (int t = 0; t < spec.length(); t++) {
            int token = state * spec.length() + t;
            before = t % spec.chunk() == 0 ? copy(w) : before;
            double[][][] gradient = model.gradient(before, row("k", token, spec.keyDim()), row("v", token, spec.valueDim()));
            double step = in("step", token);
            double share = spec.queryStep() ? in("queryStep", token) : 1;
            double[] query = row("q", token, spec.keyDim());
            boolean last = (t + 1) % spec.chunk() == 0 || t + 1 == spec.length();
            double[] out = switch (spec.optimiser()) {
                case SGD -> {
                    w = sum(w, 1, gradient, -step);
                    double[][][] seen = sum(before, 1 - share, w, share);
                    w = last ? seen : w;
                    yield model.read(seen, query);
                }
                case MOMENTUM -> {
                    moving = sum(moving, in("momentum", token), gradient, -step);
                    w = sum(w, 1 - in("forget", token), moving, 1);
                    yield model.read(w, query);
                }
                case MUON -> {
                    moving = sum(moving, t % spec.chunk() == 0 ? 0 : 1, gradient, step);
                    for (int n = 0; n < w.length && last; n++) {
                        w[n] = OrthogonalStep.of(w[n], moving[n]);
                    }
                    yield model.read(before, query);
                }
            };
            collected.get("out").add(token * spec.valueDim(), out);
        }
        for (int n = 0; n < names.size() && spec.finalWeights(); n++) {
            finish(names.get(n), state, w[n]);
            if (spec.optimiser() == Optimiser.MOMENTUM) {
                finish(FastWeightSpec.momentum(names.get(n)), state, moving[n]);
            }
        }
    }

    private double in(String name, int index) {
        return inputs.get(name).get(index);
    }

    private double[] row(String name, int row, int size) {
        return IntStream.range(0, size).mapToDouble(c -> in(name, row * size + c)).toArray();
    }

    /** A weight or momentum at the start; zeros if it is none of the inputs. */
    private double[][] initial(String weight, String input, int state) {
        Shape shape = spec.weights().get(weight);
        int rows = shape.rank() == 4 ? shape.dim(2) : 1;
        int size = shape.dim(-1);
        double[][] values = new double[rows][size];
        for (int c = 0; c < rows && inputs.containsKey(input); c++) {
            values[c] = row(input, state * rows + c, size);
        }
        return values;
    }

    private void finish(String name, int state, double[][] values) {
        collected.get(name).add(state * values.length * values[0].length, Arrays.stream(values).flatMapToDouble(Arrays::stream).toArray());
    }

    private static double[][][] copy(double[][][] w) {
        return sum(w, 1, w, 0);
    }

    /** {@code a x + b y}. */
    private static double[][][] sum(double[][][] x, double a, double[][][] y, double b) {
        double[][][] sum = new double[x.length][][];
        for (int n = 0; n < x.length; n++) {
            sum[n] = new double[x[n].length][x[n][0].length];
            for (int c = 0; c < x[n].length; c++) {
                for (int e = 0; e < x[n][c].length; e++) {
                    sum[n][c][e] = a * x[n][c][e] + b * y[n][c][e];
                }
            }
        }
        return sum;
    }
}
