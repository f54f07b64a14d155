package tessera.reference;

import java.util.Map;
import tessera.MergeSpec;
import tessera.Shape;
import tessera.Tensor;

/** Merging of partial attention results in double precision. */
public final class MergeReference {
    private MergeReference() {
    }

    /** Units are rows: (batch, head, query). */
    public static Expected compute(MergeSpec spec, Map<String, Tensor> inputs, Sample sample) {
        Tensor parts = inputs.get("parts");
        return spec.weights() == null ? byDenominators(spec, parts, inputs.get("lses"), sample) : byWeights(spec, parts, inputs.get("weights"), sample);
    }

    private static Expected byWeights(MergeSpec spec, Tensor parts, Tensor weights, Sample sample) {
        int dv = spec.valueDim();
        int rows = spec.batch() * spec.heads() * spec.queries();
        int[] chosen = sample.of(rows);
        int[] at = new int[chosen.length * dv];
        double[] out = new double[chosen.length * dv];
        for (int n = 0; n < at.length; n++) {
            int row = chosen[n / dv];
            at[n] = row * dv + n % dv;
            for (int p = 0; p < spec.parts(); p++) {
                double weight = weights.get(place(spec.weights(), p, row / spec.queries() / spec.heads(), row / spec.queries() % spec.heads(), row % spec.queries()));
                out[n] += weight == 0 ? 0 : weight * parts.get((p * rows + row) * dv + n % dv);
            }
        }
        return new Expected(Map.of("out", new Expected.Values(at, out)));
    }

    private static int place(Shape shape, int... coordinates) {
        int place = 0;
        for (int axis = 0; axis < 4; axis++) {
            place = place * shape.dim(axis) + Math.min(coordinates[axis], shape.dim(axis) - 1);
        }
        return place;
    }

    private static Expected byDenominators(MergeSpec spec, Tensor parts, Tensor lses, Sample sample) {
        int rows = spec.batch() * spec.heads() * spec.queries();
        int[] chosen = sample.of(rows);
        int dv = spec.valueDim();
        int[] at = new int[chosen.length * dv];
        double[] out = new double[chosen.length * dv];
        double[] lse = new double[chosen.length];
        for (int n = 0; n < chosen.length; n++) {
            double max = Double.NEGATIVE_INFINITY;
            for (int p = 0; p < spec.parts(); p++) {
                max = Math.max(max, lses.get(p * rows + chosen[n]));
            }
            double total = 0;
            for (int p = 0; p < spec.parts() && max > Double.NEGATIVE_INFINITY; p++) {
                total += Math.exp(lses.get(p * rows + chosen[n]) - max);
            }
            lse[n] = max + Math.log(total);
            for (int c = 0; c < dv; c++) {
                at[n * dv + c] = chosen[n] * dv + c;
                for (int p = 0; p < spec.parts() && total > 0; p++) {
                    double weight = Math.exp(lses.get(p * rows + chosen[n]) - lse[n]);
                    out[n * dv + c] += weight > 0 ? weight * parts.get((p * rows + chosen[n]) * dv + c) : 0;
                }
            }
        }
        return new Expected(Map.of("out", new Expected.Values(at, out), "lse", new Expected.Values(chosen, lse)));
    }
}
