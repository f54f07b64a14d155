package tessera.reference;

import java.util.Map;
import tessera.Tensor;

/** References that make each row of {@code out} from the same row of {@code x}. */
final class Rows {

    /** The result of one row, given the row's number and its values. */
    interface Formula {
        double[] of(int row, double[] x);
    }

    private Rows() {
    }

    /** The rows of {@code x} along its last axis of {@code dim} elements that a sample chooses. */
    static Expected of(int dim, Tensor x, Sample sample, Formula formula) {
        int[] chosen = sample.of(x.shape().elements() / dim);
        double[][] rows = new double[chosen.length][];
        for (int n = 0; n < chosen.length; n++) {
            double[] values = new double[dim];
            for (int c = 0; c < dim; c++) {
                values[c] = x.get(chosen[n] * dim + c);
            }
            rows[n] = formula.of(chosen[n], values);
        }
        int size = rows[0].length;
        int[] at = new int[chosen.length * size];
        double[] out = new double[chosen.length * size];
        for (int i = 0; i < at.length; i++) {
            at[i] = chosen[i / size] * size + i % size;
            out[i] = rows[i / size][i % size];
        }
        return new Expected(Map.of("out", new Expected.Values(at, out)));
    }
}
