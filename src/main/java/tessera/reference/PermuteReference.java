package tessera.reference;

import java.util.Map;
import tessera.PermuteSpec;
import tessera.PermuteSpec.Direction;
import tessera.Tensor;

/** Tokens in another order, as the product with a matrix of zeros and ones: a place gets the sum of what the index sends to it. */
public final class PermuteReference {
    private PermuteReference() {
    }

    /** Units are rows: (batch, head, token of the result). */
    public static Expected compute(PermuteSpec spec, Map<String, Tensor> inputs, Sample sample) {
        int[] chosen = sample.of(spec.batch() * spec.heads() * spec.outLength());
        int dim = spec.dim();
        int[] at = new int[chosen.length * dim];
        double[] out = new double[chosen.length * dim];
        for (int n = 0; n < chosen.length; n++) {
            int head = chosen[n] / spec.outLength();
            int to = chosen[n] % spec.outLength();
            for (int c = 0; c < dim; c++) {
                at[n * dim + c] = chosen[n] * dim + c;
                for (int from = 0; from < spec.length(); from++) {
                    if (sends(spec, inputs.get("index"), head, from, to)) {
                        out[n * dim + c] += inputs.get("x").get((head * spec.length() + from) * dim + c);
                    }
                }
            }
        }
        return new Expected(Map.of("out", new Expected.Values(at, out)));
    }

    private static boolean sends(PermuteSpec spec, Tensor index, int head, int from, int to) {
        int batch = spec.indexBatch() == 1 ? 0 : head / spec.heads();
        int row = batch * spec.indexHeads() + (spec.indexHeads() == 1 ? 0 : head % spec.heads());
        return spec.direction() == Direction.GATHER ? index.get(row * spec.outLength() + to) == from : index.get(row * spec.length() + from) == to;
    }
}
