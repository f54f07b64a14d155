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

    /** In the layer norms of TTT. */
    private static final float EPSILON = 1e-6f;

    /** Added to the logits of what Titans forget, so that a token is remembered for some fifty more. */
    private static final double FORGET = -4;

    static final List<Method> ALL = List.of(
            new Method("T06", FastWeightMethods::tttLinear, FastWeightMethods::tttLinearTwin),
            new Method("T08", FastWeightMethods::titans, FastWeightMethods::titansTwin));

    private FastWeightMethods() {
    }

    private static Case tttLinear(Tensor q, Tensor k, Tensor v, long seed) {
        int d = q.shape().dim(3);
        Map<String, Tensor> inputs = Setup.inputs(q, k, v);
        inputs.put("step", drawn(tokens(q), seed, x -> sigmoid(x) / d));
        norm(inputs, q, seed + 1);
        inputs.put("w0", drawn(Shape.of(q.shape().dim(0), q.shape().dim(1), d, d), seed + 3, x -> INITIAL * x));
        inputs.put("b0", Tensor.zeros(q.shape().dim(0), q.shape().dim(1), d));
        return new Case(spec(q).model(Model.LINEAR_LN).loss(Loss.MSE_RESIDUAL).chunk(MINI_BATCH).epsilon(EPSILON).postNorm().initialWeights().build(), inputs);
    }

    /** Each token's weights are those of the mini-batch's start, less the steps of its tokens so far. */
    private static double[] tttLinearTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int length = shape.dim(2);
        return FastWeightTwin.heads(shape, head -> {
            double[] gamma = FastWeightTwin.row(in.get("normWeight"), head % shape.dim(1));
            double[] beta = FastWeightTwin.row(in.get("normBias"), head % shape.dim(1));
            double[][] w = FastWeightTwin.matrix(in.get("w0"), head);
            double[][] b = {FastWeightTwin.row(in.get("b0"), head)};
            double[][] start = w;
            double[] startBias = b[0];
            double[][] out = new double[length][];
            for (int t = 0; t < length; t++) {
                if (t % MINI_BATCH == 0) {
                    start = FastWeightTwin.copy(w);
                    startBias = b[0].clone();
                }
                int token = head * length + t;
                double[] k = FastWeightTwin.row(in.get("k"), token);
                double[] v = FastWeightTwin.row(in.get("v"), token);
                double[] slope = FastWeightTwin.slope(
                        z -> FastWeightTwin.halfSquare(FastWeightTwin.plus(FastWeightTwin.layerNorm(z, gamma, beta, EPSILON), k), v),
                        FastWeightTwin.plus(FastWeightTwin.times(k, start), startBias));
                double step = in.get("step").get(token);
                FastWeightTwin.add(w, -step, k, slope);
                FastWeightTwin.add(b, -step, new double[] {1}, slope);
                double[] read = FastWeightTwin.plus(FastWeightTwin.times(FastWeightTwin.row(in.get("q"), token), w), b[0]);
                out[t] = FastWeightTwin.plus(read, FastWeightTwin.layerNorm(read, gamma, beta, EPSILON));
            }
            return out;
        });
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
                        memory[c][e] = (1 - in.get("forget").get(token)) * memory[c][e] + surprise[c][e];
                    }
                }
                out[t] = FastWeightTwin.times(FastWeightTwin.row(in.get("q"), token), memory);
            }
            return out;
        });
    }

    private static FastWeightBuilder spec(Tensor q) {
        return FastWeightSpec.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2), q.shape().dim(3)).dtype(q.dtype());
    }

    private static Shape tokens(Tensor q) {
        return Shape.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2));
    }

    /** Layer norms near the identity. */
    private static void norm(Map<String, Tensor> inputs, Tensor q, long seed) {
        Shape shape = Shape.of(q.shape().dim(1), q.shape().dim(3));
        inputs.put("normWeight", drawn(shape, seed, x -> 1 + 0.1 * x));
        inputs.put("normBias", drawn(shape, seed + 1, x -> 0.1 * x));
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
