package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import tessera.Features;
import tessera.RecurrenceBuilder;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.methods.RecurrenceTwin.Entry;

/** Linear attention by random features, whose expected similarity is an exponential one; the random rows are drawn from the seed. */
final class RandomFeatureMethods {

    /** Random features for each channel, rows of Performer and pairs of RFA. */
    private static final int RANDOM = 8;

    /** Added to the logits of RFA's gate, so that a token is remembered for some twenty more. */
    private static final double BIAS = 3;

    static final List<Method> ALL = List.of(
            new Method("L03", RandomFeatureMethods::performer, RandomFeatureMethods::performerTwin),
            new Method("L04", RandomFeatureMethods::randomFeatures, RandomFeatureMethods::randomFeaturesTwin));

    private RandomFeatureMethods() {
    }

    private static Case performer(Tensor q, Tensor k, Tensor v, long seed) {
        int d = q.shape().dim(3);
        Tensor omega = Features.orthogonal(RANDOM * d, d, seed);
        return FeatureMethods.featured(q, k, v, new Features.PositiveRandom(RANDOM * d), Map.of("omega", omega), RecurrenceBuilder::normalised);
    }

    /** {@code exp(omega·q^ - |q^|^2 / 2) exp(omega·k^ - |k^|^2 / 2)} with {@code x^ = x / d^(1/4)}, the mean over the rows of omega. */
    private static double[] performerTwin(Map<String, Tensor> in) {
        double root = Math.pow(in.get("q").shape().dim(3), 0.25);
        double[][] queries = projected(in, "q", _ -> root);
        double[][] keys = projected(in, "k", _ -> root);
        int length = Setup.length(in.get("q"));
        return SimilarityTwin.causal(in, (n, i, j) -> {
            double[] a = queries[n * length + i];
            double[] b = keys[n * length + j];
            int last = a.length - 1;
            double sum = 0;
            for (int row = 0; row < last; row++) {
                sum += Math.exp(a[row] - a[last] / 2 + b[row] - b[last] / 2);
            }
            return sum / last;
        });
    }

    /** The gate g keeps the state, and {@code 1 - g} lets the token in, into the normaliser too. */
    private static Case randomFeatures(Tensor q, Tensor k, Tensor v, long seed) {
        int d = q.shape().dim(3);
        Tensor logits = Tensor.random(Setup.tokens(q), seed + 1);
        Map<String, Tensor> more = Map.of("omega", Features.orthogonal(RANDOM * d, d, seed), "logits", logits,
                "gate", Setup.map(logits, x -> Activations.logSigmoid(x + BIAS)), "logInput", Setup.map(logits, x -> Activations.logSigmoid(-x - BIAS)));
        return FeatureMethods.featured(q, k, v, new Features.TrigonometricRandom(RANDOM * d), more, r -> r.gate(Gate.HEAD_TOKEN).inputGate().normalised());
    }

    /** {@code (1 - g_j) g_{j+1} ... g_i} times the mean of {@code cos(omega·(q^ - k^))} over the rows of omega, {@code x^ = x / |x|}. */
    private static double[] randomFeaturesTwin(Map<String, Tensor> in) {
        double[][] queries = projected(in, "q", Math::sqrt);
        double[][] keys = projected(in, "k", Math::sqrt);
        Entry logit = RecurrenceTwin.of(in, "logits");
        int length = Setup.length(in.get("q"));
        return SimilarityTwin.causal(in, (n, i, j) -> {
            double kept = 1 - Activations.sigmoid(logit.at(n, j, 0) + BIAS);
            for (int t = j + 1; t <= i; t++) {
                kept *= Activations.sigmoid(logit.at(n, t, 0) + BIAS);
            }
            double sum = 0;
            for (int row = 0; row < queries[0].length - 1; row++) {
                sum += Math.cos(queries[n * length + i][row] - keys[n * length + j][row]);
            }
            return kept * sum / (queries[0].length - 1);
        });
    }

    /** For each token {@code omega·x^}, row by row, and last {@code |x^|^2}, where {@code x^ = x / divisor(|x|^2)}. */
    private static double[][] projected(Map<String, Tensor> in, String name, DoubleUnaryOperator divisor) {
        double[] x = SoftmaxTwin.doubles(in.get(name));
        double[] omega = SoftmaxTwin.doubles(in.get("omega"));
        int d = in.get(name).shape().dim(3);
        double[][] rows = new double[x.length / d][omega.length / d + 1];
        for (int token = 0; token < rows.length; token++) {
            double squares = 0;
            for (int c = 0; c < d; c++) {
                squares += x[token * d + c] * x[token * d + c];
            }
            double by = divisor.applyAsDouble(squares);
            for (int e = 0; e < omega.length; e++) {
                rows[token][e / d] += omega[e] * x[token * d + e % d] / by;
            }
            rows[token][omega.length / d] = squares / by / by;
        }
        return rows;
    }
}
