package tessera.methods;

import java.util.List;
import java.util.Map;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.methods.RecurrenceTwin.Entry;

/** Causal linear attention: a state of fixed size that decays. What a model would compute from its input is drawn from the seed. */
final class GatedMethods {

    /** Place of the layer in the model, from 0 to 1, on which Lightning Attention's decay depends. */
    private static final double DEPTH = 0.5;

    /** Root of GLA's gate, tau in the paper. */
    private static final double TAU = 16;

    /** Added to the logits of GateLoop's gate, so that a token is remembered for some twenty more. */
    private static final double BIAS = 3;

    /** Least forget gate of the layer in HGRN and HGRN2. */
    static final double LEAST_FORGET = 0.9;

    static final List<Method> ALL = List.of(
            new Method("L10", (q, k, v, _) -> constant(q, k, v, (h, heads) -> -8.0 * h / heads * (1 - DEPTH)), in -> {
                int heads = in.get("q").shape().dim(1);
                return ofKeys(in, (n, _, _) -> Math.exp(-8.0 * (n % heads) / heads * (1 - DEPTH)));
            }),
            new Method("G01", (q, k, v, _) -> constant(q, k, v, (h, _) -> Math.log1p(-Math.pow(2, -5 - h))), in -> {
                int heads = in.get("q").shape().dim(1);
                return ofKeys(in, (n, _, _) -> 1 - Math.pow(2, -5 - n % heads));
            }),
            new Method("G06", GatedMethods::gla, in -> {
                Entry logit = RecurrenceTwin.of(in, "logits");
                return ofKeys(in, (n, t, a) -> Math.pow(Activations.sigmoid(logit.at(n, t, a)), 1 / TAU));
            }),
            new Method("G10", GatedMethods::gateLoop, in -> {
                Entry logit = RecurrenceTwin.of(in, "logits");
                return ofKeys(in, (n, t, a) -> Activations.sigmoid(logit.at(n, t, a) + BIAS));
            }),
            new Method("G12", GatedMethods::hgrn2, in -> {
                Entry logit = RecurrenceTwin.of(in, "logits");
                Entry forget = (n, t, a) -> forget(logit.at(n, t, a));
                return RecurrenceTwin.of(in, (n, t, a) -> 1 - forget.at(n, t, a), RecurrenceTwin.of(in, "v"), forget);
            }),
            new Method("G22", GatedMethods::outer, GatedMethods::outerTwin));

    /** The logarithm of a head's constant decay. */
    @FunctionalInterface
    private interface LogDecay {
        double of(int head, int heads);
    }

    private GatedMethods() {
    }

    private static double[] ofKeys(Map<String, Tensor> in, Entry decay) {
        return RecurrenceTwin.of(in, RecurrenceTwin.of(in, "k"), RecurrenceTwin.of(in, "v"), decay);
    }

    private static Case constant(Tensor q, Tensor k, Tensor v, LogDecay decay) {
        int heads = q.shape().dim(1);
        Tensor gate = Tensor.zeros(heads);
        for (int h = 0; h < heads; h++) {
            gate.set(h, (float) decay.of(h, heads));
        }
        return gated(q, k, v, Gate.HEAD_CONST, Map.of("gate", gate));
    }

    private static Case gla(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor logits = Tensor.random(k.shape(), seed);
        return gated(q, k, v, Gate.KEY_TOKEN, Map.of("gate", rooted(logits), "logits", logits));
    }

    private static Tensor rooted(Tensor logits) {
        return Setup.map(logits, x -> Activations.logSigmoid(x) / TAU);
    }

    /** The real part of the gate. */
    private static Case gateLoop(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor logits = Tensor.random(Setup.tokens(q), seed);
        return gated(q, k, v, Gate.HEAD_TOKEN, Map.of("gate", Setup.map(logits, x -> Activations.logSigmoid(x + BIAS)), "logits", logits));
    }

    private static Case gated(Tensor q, Tensor k, Tensor v, Gate kind, Map<String, Tensor> more) {
        return new Case(Setup.recurrence(q).gate(kind).build(), Setup.inputs(q, k, v, more));
    }

    static double forget(double logit) {
        return LEAST_FORGET + (1 - LEAST_FORGET) * Activations.sigmoid(logit);
    }

    /** Logarithm of the forget gate, from how far it is below 1. */
    static double logForget(double logit) {
        return Math.log1p(-(1 - LEAST_FORGET) * Activations.sigmoid(-logit));
    }

    /** The given keys are the logits of the forget gate; what is forgotten is the key. */
    private static Case hgrn2(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor key = Setup.map(k, x -> (1 - LEAST_FORGET) * Activations.sigmoid(-x));
        return gated(q, key, v, Gate.KEY_TOKEN, Map.of("gate", Setup.map(k, GatedMethods::logForget), "logits", k));
    }

    /** Forget and select gates are outer products; the select gate's factors scale the key and the value. */
    private static Case outer(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor keyLogits = Tensor.random(k.shape(), seed);
        Tensor valueLogits = Tensor.random(v.shape(), seed + 1);
        Tensor keySelect = Setup.map(Tensor.random(k.shape(), seed + 2), Activations::sigmoid);
        Tensor valueSelect = Setup.map(Tensor.random(v.shape(), seed + 3), Activations::sigmoid);
        Map<String, Tensor> inputs = Setup.inputs(q, Setup.map(k, keySelect, (x, s) -> x * s), Setup.map(v, valueSelect, (x, s) -> x * s));
        inputs.putAll(Map.of("gate", rooted(keyLogits), "valueGate", rooted(valueLogits), "keyLogits", keyLogits, "valueLogits", valueLogits,
                "keySelect", keySelect, "valueSelect", valueSelect, "keys", k, "values", v));
        return new Case(Setup.recurrence(q).gate(Gate.KEY_VALUE).build(), inputs);
    }

    /** {@code H <- G_f H + G_s (k^T v)} element by element, {@code o = q H}. */
    private static double[] outerTwin(Map<String, Tensor> in) {
        Entry q = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "keys");
        Entry v = RecurrenceTwin.of(in, "values");
        Entry keyLogit = RecurrenceTwin.of(in, "keyLogits");
        Entry valueLogit = RecurrenceTwin.of(in, "valueLogits");
        Entry keySelect = RecurrenceTwin.of(in, "keySelect");
        Entry valueSelect = RecurrenceTwin.of(in, "valueSelect");
        int d = in.get("q").shape().dim(3);
        return RecurrenceTwin.heads(in.get("q"), d, (n, out) -> {
            double[][] h = new double[d][d];
            for (int t = 0; t < out.length; t++) {
                for (int a = 0; a < d; a++) {
                    for (int c = 0; c < d; c++) {
                        double forget = Math.pow(Activations.sigmoid(keyLogit.at(n, t, a)) * Activations.sigmoid(valueLogit.at(n, t, c)), 1 / TAU);
                        double select = keySelect.at(n, t, a) * valueSelect.at(n, t, c);
                        h[a][c] = forget * h[a][c] + select * k.at(n, t, a) * v.at(n, t, c);
                        out[t][c] += q.at(n, t, a) * h[a][c];
                    }
                }
            }
        });
    }
}
