package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import tessera.RecurrenceSpec.FeatureMap;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.methods.RecurrenceTwin.Entry;

/** Causal linear attention: a state of fixed size that decays. What a model would compute from its input is drawn from the seed. */
final class LinearMethods {

    /** Place of the layer in the model, from 0 to 1, on which Lightning Attention's decay depends. */
    private static final double DEPTH = 0.5;

    /** Root of GLA's gate, tau in the paper. */
    private static final double TAU = 16;

    /** Added to the logits of GateLoop's gate, so that a token is remembered for some twenty more. */
    private static final double BIAS = 3;

    /** Least forget gate of HGRN2's layer. */
    private static final double LEAST_FORGET = 0.9;

    /** Strength of a write to the fast weights, alpha in the formula. */
    private static final double WRITE = 0.5;

    static final List<Method> ALL = List.of(
            new Method("L01", (q, k, v, _) -> new Case(Setup.recurrence(q).featureMap(FeatureMap.ELU_PLUS_ONE).normalised().build(),
                    Setup.inputs(q, k, v)), LinearMethods::normalisedTwin),
            new Method("L10", (q, k, v, _) -> constant(q, k, v, (h, heads) -> -8.0 * h / heads * (1 - DEPTH)),
                    in -> twin(in, of(in, "k"), of(in, "v"), (n, _, _) -> Math.exp(-8.0 * head(in, n) / heads(in) * (1 - DEPTH)))),
            new Method("G01", (q, k, v, _) -> constant(q, k, v, (h, _) -> Math.log1p(-Math.pow(2, -5 - h))),
                    in -> twin(in, of(in, "k"), of(in, "v"), (n, _, _) -> 1 - Math.pow(2, -5 - head(in, n)))),
            new Method("G06", LinearMethods::gla, in -> {
                Entry logit = of(in, "logits");
                return twin(in, of(in, "k"), of(in, "v"), (n, t, a) -> Math.pow(sigmoid(logit.at(n, t, a)), 1 / TAU));
            }),
            new Method("G08", LinearMethods::mamba2, LinearMethods::mamba2Twin),
            new Method("G10", LinearMethods::gateLoop, in -> {
                Entry logit = of(in, "logits");
                return twin(in, of(in, "k"), of(in, "v"), (n, t, a) -> sigmoid(logit.at(n, t, a) + BIAS));
            }),
            new Method("G12", LinearMethods::hgrn2, in -> {
                Entry logit = of(in, "logits");
                Entry forget = (n, t, a) -> LEAST_FORGET + (1 - LEAST_FORGET) * sigmoid(logit.at(n, t, a));
                return twin(in, (n, t, a) -> 1 - forget.at(n, t, a), of(in, "v"), forget);
            }),
            new Method("T01", (q, k, v, _) -> new Case(Setup.recurrence(q).scale((float) WRITE).build(), Setup.inputs(q, k, v)), in -> {
                Entry k = of(in, "k");
                return twin(in, (n, t, a) -> WRITE * k.at(n, t, a), of(in, "v"), (_, _, _) -> 1);
            }));

    /** The logarithm of a head's constant decay. */
    @FunctionalInterface
    private interface LogDecay {
        double of(int head, int heads);
    }

    private LinearMethods() {
    }

    private static Case constant(Tensor q, Tensor k, Tensor v, LogDecay decay) {
        int heads = q.shape().dim(1);
        Tensor gate = Tensor.zeros(heads);
        for (int h = 0; h < heads; h++) {
            gate.set(h, (float) decay.of(h, heads));
        }
        return gated(q, k, v, Gate.HEAD_CONST, gate, Map.of());
    }

    private static Case gla(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor logits = Tensor.random(k.shape(), seed);
        return gated(q, k, v, Gate.KEY_TOKEN, map(logits, x -> Math.log(sigmoid(x)) / TAU), Map.of("logits", logits));
    }

    /** The real part of the gate. */
    private static Case gateLoop(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor logits = Tensor.random(Shape.of(q.shape().dim(0), q.shape().dim(1), q.shape().dim(2)), seed);
        return gated(q, k, v, Gate.HEAD_TOKEN, map(logits, x -> Math.log(sigmoid(x + BIAS))), Map.of("logits", logits));
    }

    /** Steps and rates as Mamba-2 starts them: steps from 0.001 to 0.1, rates from -16 to -1. */
    private static Case mamba2(Tensor q, Tensor k, Tensor v, long seed) {
        int heads = q.shape().dim(1);
        int length = q.shape().dim(2);
        int d = q.shape().dim(3);
        SplittableRandom random = new SplittableRandom(seed);
        Tensor rate = map(Tensor.zeros(heads), _ -> -random.nextDouble(1, 16));
        Tensor step = map(Tensor.zeros(q.shape().dim(0), heads, length), _ -> Math.pow(10, random.nextDouble(-3, -1)));
        Tensor gate = Tensor.zeros(q.shape().dim(0), heads, length);
        Tensor values = Tensor.zeros(v.shape().dims());
        for (int row = 0; row < gate.shape().elements(); row++) {
            gate.set(row, step.get(row) * rate.get(row / length % heads));
            for (int c = row * d; c < (row + 1) * d; c++) {
                values.set(c, step.get(row) * v.get(c));
            }
        }
        return gated(q, k, values, Gate.HEAD_TOKEN, gate, Map.of("step", step, "rate", rate, "x", v));
    }

    /** {@code h <- exp(step rate) h + step B^T x}, {@code y = C h}, with k for B and q for C. */
    private static double[] mamba2Twin(Map<String, Tensor> in) {
        Entry step = of(in, "step");
        Entry b = of(in, "k");
        double[] rate = SoftmaxTwin.doubles(in.get("rate"));
        return twin(in, (n, t, a) -> step.at(n, t, a) * b.at(n, t, a), of(in, "x"),
                (n, t, a) -> Math.exp(step.at(n, t, a) * rate[head(in, n)]));
    }

    /** The given keys are the logits of the forget gate; what is forgotten is the key. */
    private static Case hgrn2(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor key = map(k, x -> (1 - LEAST_FORGET) * sigmoid(-x));
        return gated(q, key, v, Gate.KEY_TOKEN, map(k, x -> Math.log1p(-(1 - LEAST_FORGET) * sigmoid(-x))), Map.of("logits", k));
    }

    private static Case gated(Tensor q, Tensor k, Tensor v, Gate kind, Tensor gate, Map<String, Tensor> forTwin) {
        Map<String, Tensor> inputs = Setup.inputs(q, k, v);
        inputs.put("gate", gate);
        inputs.putAll(forTwin);
        return new Case(Setup.recurrence(q).gate(kind).build(), inputs);
    }

    /** A value channel of ones beside the others sums the weights. */
    private static double[] normalisedTwin(Map<String, Tensor> in) {
        int d = in.get("q").shape().dim(3);
        Entry q = of(in, "q");
        Entry k = of(in, "k");
        Entry v = of(in, "v");
        double[] sums = RecurrenceTwin.of(in.get("q").shape(), d + 1, (n, t, a) -> eluPlusOne(q.at(n, t, a)),
                (n, t, a) -> eluPlusOne(k.at(n, t, a)), (n, t, c) -> c < d ? v.at(n, t, c) : 1, (_, _, _) -> 1);
        double[] out = new double[in.get("q").shape().elements()];
        for (int i = 0; i < out.length; i++) {
            int row = i / d * (d + 1);
            out[i] = sums[row + i % d] / sums[row + d];
        }
        return out;
    }

    private static double[] twin(Map<String, Tensor> in, Entry key, Entry value, Entry decay) {
        Shape shape = in.get("q").shape();
        return RecurrenceTwin.of(shape, shape.dim(3), of(in, "q"), key, value, decay);
    }

    private static Entry of(Map<String, Tensor> in, String name) {
        return RecurrenceTwin.of(in.get(name));
    }

    private static int heads(Map<String, Tensor> in) {
        return in.get("q").shape().dim(1);
    }

    /** The head that head {@code n}, counted over the batch, is. */
    private static int head(Map<String, Tensor> in, int n) {
        return n % heads(in);
    }

    private static Tensor map(Tensor x, DoubleUnaryOperator function) {
        Tensor y = Tensor.zeros(x.shape().dims());
        for (int i = 0; i < x.shape().elements(); i++) {
            y.set(i, (float) function.applyAsDouble(x.get(i)));
        }
        return y;
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static double eluPlusOne(double x) {
        return x > 0 ? x + 1 : Math.exp(x);
    }
}
