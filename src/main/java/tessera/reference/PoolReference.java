package tessera.reference;

import java.util.Map;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import tessera.PoolSpec;
import tessera.Tensor;

/** Segments of tokens in double precision, each by the tokens that belong to it. */
public final class PoolReference {
    private PoolReference() {
    }

    /** Units are rows: (batch, head, segment). */
    public static Expected compute(PoolSpec spec, Map<String, Tensor> inputs, Sample sample) {
        int[] chosen = sample.of(spec.batch() * spec.heads() * spec.count());
        int dim = spec.dim();
        int[] at = new int[chosen.length * dim];
        double[] out = new double[chosen.length * dim];
        for (int i = 0; i < at.length; i++) {
            int row = chosen[i / dim];
            int head = row / spec.count();
            int channel = i % dim;
            at[i] = row * dim + channel;
            out[i] = reduced(spec.reduction(), tokens(spec, inputs, head, row % spec.count())
                    .mapToDouble(n -> inputs.get("x").get((head * spec.length() + n) * dim + channel)));
        }
        return new Expected(Map.of("out", new Expected.Values(at, out)));
    }

    private static IntStream tokens(PoolSpec spec, Map<String, Tensor> inputs, int head, int segment) {
        if (spec.segments() == 0) {
            int first = segment * spec.stride();
            return IntStream.range(first, Math.min(spec.length(), first + spec.size()));
        }
        int start = head * (spec.segments() + 1) + segment;
        return IntStream.range((int) inputs.get("starts").get(start), (int) inputs.get("starts").get(start + 1));
    }

    private static double reduced(PoolSpec.Reduction reduction, DoubleStream tokens) {
        return switch (reduction) {
            case MEAN -> tokens.average().orElse(0);
            case SUM -> tokens.sum();
            case MIN -> tokens.min().orElse(0);
            case MAX -> tokens.max().orElse(0);
        };
    }
}
