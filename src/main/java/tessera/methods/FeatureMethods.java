package tessera.methods;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessera.FeatureSpec;
import tessera.Features;
import tessera.ProjectionSpec;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.Shape;
import tessera.Tensor;

/** Linear attention by features: {@code O = φ(Q)(φ(K)^T V) / (φ(Q)(φ(K)^T 1))}, of the tokens so far or of all. */
public final class FeatureMethods {

    /** QT-ViT's compact features, alpha, beta and gamma, which would be learned; with beta^2 below alpha gamma no similarity is negative. */
    private static final Features.Square QUADRATIC = new Features.Square(0.5f, 0.5f, 1);

    static final List<Method> ALL = List.of(
            new Method("L01", (q, k, v, _) -> new Case(Setup.recurrence(q).featureMap(FeatureMap.ELU_PLUS_ONE).normalised().build(),
                    Setup.inputs(q, k, v)),
                    in -> SimilarityTwin.causal(in, SimilarityTwin.ofChannels(in, (q, k) -> Activations.eluPlusOne(q) * Activations.eluPlusOne(k)))),
            new Method("L02", (q, k, v, _) -> new Case(Setup.recurrence(q).featureMap(FeatureMap.RELU).normalised().bidirectional().build(),
                    Setup.inputs(q, k, v)),
                    in -> SimilarityTwin.mean(in, SimilarityTwin.ofChannels(in, (q, k) -> Activations.relu(q) * Activations.relu(k)))),
            new Method("L05", (q, k, v, _) -> featured(q, k, v, new Features.Cosine(Setup.length(q)), Map.of(), RecurrenceBuilder::normalised), in -> {
                SimilarityTwin.Similarity dot = SimilarityTwin.ofChannels(in, (q, k) -> Activations.relu(q) * Activations.relu(k));
                int longest = Setup.length(in.get("q"));
                return SimilarityTwin.causal(in, (n, i, j) -> dot.of(n, i, j) * Math.cos(Math.PI * (i - j) / (2 * longest)));
            }),
            new Method("L06", FeatureMethods::hedgehog, FeatureMethods::hedgehogTwin),
            new Method("L07", (q, k, v, _) -> featured(q, k, v, QUADRATIC, Map.of(), r -> r.normalised().bidirectional()), in -> {
                double linear = Math.pow(QUADRATIC.beta(), 2) * Math.sqrt(4.0 / in.get("q").shape().dim(3));
                SimilarityTwin.Similarity sum = SimilarityTwin.ofChannels(in, (q, k) -> Math.pow(QUADRATIC.alpha() * q * k, 2) + linear * q * k);
                return SimilarityTwin.mean(in, (n, i, j) -> sum.of(n, i, j) + Math.pow(QUADRATIC.gamma(), 2));
            }),
            new Method("L11", (q, k, v, _) -> featured(q, k, v, Features.Plain.SOFTMAX, Map.of(), r -> r.normalised().bidirectional()),
                    FeatureMethods::softmaxTwin));

    private FeatureMethods() {
    }

    /** Features of queries and of keys, then the recurrence of them. */
    public static Case featured(Tensor q, Tensor k, Tensor v, Features features, Map<String, Tensor> more, UnaryOperator<RecurrenceBuilder> rule) {
        Shape shape = q.shape();
        FeatureSpec map = new FeatureSpec(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), features, q.dtype());
        RecurrenceBuilder recurrence = RecurrenceSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), map.size()).valueDim(v.shape().dim(3)).dtype(q.dtype());
        return new Case(List.of(
                new Step("queries", map, there -> Step.renamed(there, Map.of("x", "q"))),
                new Step("keys", map, there -> Step.renamed(there, Map.of("x", "k"))),
                new Step("recurrence", rule.apply(recurrence).build(), there -> Step.renamed(there, Map.of("q", "queries.out", "k", "keys.out")))),
                Setup.inputs(q, k, v, more));
    }

    /** {@code φ(x) = exp(xW + b)} with a learned layer for each head, drawn near the identity, as it starts. */
    private static Case hedgehog(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int heads = shape.dim(1);
        int d = shape.dim(3);
        Tensor weight = Setup.map(Tensor.random(Shape.of(heads, d, d), seed), x -> 0.1 * x);
        for (int diagonal = 0; diagonal < heads * d; diagonal++) {
            weight.set(diagonal * d + diagonal % d, 1 + weight.get(diagonal * d + diagonal % d));
        }
        Tensor bias = Setup.map(Tensor.random(Shape.of(heads, d), seed + 1), x -> 0.1 * x);
        ProjectionSpec layer = ProjectionSpec.channels(shape.dim(0), heads, shape.dim(2), d, d).withWeightHeads(heads).withBias().withDType(q.dtype());
        FeatureSpec exp = new FeatureSpec(shape.dim(0), heads, shape.dim(2), d, Features.Plain.EXP, q.dtype());
        return new Case(List.of(
                new Step("queryLayer", layer, there -> Step.renamed(there, Map.of("x", "q"))),
                new Step("keyLayer", layer, there -> Step.renamed(there, Map.of("x", "k"))),
                new Step("queries", exp, there -> Step.renamed(there, Map.of("x", "queryLayer.out"))),
                new Step("keys", exp, there -> Step.renamed(there, Map.of("x", "keyLayer.out"))),
                new Step("recurrence", Setup.recurrence(q).normalised().build(), there -> Step.renamed(there, Map.of("q", "queries.out", "k", "keys.out")))),
                Setup.inputs(q, k, v, Map.of("weight", weight, "bias", bias)));
    }

    private static double[] hedgehogTwin(Map<String, Tensor> in) {
        double[][] queries = learned(in, "q");
        double[][] keys = learned(in, "k");
        int length = Setup.length(in.get("q"));
        return SimilarityTwin.causal(in, (n, i, j) -> dot(queries[n * length + i], keys[n * length + j]));
    }

    /** {@code exp(b_f + sum_c x_c W_cf)} of each token. */
    private static double[][] learned(Map<String, Tensor> in, String name) {
        Shape shape = in.get(name).shape();
        double[] x = SoftmaxTwin.doubles(in.get(name));
        double[] weight = SoftmaxTwin.doubles(in.get("weight"));
        int d = shape.dim(3);
        double[][] features = new double[x.length / d][d];
        for (int e = 0; e < x.length; e++) {
            int head = e / d / shape.dim(2) % shape.dim(1);
            double sum = in.get("bias").get(head * d + e % d);
            for (int c = 0; c < d; c++) {
                sum += x[e / d * d + c] * weight[(head * d + c) * d + e % d];
            }
            features[e / d][e % d] = Math.exp(sum);
        }
        return features;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int c = 0; c < a.length; c++) {
            sum += a[c] * b[c];
        }
        return sum;
    }

    private static double[] softmaxTwin(Map<String, Tensor> in) {
        double[][] queries = exponentials(in, "q");
        double[][] keys = exponentials(in, "k");
        int length = Setup.length(in.get("q"));
        return SimilarityTwin.mean(in, (n, i, j) -> {
            double[] a = queries[n * length + i];
            double[] b = keys[n * length + j];
            return dot(a, b) / Arrays.stream(a).sum() / Arrays.stream(b).sum();
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
}
