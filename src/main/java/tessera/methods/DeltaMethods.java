package tessera.methods;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.ArrayRealVector;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import tessera.Tensor;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.methods.RecurrenceTwin.Entry;

/** Linear attention whose state learns in context: it writes what a key does not recall yet. */
final class DeltaMethods {

    /** Strength of a write to the fast weights, alpha in the formula. */
    private static final double WRITE = 0.5;

    /** Added to the logits of a decay, so that a token is remembered for some twenty more. */
    private static final double BIAS = 3;

    static final List<Method> ALL = List.of(
            new Method("T01", (q, k, v, _) -> new Case(Setup.recurrence(q).scale((float) WRITE).build(), Setup.inputs(q, k, v)), in -> {
                Entry k = RecurrenceTwin.of(in, "k");
                return RecurrenceTwin.of(in, (n, t, a) -> WRITE * k.at(n, t, a), RecurrenceTwin.of(in, "v"), (_, _, _) -> 1);
            }),
            new Method("T02", (q, k, v, seed) -> deltaNet(q, k, v, seed, "recurrent"), in -> twin(in, (_, _, _) -> 1)),
            new Method("T03", (q, k, v, seed) -> deltaNet(q, k, v, seed, "chunk"), in -> twin(in, (_, _, _) -> 1)),
            new Method("T04", DeltaMethods::gated, in -> {
                Entry logit = RecurrenceTwin.of(in, "logits");
                return twin(in, (n, t, a) -> Activations.sigmoid(logit.at(n, t, a) + BIAS));
            }),
            new Method("T05", DeltaMethods::longhorn, DeltaMethods::longhornTwin));

    private DeltaMethods() {
    }

    /** Keys of length 1, and how much of what they do not recall they write. */
    private static Map<String, Tensor> inputs(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor beta = Setup.map(Tensor.random(Setup.tokens(q), seed), Activations::sigmoid);
        return Setup.inputs(q, Setup.unit(k), v, Map.of("beta", beta, "keysOfAnyLength", k));
    }

    /** The same result in two ways of computing: token by token, or in parallel by chunks. */
    private static Case deltaNet(Tensor q, Tensor k, Tensor v, long seed, String variant) {
        return new Case(Setup.recurrence(q).delta().build(), inputs(q, k, v, seed), plan -> plan.variant().equals(variant));
    }

    private static Case gated(Tensor q, Tensor k, Tensor v, long seed) {
        Map<String, Tensor> inputs = inputs(q, k, v, seed);
        inputs.put("logits", Tensor.random(Setup.tokens(q), seed + 1));
        inputs.put("gate", Setup.map(inputs.get("logits"), x -> Activations.logSigmoid(x + BIAS)));
        return new Case(Setup.recurrence(q).gate(Gate.HEAD_TOKEN).delta().build(), inputs);
    }

    /** {@code S <- alpha (I - beta k^T k) S + beta k^T v}, {@code o = q S}. */
    private static double[] twin(Map<String, Tensor> in, Entry alpha) {
        Entry q = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "keysOfAnyLength");
        Entry v = RecurrenceTwin.of(in, "v");
        Entry beta = RecurrenceTwin.of(in, "beta");
        int d = in.get("q").shape().dim(3);
        return RecurrenceTwin.heads(in.get("q"), d, (n, out) -> {
            double[][] s = new double[d][d];
            for (int t = 0; t < out.length; t++) {
                double[] key = new double[d];
                for (int a = 0; a < d; a++) {
                    key[a] = k.at(n, t, a);
                }
                double length = Math.sqrt(Arrays.stream(key).map(x -> x * x).sum());
                for (int c = 0; c < d; c++) {
                    double recalled = 0;
                    for (int a = 0; a < d; a++) {
                        recalled += key[a] / length * s[a][c];
                    }
                    for (int a = 0; a < d; a++) {
                        double write = beta.at(n, t, 0) * key[a] / length;
                        s[a][c] = alpha.at(n, t, 0) * (s[a][c] - write * recalled) + write * v.at(n, t, c);
                        out[t][c] += q.at(n, t, a) * s[a][c];
                    }
                }
            }
        });
    }

    /** Keys of any length; how much each value channel of a token matters, beta, gives its share {@code eps = beta / (1 + beta |k|^2)}. */
    private static Case longhorn(Tensor q, Tensor k, Tensor v, long seed) {
        int d = q.shape().dim(3);
        Tensor beta = Setup.map(Tensor.random(v.shape(), seed), Activations::sigmoid);
        Tensor share = Tensor.zeros(v.shape().dims());
        for (int e = 0; e < share.shape().elements(); e++) {
            double squares = 0;
            for (int a = 0; a < d; a++) {
                squares += (double) k.get(e / d * d + a) * k.get(e / d * d + a);
            }
            share.set(e, (float) (beta.get(e) / (1 + beta.get(e) * squares)));
        }
        Map<String, Tensor> inputs = Setup.inputs(q, k, Setup.map(v, share, (x, eps) -> x * eps));
        inputs.putAll(Map.of("a", k, "b", Setup.map(k, x -> -x), "c", share, "x", v, "importance", beta));
        return new Case(Setup.recurrence(q).correction(Correction.RANK_ONE_BY_VALUE).build(), inputs);
    }

    /**
     * The state nearest to the last one that recalls x: it minimises {@code |S - S_{t-1}|^2 + |k S - x|^2_diag(beta)}, whose gradient
     * is zero where {@code (I + beta k^T k) s = s_{t-1} + beta x k^T} for each value channel.
     */
    private static double[] longhornTwin(Map<String, Tensor> in) {
        Entry q = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "k");
        Entry x = RecurrenceTwin.of(in, "x");
        Entry beta = RecurrenceTwin.of(in, "importance");
        int d = in.get("q").shape().dim(3);
        return RecurrenceTwin.heads(in.get("q"), d, (n, out) -> {
            double[][] columns = new double[d][d];
            for (int t = 0; t < out.length; t++) {
                for (int c = 0; c < d; c++) {
                    double weight = beta.at(n, t, c);
                    RealMatrix normal = new Array2DRowRealMatrix(d, d);
                    double[] wanted = columns[c];
                    for (int a = 0; a < d; a++) {
                        wanted[a] += weight * x.at(n, t, c) * k.at(n, t, a);
                        for (int b = 0; b < d; b++) {
                            normal.setEntry(a, b, (a == b ? 1 : 0) + weight * k.at(n, t, a) * k.at(n, t, b));
                        }
                    }
                    columns[c] = new LUDecomposition(normal).getSolver().solve(new ArrayRealVector(wanted, false)).toArray();
                    for (int a = 0; a < d; a++) {
                        out[t][c] += q.at(n, t, a) * columns[c][a];
                    }
                }
            }
        });
    }
}
