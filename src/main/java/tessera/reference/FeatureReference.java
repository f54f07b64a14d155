package tessera.reference;

import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import tessera.FeatureSpec;
import tessera.Features;
import tessera.Tensor;

/** Feature maps in double precision, a token at a time, as the papers write them. */
public final class FeatureReference {
    private FeatureReference() {
    }

    /** Units are rows: (batch, head, token). */
    public static Expected compute(FeatureSpec spec, Map<String, Tensor> inputs, Sample sample) {
        return Rows.of(spec.dim(), inputs.get("x"), sample, (row, x) -> features(spec, x, row % spec.length(), inputs.get("omega")));
    }

    private static double[] features(FeatureSpec spec, double[] x, int position, Tensor omega) {
        double d = spec.dim();
        return switch (spec.features()) {
            case Features.Plain.ELU_PLUS_ONE -> each(x, v -> (v > 0 ? v : Math.expm1(v)) + 1);
            case Features.Plain.RELU -> each(x, v -> Math.max(v, 0));
            case Features.Plain.EXP -> each(x, Math::exp);
            case Features.Plain.EXP_BOTH_SIGNS -> join(each(x, Math::exp), each(x, v -> Math.exp(-v)));
            case Features.Plain.SOFTMAX -> {
                double sum = Arrays.stream(x).map(Math::exp).sum();
                yield each(x, v -> Math.exp(v) / sum);
            }
            case Features.Plain.TAYLOR -> join(new double[] {1}, each(x, v -> v / Math.sqrt(Math.sqrt(d))),
                    Arrays.stream(x).flatMap(a -> Arrays.stream(x).map(b -> a * b / Math.sqrt(2 * d))).toArray());
            case Features.PositiveRandom(int count) -> {
                double[] scaled = each(x, v -> v / Math.sqrt(Math.sqrt(d)));
                yield each(projections(omega, count, scaled), p -> Math.exp(p - squares(scaled) / 2) / Math.sqrt(count));
            }
            case Features.TrigonometricRandom(int count) -> {
                double length = Math.sqrt(squares(x));
                double[] angles = projections(omega, count, length > 1e-12 ? each(x, v -> v / length) : new double[x.length]);
                yield join(each(angles, a -> Math.sin(a) / Math.sqrt(count)), each(angles, a -> Math.cos(a) / Math.sqrt(count)));
            }
            case Features.Cosine(int longest) -> {
                double angle = Math.PI * position / (2 * (double) longest);
                yield join(each(x, v -> Math.max(v, 0) * Math.cos(angle)), each(x, v -> Math.max(v, 0) * Math.sin(angle)));
            }
            case Features.Square(float alpha, float beta, float gamma) -> join(each(x, v -> alpha * v * v),
                    each(x, v -> beta * Math.sqrt(Math.sqrt(4 / d)) * v), new double[] {gamma});
        };
    }

    private static double[] projections(Tensor omega, int count, double[] x) {
        double[] projections = new double[count];
        for (int f = 0; f < count; f++) {
            for (int c = 0; c < x.length; c++) {
                projections[f] += omega.get(f * x.length + c) * x[c];
            }
        }
        return projections;
    }

    private static double squares(double[] x) {
        return Arrays.stream(x).map(v -> v * v).sum();
    }

    private static double[] each(double[] x, DoubleUnaryOperator function) {
        return Arrays.stream(x).map(function).toArray();
    }

    private static double[] join(double[]... parts) {
        return Arrays.stream(parts).flatMapToDouble(DoubleStream::of).toArray();
    }
}
