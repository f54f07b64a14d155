package tessera.reference;

import java.util.Arrays;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import tessera.Epilogue;
import tessera.EpilogueSpec;
import tessera.Tensor;

/** Epilogues in double precision, a token at a time. */
public final class EpilogueReference {
    private EpilogueReference() {
    }

    /** Units are rows: (batch, head, token). */
    public static Expected compute(EpilogueSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return Rows.of(spec.dim(), inputs.get("x"), sample, (row, x) -> IntStream.range(0, x.length).mapToDouble(channel(spec, inputs, row, x)).toArray());
    }

    /** Each channel of the result. */
    private static IntToDoubleFunction channel(EpilogueSpec spec, Map<String, Tensor> inputs, int row, double[] x) {
        int base = row * x.length;
        return switch (spec.epilogue()) {
            case Epilogue.Activation.SIGMOID -> i -> sigmoid(x[i]);
            case Epilogue.Activation.SILU -> i -> x[i] * sigmoid(x[i]);
            case Epilogue.Activation.SOFTMAX -> i -> 1 / Arrays.stream(x).map(other -> Math.exp(other - x[i])).sum();
            case Epilogue.Norm norm -> {
                double mean = norm.kind() == Epilogue.Norm.Kind.LAYER ? Arrays.stream(x).average().orElseThrow() : 0;
                double squares = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum();
                double size = Math.sqrt((norm.kind() == Epilogue.Norm.Kind.L2 ? squares : squares / x.length) + norm.epsilon());
                int head = norm.weightHeads() == spec.heads() ? row / spec.length() % spec.heads() : 0;
                yield i -> (norm.weightHeads() > 0 ? inputs.get("weight").get(head * x.length + i) : 1) * (x[i] - mean) / size
                        + (norm.bias() ? inputs.get("bias").get(head * x.length + i) : 0);
            }
            case Epilogue.Gate(Epilogue.Gate.Function function) -> i -> {
                double g = inputs.get("g").get(base + i);
                return x[i] * switch (function) {
                    case IDENTITY -> g;
                    case SIGMOID -> sigmoid(g);
                    case SILU -> g * sigmoid(g);
                };
            };
            case Epilogue.Add(float factor) -> i -> x[i] + (double) factor * inputs.get("y").get(base + i);
        };
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
