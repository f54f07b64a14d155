package tessera.methods;

import java.util.List;
import java.util.Map;
import tessera.ConvolutionSpec;
import tessera.Epilogue;
import tessera.ProjectionSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.methods.RecurrenceTwin.Entry;

/** CHELA (arXiv:2406.08128): linear attention whose queries and keys come out of a short and a long convolution. */
final class ChelaMethods {

    /** Weights of the short convolution; the long one has as many as there are tokens. */
    private static final int SHORT = 4;

    /** Added to the squares of a token under its norm. */
    private static final float EPSILON = 1e-6f;

    static final List<Method> ALL = List.of(new Method("L09", ChelaMethods::chela, ChelaMethods::twin));

    private ChelaMethods() {
    }

    /** The given values are the layer's input x, the given queries the logits of its output gate; its weights are drawn. */
    private static Case chela(Tensor q, Tensor k, Tensor x, long seed) {
        Shape shape = x.shape();
        int heads = shape.dim(1);
        int n = Setup.length(x);
        int d = shape.dim(3);
        int channels = heads * d;
        ConvolutionSpec near = ConvolutionSpec.causal(shape.dim(0), channels, n, SHORT).withSilu().withDType(x.dtype());
        ConvolutionSpec far = ConvolutionSpec.causal(shape.dim(0), channels, n, n).withDType(x.dtype());
        ConvolutionSpec affine = ConvolutionSpec.causal(shape.dim(0), channels, n, 1).withBias().withDType(x.dtype());
        ProjectionSpec layer = ProjectionSpec.channels(shape.dim(0), heads, n, d, d).withWeightHeads(heads).withDType(x.dtype());
        Tensor longWeights = Tensor.random(Shape.of(channels, n), seed);
        for (int e = 0; e < channels * n; e++) {
            longWeights.set(e, (float) (longWeights.get(e) * Math.exp(-(n - 1 - e % n) / (1.0 + Setup.window(n)))));
        }
        return new Case(List.of(
                new Step("near", near, there -> Map.of("x", Setup.byChannel(there.get("x")).reshape(shape.dim(0), channels, n), "weight", there.get("short"))),
                new Step("far", far, there -> Map.of("x", there.get("near.out"), "weight", there.get("long"))),
                new Step("queries", affine, there -> Map.of("x", there.get("far.out"), "weight", there.get("alphaQ"), "bias", there.get("betaQ"))),
                new Step("keys", affine, there -> Map.of("x", there.get("far.out"), "weight", there.get("alphaK"), "bias", there.get("betaK"))),
                new Step("layer", layer, there -> Map.of("x", there.get("x"), "weight", there.get("w"))),
                new Step("values", Setup.epilogue(shape, Epilogue.Activation.SILU, x.dtype()), there -> Map.of("x", there.get("layer.out"))),
                new Step("attention", Setup.recurrence(x).build(), there -> Map.of("q", Setup.byHead(there.get("queries.out"), d),
                        "k", Setup.byHead(there.get("keys.out"), d), "v", there.get("values.out"))),
                new Step("norm", Setup.epilogue(shape, Epilogue.rmsNorm().withEpsilon(EPSILON), x.dtype()), there -> Map.of("x", there.get("attention.out"))),
                new Step("out", Setup.epilogue(shape, new Epilogue.Gate(Epilogue.Gate.Function.SIGMOID), x.dtype()),
                        there -> Map.of("x", there.get("norm.out"), "g", there.get("gateLogits")))),
                Map.of("x", x, "gateLogits", q, "short", Tensor.random(Shape.of(channels, SHORT), seed + 1), "long", longWeights,
                        "alphaQ", Tensor.random(Shape.of(channels, 1), seed + 2), "betaQ", Tensor.random(Shape.of(channels), seed + 3),
                        "alphaK", Tensor.random(Shape.of(channels, 1), seed + 4), "betaK", Tensor.random(Shape.of(channels), seed + 5),
                        "w", Setup.map(Tensor.random(Shape.of(heads, d, d), seed + 6), y -> y / Math.sqrt(d))));
    }

    /**
     * {@code Z = long(SiLU(short(X)))}, {@code Q = alpha_q Z + beta_q}, {@code K = alpha_k Z + beta_k}, {@code V = SiLU(X W)}, then
     * {@code RMSNorm(Q (K^T V))} over the tokens so far times {@code sigmoid(G)}.
     */
    private static double[] twin(Map<String, Tensor> in) {
        Shape shape = in.get("x").shape();
        int heads = shape.dim(1);
        int d = shape.dim(3);
        Entry x = RecurrenceTwin.of(in, "x");
        Entry gate = RecurrenceTwin.of(in, "gateLogits");
        Entry near = RecurrenceTwin.constants(in, "short");
        Entry far = RecurrenceTwin.constants(in, "long");
        Tensor w = in.get("w");
        return RecurrenceTwin.heads(in.get("x"), d, (head, out) -> {
            int n = out.length;
            double[][] z = new double[n][d];
            double[][] values = new double[n][d];
            double[][] state = new double[d][d];
            for (int t = 0; t < n; t++) {
                double squares = 0;
                for (int c = 0; c < d; c++) {
                    int channel = head % heads * d + c;
                    double mixed = 0;
                    for (int back = 0; back < Math.min(SHORT, t + 1); back++) {
                        mixed += near.at(channel, t, SHORT - 1 - back) * x.at(head, t - back, c);
                    }
                    for (int later = t; later < n; later++) {
                        z[later][c] += far.at(channel, t, n - 1 - (later - t)) * Activations.silu(mixed);
                    }
                    for (int a = 0; a < d; a++) {
                        values[t][c] += x.at(head, t, a) * w.get((head % heads * d + a) * d + c);
                    }
                }
                for (int c = 0; c < d; c++) {
                    for (int a = 0; a < d; a++) {
                        int channel = head % heads * d + a;
                        double key = in.get("alphaK").get(channel) * z[t][a] + in.get("betaK").get(channel);
                        double query = in.get("alphaQ").get(channel) * z[t][a] + in.get("betaQ").get(channel);
                        state[a][c] += key * Activations.silu(values[t][c]);
                        out[t][c] += query * state[a][c];
                    }
                    squares += out[t][c] * out[t][c];
                }
                for (int c = 0; c < d; c++) {
                    out[t][c] *= Activations.sigmoid(gate.at(head, t, c)) / Math.sqrt(squares / d + EPSILON);
                }
            }
        });
    }
}
