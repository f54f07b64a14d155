package tessera.methods;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;
import tessera.FeatureSpec;
import tessera.Features;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.methods.RecurrenceTwin.Entry;

/** Linear attention by features: {@code O = φ(Q)(φ(K)^T V) / (φ(Q)(φ(K)^T 1))}, of the tokens so far or of all. */
final class FeatureMethods {

    /** Random features for each channel, rows of Performer and pairs of RFA. */
    private static final int RANDOM = 8;

    /** Added to the logits of RFA's gate, so that a token is remembered for some twenty more. */
    private static final double BIAS = 3;

    /** QT-ViT's compact features, alpha, beta and gamma, which would be learned; with beta^2 below alpha gamma no similarity is negative. */
    private static final Features.Square QUADRATIC = new Features.Square(0.5f, 0.5f, 1);

    static final List<Method> ALL = List.of(
            new Method("L01", (q, k, v, _) -> new Case(Setup.recurrence(q).featureMap(FeatureMap.ELU_PLUS_ONE).normalised().build(),
                    Setup.inputs(q, k, v)), in -> causal(in, ofChannels(in, (q, k) -> Activations.eluPlusOne(q) * Activations.eluPlusOne(k)))),
            new Method("L02", (q, k, v, _) -> new Case(Setup.recurrence(q).featureMap(FeatureMap.RELU).normalised().bidirectional().build(),
                    Setup.inputs(q, k, v)), in -> mean(in, ofChannels(in, (q, k) -> Activations.relu(q) * Activations.relu(k)))),
            new Method("L03", FeatureMethods::performer, FeatureMethods::performerTwin),
            new Method("L04", FeatureMethods::randomFeatures, FeatureMethods::randomFeaturesTwin),
            new Method("L05", (q, k, v, _) -> featured(q, k, v, new Features.Cosine(Setup.length(q)), Map.of(), RecurrenceBuilder::normalised), in -> {
                Similarity dot = ofChannels(in, (q, k) -> Activations.relu(q) * Activations.relu(k));
                int longest = Setup.length(in.get("q"));
                return causal(in, (n, i, j) -> dot.of(n, i, j) * Math.cos(Math.PI * (i - j) / (2 * longest)));
            }),
            new Method("L07", (q, k, v, _) -> featured(q, k, v, QUADRATIC, Map.of(), r -> r.normalised().bidirectional()), in -> {
                double linear = Math.pow(QUADRATIC.beta(), 2) * Math.sqrt(4.0 / in.get("q").shape().dim(3));
                Similarity sum = ofChannels(in, (q, k) -> Math.pow(QUADRATIC.alpha() * q * k, 2) + linear * q * k);
                return mean(in, (n, i, j) -> sum.of(n, i, j) + Math.pow(QUADRATIC.gamma(), 2));
            }),
            new Method("L11", (q, k, v, _) -> featured(q, k, v, Features.Plain.SOFTMAX, Map.of(), r -> r.normalised().bidirectional()),
                    FeatureMethods::softmaxTwin));

    /** How much query i of a head is like key j. */
    @FunctionalInterface
    private interface Similarity {
        double of(int head, int i, int j);
    }

    private FeatureMethods() {
    }

    /** Features of queries and of keys, then the recurrence of them. */
    private static Case featured(Tensor q, Tensor k, Tensor v, Features features, Map<String, Tensor> more, Function<RecurrenceBuilder, RecurrenceBuilder> rule) {
        Shape shape = q.shape();
        FeatureSpec map = new FeatureSpec(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), features, q.dtype());
        RecurrenceBuilder recurrence = RecurrenceSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), map.size()).valueDim(shape.dim(3)).dtype(q.dtype());
        return new Case(List.of(
                new Step("queries", map, there -> Step.renamed(there, Map.of("x", "q"))),
                new Step("keys", map, there -> Step.renamed(there, Map.of("x", "k"))),
                new Step("recurrence", rule.apply(recurrence).build(), there -> Step.renamed(there, Map.of("q", "queries.out", "k", "keys.out")))),
                Setup.inputs(q, k, v, more));
    }

    private static Case performer(Tensor q, Tensor k, Tensor v, long seed) {
        int d = q.shape().dim(3);
        Tensor omega = Features.orthogonal(RANDOM * d, d, seed);
        return featured(q, k, v, new Features.PositiveRandom(RANDOM * d), Map.of("omega", omega), RecurrenceBuilder::normalised);
    }

    /** {@code exp(omega·q^ - |q^|^2 / 2) exp(omega·k^ - |k^|^2 / 2)} with {@code x^ = x / d^(1/4)}, the mean over the rows of omega. */
    private static double[] performerTwin(Map<String, Tensor> in) {
        double root = Math.pow(in.get("q").shape().dim(3), 0.25);
        double[][] queries = projected(in, "q", _ -> root);
        double[][] keys = projected(in, "k", _ -> root);
        int length = Setup.length(in.get("q"));
        return causal(in, (n, i, j) -> {
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
        return featured(q, k, v, new Features.TrigonometricRandom(RANDOM * d), more, r -> r.gate(Gate.HEAD_TOKEN).inputGate().normalised());
    }

    /** {@code (1 - g_j) g_{j+1} ... g_i} times the mean of {@code cos(omega·(q^ - k^))} over the rows of omega, {@code x^ = x / |x|}. */
    private static double[] randomFeaturesTwin(Map<String, Tensor> in) {
        double[][] queries = projected(in, "q", Math::sqrt);
        double[][] keys = projected(in, "k", Math::sqrt);
        Entry logit = RecurrenceTwin.of(in, "logits");
        int length = Setup.length(in.get("q"));
        return causal(in, (n, i, j) -> {
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

    private static double[] softmaxTwin(Map<String, Tensor> in) {
        double[][] queries = exponentials(in, "q");
        double[][] keys = exponentials(in, "k");
        int length = Setup.length(in.get("q"));
        return mean(in, (n, i, j) -> {
            double[] a = queries[n * length + i];
            double[] b = keys[n * length + j];
            double sum = 0;
            for (int c = 0; c < a.length; c++) {
                sum += a[c] * b[c];
            }
            return sum / Arrays.stream(a).sum() / Arrays.stream(b).sum();
        });
    }

    private static double[][] exponentials(Map<String, Tensor> in, String name) {
        Tensor x = in.get(name);
        double[][] tokens = new double[x.shape().elements() / x.shape().dim(3)][x.shape().dim(3)];
        for (int e = 0; e < x.shape().elements(); e++) {
            tokens[e / x.shape().dim(3)][e % x.shape().dim(3)] = Math.exp(x.get(e));
        }
        return tokens;
    }

    /** The sum over channels of a function of the query's and the key's. */
    private static Similarity ofChannels(Map<String, Tensor> in, DoubleBinaryOperator function) {
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

    private static double[] causal(Map<String, Tensor> in, Similarity similarity) {
        return mean(in, (n, i, j) -> j <= i ? similarity.of(n, i, j) : 0);
    }

    /** {@code o_i = sum_j similarity(i, j) v_j / sum_j similarity(i, j)}; 0 where no key is similar at all. */
    private static double[] mean(Map<String, Tensor> in, Similarity similarity) {
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
