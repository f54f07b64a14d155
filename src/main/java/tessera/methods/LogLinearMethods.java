package tessera.methods;

import java.util.List;
import java.util.Map;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.methods.RecurrenceTwin.Entry;

/** Log-linear attention (arXiv:2506.04761): a state for each bucket of a Fenwick tree over the past, and a weight for each. */
final class LogLinearMethods {

    /** Added to the logits of a decay, so that a token is remembered for some twenty more. */
    private static final double BIAS = 3;

    static final List<Method> ALL = List.of(new Method("G21", LogLinearMethods::buckets, LogLinearMethods::bucketsTwin));

    private LogLinearMethods() {
    }

    /** Levels of the tree: the token itself, then buckets of 1, 2, 4, ... tokens. */
    private static int levels(int length) {
        return bits(length - 1) + 1;
    }

    private static int bits(int number) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(number);
    }

    /** Every pair of tokens with the weight of its level: the highest bit in which their positions differ. */
    private static Case buckets(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int n = Setup.length(q);
        int levels = levels(n);
        Tensor lambda = Setup.map(Tensor.random(Shape.of(shape.dim(0), shape.dim(1), n, levels), seed), Activations::softplus);
        Tensor weights = Tensor.zeros(shape.dim(0), shape.dim(1), n, n);
        for (int e = 0; e < weights.shape().elements(); e++) {
            int t = e / n % n;
            int s = e % n;
            weights.set(e, s <= t ? lambda.get(e / n * levels + bits(t ^ s)) : 0);
        }
        Tensor logits = Tensor.random(Setup.tokens(q), seed + 1);
        Tensor gate = Setup.map(logits, x -> Activations.logSigmoid(x + BIAS));
        return new Case(Setup.recurrence(q).gate(Gate.HEAD_TOKEN).weighted().build(),
                Setup.inputs(q, k, v, Map.of("gate", gate, "weights", weights, "lambda", lambda, "logits", logits)));
    }

    /**
     * {@code o_t = sum_l lambda_t^l q_t S_t^l} with a state for each level: all states decay, those below the lowest set bit of t move
     * into the one for it, and the token becomes level 0.
     */
    private static double[] bucketsTwin(Map<String, Tensor> in) {
        Entry q = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "k");
        Entry v = RecurrenceTwin.of(in, "v");
        Entry lambda = RecurrenceTwin.of(in, "lambda");
        Entry logit = RecurrenceTwin.of(in, "logits");
        int d = in.get("q").shape().dim(3);
        int levels = in.get("lambda").shape().dim(3);
        return RecurrenceTwin.heads(in.get("q"), d, (head, out) -> {
            double[][][] states = new double[levels][d][d];
            for (int t = 0; t < out.length; t++) {
                double keep = Activations.sigmoid(logit.at(head, t, 0) + BIAS);
                int grown = t == 0 ? 0 : Integer.numberOfTrailingZeros(t) + 1;
                for (int a = 0; a < d; a++) {
                    for (int c = 0; c < d; c++) {
                        for (int level = 0; level < grown; level++) {
                            states[grown][a][c] += states[level][a][c];
                            states[level][a][c] = 0;
                        }
                        for (int level = 1; level < levels; level++) {
                            states[level][a][c] *= keep;
                            out[t][c] += lambda.at(head, t, level) * q.at(head, t, a) * states[level][a][c];
                        }
                        states[0][a][c] = k.at(head, t, a) * v.at(head, t, c);
                        out[t][c] += lambda.at(head, t, 0) * q.at(head, t, a) * states[0][a][c];
                    }
                }
            }
        });
    }
}
