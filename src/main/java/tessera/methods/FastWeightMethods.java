package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import tessera.FastWeightBuilder;
import tessera.FastWeightSpec;
import tessera.FastWeightSpec.Loss;
import tessera.FastWeightSpec.Model;
import tessera.FastWeightSpec.Optimiser;
import tessera.Shape;
import tessera.Tensor;

/** Test-time training: the memory is a small model that learns as it reads. What a layer would have learnt is drawn from the seed. */
final class FastWeightMethods {

    /** Tokens of a mini-batch of TTT. */
    private static final int MINI_BATCH = 16;

    /** Standard deviation of TTT's initial weights. */
    private static final double INITIAL = 0.02;

    /** Base learning rates of TTT-Linear and TTT-MLP. */
    private static final double LINEAR_RATE = 1;
    private static final double MLP_RATE = 0.1;

    /** Hidden units of TTT-MLP, in head sizes. */
    private static final int WIDER = 4;

    /** In the layer norms of TTT. */
    private static final float EPSILON = 1e-6f;

    /** Added to the logits of what Titans forget, so that a token is remembered for some fifty more. */
    private static final double FORGET = -4;

    /** Tokens of LaCT's smaller chunks. */
    private static final int LARGE_CHUNK = 4096;

    static final List<Method> ALL = List.of(
            new Method("T06", FastWeightMethods::tttLinear, in -> new TttTwin(in, MINI_BATCH, EPSILON, true, "").out()),
            new Method("T07", FastWeightMethods::tttMlp, in -> new TttTwin(in, MINI_BATCH, EPSILON, false, "Up", "Down").out()),
            new Method("T08", FastWeightMethods::titans, FastWeightMethods::titansTwin),
            new Method("T09", FastWeightMethods::lact, in -> new LactTwin(in, chunk(in.get("q"))).out()));

    private FastWeightMethods() {
    }

    private static Case tttLinear(Tensor q, Tensor k, Tensor v, long seed) {
        Map<String, Tensor> inputs = ttt(q, k, v, seed, LINEAR_RATE);
        layer(inputs, q, "", 1, 1, seed + 3);
        return new Case(spec(q).model(Model.LINEAR_LN).loss(Loss.MSE_RESIDUAL).chunk(MINI_BATCH).epsilon(EPSILON).postNorm().initialWeights().build(), inputs);
    }

    private static Case tttMlp(Tensor q, Tensor k, Tensor v, long seed) {
        Map<String, Tensor> inputs = ttt(q, k, v, seed, MLP_RATE);
        layer(inputs, q, "Up", 1, WIDER, seed + 3);
        layer(inputs, q, "Down", WIDER, 1, seed + 4);
        return new Case(spec(q).model(Model.MLP2, WIDER * q.shape().dim(3)).loss(Loss.MSE_RESIDUAL).chunk(MINI_BATCH).epsilon(EPSILON).initialWeights()
                .build(), inputs);
    }

    /** Steps, and layer norms near the identity. */
    private static Map<String, Tensor> ttt(Tensor q, Tensor k, Tensor v, long seed, double rate) {
        int d = q.shape().dim(3);
        Map<String, Tensor> inputs = Setup.inputs(q, k, v);
        inputs.put("step", drawn(tokens(q), seed, x -> rate * sigmoid(x) / d));
        inputs.put("normWeight", drawn(Shape.of(q.shape().dim(1), d), seed + 1, x -> 1 + 0.1 * x));
        inputs.put("normBias", drawn(Shape.of(q.shape().dim(1), d), seed + 2, x -> 0.1 * x));
        return inputs;
    }

    /** Small weights and no biases; sizes in head sizes. */
    private static void layer(Map<String, Tensor> inputs, Tensor q, String name, int from, int to, long seed) {
        int d = q.shape().dim(3);
        inputs.put("w" + name + "0", drawn(Shape.of(q.shape().dim(0), q.shape().dim(1), from * d, to * d), seed, x -> INITIAL * x));
        inputs.put("b" + name + "0", Tensor.zeros(q.shape().dim(0), q.shape().dim(1), to * d));
    }

    /** A linear memory, token by token, of keys and queries of length 1. */
    private static Case titans(Tensor q, Tensor k, Tensor v, long seed) {
        Map<String, Tensor> inputs = Setup.inputs(unit(q), unit(k), v);
        inputs.put("step", drawn(tokens(q), seed, FastWeightMethods::sigmoid));
        inputs.put("momentum", drawn(tokens(q), seed + 1, FastWeightMethods::sigmoid));
        inputs.put("forget", drawn(tokens(q), seed + 2, x -> sigmoid(x + FORGET)));
        return new Case(spec(q).optimiser(Optimiser.MOMENTUM).chunk(1).build(), inputs);
    }

    private static double[] titansTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int length = shape.dim(2);
        int d = shape.dim(3);
        return FastWeightTwin.heads(shape, head -> {
            double[][] memory = new double[d][d];
            double[][] surprise = new double[d][d];
            double[][] out = new double[length][];
            for (int t = 0; t < length; t++) {
                int token = head * length + t;
                double[] k = FastWeightTwin.row(in.get("k"), token);
                double[] v = FastWeightTwin.row(in.get("v"), token);
                double[] slope = FastWeightTwin.slope(f -> FastWeightTwin.halfSquare(f, v), FastWeightTwin.times(k, memory));
                for (int c = 0; c < d; c++) {
                    for (int e = 0; e < d; e++) {
                        surprise[c][e] = in.get("momentum").get(token) * surprise[c][e] - in.get("step").get(token) * k[c] * slope[e];
                        memory[c][e] = (1.0 - in.get("forget").get(token)) * memory[c][e] + surprise[c][e];
                    }
                }
                out[t] = FastWeightTwin.times(FastWeightTwin.row(in.get("q"), token), memory);
            }
            return out;
        });
    }

    /** A gated memory of keys and queries of length 1, in large chunks, each an orthogonal step. */
    private static Case lact(Tensor q, Tensor k, Tensor v, long seed) {
        int d = q.shape().dim(3);
        Map<String, Tensor> inputs = Setup.inputs(unit(q), unit(k), v);
        inputs.put("step", drawn(tokens(q), seed, FastWeightMethods::sigmoid));
        Shape square = Shape.of(q.shape().dim(0), q.shape().dim(1), d, d);
        for (String name : List.of("wGate0", "wUp0", "wDown0")) {
            inputs.put(name, drawn(square, seed + inputs.size(), x -> x / Math.sqrt(d)));
        }
        return new Case(spec(q).model(Model.SWIGLU, d).loss(Loss.DOT).optimiser(Optimiser.MUON).chunk(chunk(q)).initialWeights().build(), inputs);
    }

    /** A quarter of the tokens, but at most LaCT's smallest chunk and more than there are channels. */
    private static int chunk(Tensor q) {
        return Math.max(2 * q.shape().dim(3), Math.min(LARGE_CHUNK, Math.ceilDiv(q.shape().dim(2), 4)));
    }

    private static FastWeightBuilder spec(Tensor q) {
        return FastWeightSpec.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2), q.shape().dim(3)).dtype(q.dtype());
    }

    private static Shape tokens(Tensor q) {
        return Shape.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2));
    }

    private static Tensor drawn(Shape shape, long seed, DoubleUnaryOperator function) {
        Tensor values = Tensor.random(shape, seed);
        for (int i = 0; i < shape.elements(); i++) {
            values.set(i, (float) function.applyAsDouble(values.get(i)));
        }
        return values;
    }

    /** Every token's vector divided by its length. */
    private static Tensor unit(Tensor x) {
        int d = x.shape().dim(3);
        Tensor unit = Tensor.zeros(x.dtype(), x.shape());
        for (int row = 0; row < x.shape().elements() / d; row++) {
            double squares = 0;
            for (int c = row * d; c < (row + 1) * d; c++) {
                squares += (double) x.get(c) * x.get(c);
            }
            for (int c = row * d; c < (row + 1) * d; c++) {
                unit.set(c, (float) (x.get(c) / Math.sqrt(squares)));
            }
        }
        return unit;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }
}
