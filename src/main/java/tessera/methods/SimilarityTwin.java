package tessera.methods;

import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import tessera.Tensor;
import tessera.methods.RecurrenceTwin.Entry;

/** Values weighted by how much a query is like each key, in double precision, over all pairs. */
final class SimilarityTwin {

    /** How much query i of a head is like key j. */
    @FunctionalInterface
    interface Similarity {
        double of(int head, int i, int j);
    }

    private SimilarityTwin() {
    }

    /** The sum over channels of a function of the query's and the key's. */
    static Similarity ofChannels(Map<String, Tensor> in, DoubleBinaryOperator function) {
        Entry q = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "k");
        int d = in.get("q").shape().dim(3);
        return (n, i, j) -> {
            double sum = 0;
            for (int c = 0; c < d; c++) {
                sum += function.applyAsDouble(q.at(n, i, c), k.at(n, j, c));
            }
            return sum;
        };
    }

    static double[] causal(Map<String, Tensor> in, Similarity similarity) {
        return mean(in, (n, i, j) -> j <= i ? similarity.of(n, i, j) : 0);
    }

    /** {@code o_i = sum_j similarity(i, j) v_j / sum_j similarity(i, j)}; 0 where no key is similar at all. */
    static double[] mean(Map<String, Tensor> in, Similarity similarity) {
        Entry v = RecurrenceTwin.of(in, "v");
        int d = in.get("v").shape().dim(3);
        return RecurrenceTwin.heads(in.get("v"), d, (n, out) -> {
            for (int i = 0; i < out.length; i++) {
                double sum = 0;
                for (int j = 0; j < out.length; j++) {
                    double weight = similarity.of(n, i, j);
                    sum += weight;
                    for (int c = 0; c < d; c++) {
                        out[i][c] += weight * v.at(n, j, c);
                    }
                }
                for (int c = 0; c < d; c++) {
                    out[i][c] = sum == 0 ? 0 : out[i][c] / sum;
                }
            }
        });
    }
}
