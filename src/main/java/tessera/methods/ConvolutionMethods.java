package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessera.ConvolutionSpec;
import tessera.Epilogue;
import tessera.Epilogue.Gate.Function;
import tessera.EpilogueSpec;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.methods.RecurrenceTwin.Entry;

/** Linear attention beside or behind depthwise convolutions along the sequence, whose weights would be learned. */
final class ConvolutionMethods {

    /** Weights of a short convolution, the last one the token's own. */
    private static final int SHORT = 4;

    /** Weights of SLAB's convolution, the middle one the token's own. */
    private static final int AROUND = 5;

    /** Elements of H3's state for each channel. */
    private static final int MODES = 8;

    static final List<Method> ALL = List.of(
            new Method("L08", ConvolutionMethods::slab, ConvolutionMethods::slabTwin),
            new Method("G14", ConvolutionMethods::rodimus, ConvolutionMethods::rodimusTwin),
            new Method("G17", ConvolutionMethods::h3, ConvolutionMethods::h3Twin));

    private ConvolutionMethods() {
    }

    private static Tensor weights(Tensor x, int width, long seed) {
        return Setup.map(Tensor.random(Shape.of(x.shape().dim(1) * x.shape().dim(3), width), seed), w -> w / Math.sqrt(width));
    }

    /** A convolution's input [batch, heads * dim, length] from [batch, heads, length, dim]. */
    private static Tensor channels(Tensor x) {
        Tensor byChannel = Setup.byChannel(x);
        return byChannel.reshape(Setup.tokens(byChannel).dims());
    }

    private static ConvolutionSpec causal(Tensor x, int width) {
        return ConvolutionSpec.causal(x.shape().dim(0), x.shape().dim(1) * x.shape().dim(3), Setup.length(x), width).withDType(x.dtype());
    }

    /** ReLU attention of all tokens, plus a convolution of the values around each token. */
    private static Case slab(Tensor q, Tensor k, Tensor v, long seed) {
        int d = v.shape().dim(3);
        ConvolutionSpec around = ConvolutionSpec.same(v.shape().dim(0), v.shape().dim(1) * d, Setup.length(v), AROUND).withDType(v.dtype());
        return new Case(List.of(
                new Step("attention", Setup.recurrence(q).featureMap(FeatureMap.RELU).normalised().bidirectional().build(), UnaryOperator.identity()),
                new Step("convolution", around, there -> Map.of("x", channels(there.get("v")), "weight", there.get("weight"))),
                new Step("out", Setup.epilogue(v.shape(), new Epilogue.Add(1), v.dtype()),
                        there -> Map.of("x", there.get("attention.out"), "y", Setup.byHead(there.get("convolution.out"), d)))),
                Setup.inputs(q, k, v, Map.of("weight", weights(v, AROUND, seed))));
    }

    private static double[] slabTwin(Map<String, Tensor> in) {
        Entry v = RecurrenceTwin.of(in, "v");
        int d = in.get("v").shape().dim(3);
        double[] attention = SimilarityTwin.mean(in, SimilarityTwin.ofChannels(in, (q, k) -> Activations.relu(q) * Activations.relu(k)));
        return RecurrenceTwin.heads(in.get("v"), d, (n, out) -> {
            for (int t = 0; t < out.length; t++) {
                for (int c = 0; c < d; c++) {
                    out[t][c] = attention[(n * out.length + t) * d + c] + convolved(v, out.length, in.get("weight"), AROUND / 2, n, t, c, d);
                }
            }
        });
    }

    /** Selection g, its temperature tau and the selection of values, which a model computes from x, are drawn; x is the values. */
    private static Case rodimus(Tensor q, Tensor k, Tensor v, long seed) {
        int d = v.shape().dim(3);
        Tensor g = Setup.map(Tensor.random(k.shape(), seed), Activations::softplus);
        Tensor tau = Setup.map(Tensor.random(k.shape(), seed + 1), x -> Activations.sigmoid(x - 3));
        Tensor beta = Setup.map(Tensor.random(v.shape(), seed + 2), Activations::sigmoid);
        Tensor skip = Tensor.random(Setup.constants(v), seed + 3);
        Tensor select = Setup.map(g, tau, Math::pow);
        Map<String, Tensor> inputs = Setup.inputs(q, Setup.map(Setup.unit(k), select, (x, s) -> x * s), Setup.map(v, beta, (x, s) -> x * s));
        inputs.putAll(Map.of("gate", Setup.map(g, tau, (x, y) -> -x * y), "weight", weights(v, SHORT, seed + 4), "everySkip",
                Setup.everywhere(skip, v.shape().dim(0), Setup.length(v)), "selection", g, "temperature", tau, "valueSelection", beta, "skip", skip,
                "keysOfAnyLength", k, "values", v));
        EpilogueSpec scaled = Setup.epilogue(v.shape(), new Epilogue.Gate(Function.IDENTITY), v.dtype());
        return new Case(List.of(
                new Step("state", Setup.recurrence(q).gate(Gate.KEY_TOKEN).build(), UnaryOperator.identity()),
                new Step("convolution", causal(v, SHORT), there -> Map.of("x", channels(there.get("values")), "weight", there.get("weight"))),
                new Step("skip", scaled, there -> Map.of("x", Setup.byHead(there.get("convolution.out"), d), "g", there.get("everySkip"))),
                new Step("out", Setup.epilogue(v.shape(), new Epilogue.Add(1), v.dtype()),
                        there -> Step.renamed(there, Map.of("x", "state.out", "y", "skip.out")))), inputs);
    }

    /** {@code S <- Diag(exp(-g tau)) S + (g^tau k)^T (beta v)}, {@code o = q S + d shortconv(x)}, with keys of length 1 and x the values. */
    private static double[] rodimusTwin(Map<String, Tensor> in) {
        Entry q = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "keysOfAnyLength");
        Entry x = RecurrenceTwin.of(in, "values");
        Entry g = RecurrenceTwin.of(in, "selection");
        Entry tau = RecurrenceTwin.of(in, "temperature");
        Entry beta = RecurrenceTwin.of(in, "valueSelection");
        Entry skip = RecurrenceTwin.constants(in, "skip");
        int d = in.get("q").shape().dim(3);
        return RecurrenceTwin.heads(in.get("q"), d, (n, out) -> {
            double[][] s = new double[d][d];
            for (int t = 0; t < out.length; t++) {
                double squares = 0;
                for (int a = 0; a < d; a++) {
                    squares += k.at(n, t, a) * k.at(n, t, a);
                }
                for (int c = 0; c < d; c++) {
                    double mixed = convolved(x, out.length, in.get("weight"), SHORT - 1, n, t, c, d);
                    out[t][c] = skip.at(n, t, c) * mixed;
                    for (int a = 0; a < d; a++) {
                        double key = Math.pow(g.at(n, t, a), tau.at(n, t, a)) * k.at(n, t, a) / Math.sqrt(squares);
                        s[a][c] = Math.exp(-g.at(n, t, a) * tau.at(n, t, a)) * s[a][c] + key * beta.at(n, t, c) * x.at(n, t, c);
                        out[t][c] += q.at(n, t, a) * s[a][c];
                    }
                }
            }
        });
    }

    /**
     * Keys go through a shift, a short convolution, and gate the values; a diagonal state space of each channel, with rates from -1 to
     * the size of its state and steps of its own, remembers them; queries gate what it gives.
     */
    private static Case h3(Tensor q, Tensor k, Tensor v, long seed) {
        Shape one = Setup.byChannel(v).shape();
        int channels = one.dim(1);
        Tensor step = Setup.map(Setup.uniform(Shape.of(channels), seed, -3, -1), x -> Math.pow(10, x));
        Tensor gate = Tensor.zeros(channels, MODES);
        for (int e = 0; e < channels * MODES; e++) {
            gate.set(e, -step.get(e / MODES) * (1 + e % MODES));
        }
        Tensor c = Tensor.random(Shape.of(channels, MODES), seed + 1);
        Tensor reads = Setup.everywhere(c, one.dim(0), Setup.length(v));
        EpilogueSpec gated = Setup.epilogue(one, new Epilogue.Gate(Function.IDENTITY), v.dtype());
        return new Case(List.of(
                new Step("shift", causal(k, SHORT), there -> Map.of("x", channels(there.get("k")), "weight", there.get("weight"))),
                new Step("input", gated, there -> Map.of("x", there.get("shift.out").reshape(one.dims()), "g", Setup.byChannel(there.get("v")))),
                new Step("state", Setup.recurrence(reads).valueDim(1).gate(Gate.KEY_CONST).dtype(v.dtype()).build(),
                        there -> Map.of("q", there.get("reads"), "k", there.get("writes"), "v", there.get("input.out"), "gate", there.get("gate"))),
                new Step("out", gated, there -> Map.of("x", there.get("state.out"), "g", Setup.byChannel(there.get("q"))))),
                Setup.inputs(q, k, v, Map.of("weight", weights(k, SHORT, seed + 2), "gate", gate, "reads", reads,
                        "writes", Tensor.zeros(reads.shape().dims()).fill(1), "step", step, "c", c)));
    }

    /** {@code x = shift(k) v}, {@code h <- exp(step A) h + x}, {@code o = q (C h)}, channel by channel. */
    private static double[] h3Twin(Map<String, Tensor> in) {
        Shape shape = in.get("v").shape();
        Entry q = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "k");
        Entry v = RecurrenceTwin.of(in, "v");
        Entry step = RecurrenceTwin.constants(in, "step");
        Entry read = RecurrenceTwin.constants(in, "c");
        int d = shape.dim(3);
        return RecurrenceTwin.heads(shape.dim(0) * shape.dim(1) * d, shape.dim(2), 1, (channel, out) -> {
            int n = channel / d;
            int c = channel % d;
            double[] h = new double[MODES];
            for (int t = 0; t < out.length; t++) {
                double x = convolved(k, out.length, in.get("weight"), SHORT - 1, n, t, c, d) * v.at(n, t, c);
                for (int mode = 0; mode < MODES; mode++) {
                    h[mode] = Math.exp(-(mode + 1) * step.at(channel, t, 0)) * h[mode] + x;
                    out[t][0] += q.at(n, t, c) * read.at(channel, t, mode) * h[mode];
                }
            }
        });
    }

    /** Channel c of token t of a convolution with {@code weights[head * dim + c][j]} for token {@code t - before + j}. */
    private static double convolved(Entry x, int length, Tensor weights, int before, int head, int t, int c, int dim) {
        int channel = (head * dim + c) % weights.shape().dim(0);
        double sum = 0;
        for (int j = 0; j < weights.shape().dim(1); j++) {
            int from = t - before + j;
            sum += from < 0 || from >= length ? 0 : weights.get(channel * weights.shape().dim(1) + j) * x.at(head, from, c);
        }
        return sum;
    }
}
