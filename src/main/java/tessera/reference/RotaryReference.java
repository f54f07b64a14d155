package tessera.reference;

import java.util.Map;
import tessera.RotarySpec;
import tessera.Tensor;

/** Rotary position embedding in double precision, as the product of a token with its rotation matrix. */
public final class RotaryReference {
    private RotaryReference() {
    }

    /** Units are rows: (batch, head, token). */
    public static Expected compute(RotarySpec spec, Map<String, Tensor> inputs, Sample sample) {
        int[] chosen = sample.of(spec.batch() * spec.heads() * spec.length());
        int dim = spec.headDim();
        int[] at = new int[chosen.length * dim];
        double[] out = new double[chosen.length * dim];
        for (int n = 0; n < chosen.length; n++) {
            int batch = chosen[n] / spec.length() / spec.heads();
            int token = batch * spec.length() + chosen[n] % spec.length();
            int angles = spec.positions() == 0 ? token : Math.clamp((int) inputs.get("positions").get(token), 0, spec.positions() - 1);
            double[][] rotation = rotation(spec, inputs.get("cos"), inputs.get("sin"), angles * spec.rotaryDim() / 2);
            for (int i = 0; i < dim; i++) {
                at[n * dim + i] = chosen[n] * dim + i;
                for (int j = 0; j < dim; j++) {
                    out[n * dim + i] += rotation[i][j] * inputs.get("x").get(chosen[n] * dim + j);
                }
            }
        }
        return new Expected(Map.of("out", new Expected.Values(at, out)));
    }

    private static double[][] rotation(RotarySpec spec, Tensor cos, Tensor sin, int angles) {
        double[][] matrix = new double[spec.headDim()][spec.headDim()];
        for (int i = 0; i < spec.headDim(); i++) {
            matrix[i][i] = 1;
        }
        for (int pair = 0; pair < spec.rotaryDim() / 2; pair++) {
            int a = spec.interleaved() ? 2 * pair : pair;
            int b = spec.interleaved() ? 2 * pair + 1 : spec.rotaryDim() / 2 + pair;
            matrix[a][a] = cos.get(angles + pair);
            matrix[b][b] = cos.get(angles + pair);
            matrix[a][b] = -sin.get(angles + pair);
            matrix[b][a] = sin.get(angles + pair);
        }
        return matrix;
    }
}
