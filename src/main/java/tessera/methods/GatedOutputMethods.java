package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessera.Epilogue;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.UpdateRule.Norm;
import tessera.methods.RecurrenceTwin.Entry;

/** Gated recurrences whose result goes through a gate or a function of its own. */
final class GatedOutputMethods {

    /** Added to the logits of a decay, so that a token is remembered for some twenty more. */
    private static final double BIAS = 3;

    static final List<Method> ALL = List.of(
            new Method("G09", GatedOutputMethods::mlstm, GatedOutputMethods::mlstmTwin),
            new Method("G11", GatedOutputMethods::hgrn, GatedOutputMethods::hgrnTwin),
            new Method("G13", GatedOutputMethods::metaLa, GatedOutputMethods::metaLaTwin));

    private GatedOutputMethods() {
    }

    /** Forget gates sigmoid(.), input gates exp(.), output gates sigmoid(.). */
    private static Case mlstm(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor forget = Setup.map(Tensor.random(Setup.tokens(q), seed), x -> x + BIAS);
        Tensor input = Tensor.random(Setup.tokens(q), seed + 1);
        Tensor output = Tensor.random(v.shape(), seed + 2);
        float scale = (float) (1 / Math.sqrt(q.shape().dim(3)));
        return new Case(List.of(
                new Step("memory", Setup.recurrence(q).gate(Gate.HEAD_TOKEN).inputGate().norm(Norm.MAXABS).scale(scale).build(), UnaryOperator.identity()),
                new Step("out", Setup.epilogue(v.shape(), new Epilogue.Gate(Epilogue.Gate.Function.SIGMOID), q.dtype()),
                        there -> Step.renamed(there, Map.of("x", "memory.out", "g", "outputLogits")))),
                Setup.inputs(q, k, v, Map.of("gate", Setup.map(forget, Activations::logSigmoid), "forgetLogits", forget, "logInput", input,
                        "outputLogits", output)));
    }

    /**
     * {@code C <- f C + i k^T v / sqrt(d)}, {@code n <- f n + i k / sqrt(d)}, {@code h = sigmoid(o) q C / max(|q·n|, 1)}, without a
     * stabiliser, which a double does not need.
     */
    private static double[] mlstmTwin(Map<String, Tensor> in) {
        Entry q = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "k");
        Entry v = RecurrenceTwin.of(in, "v");
        Entry forget = RecurrenceTwin.of(in, "forgetLogits");
        Entry input = RecurrenceTwin.of(in, "logInput");
        Entry output = RecurrenceTwin.of(in, "outputLogits");
        int d = in.get("q").shape().dim(3);
        return RecurrenceTwin.heads(in.get("q"), d, (head, out) -> {
            double[][] memory = new double[d][d];
            double[] n = new double[d];
            for (int t = 0; t < out.length; t++) {
                double f = Activations.sigmoid(forget.at(head, t, 0));
                double weight = 0;
                for (int a = 0; a < d; a++) {
                    double key = Math.exp(input.at(head, t, 0)) * k.at(head, t, a) / Math.sqrt(d);
                    n[a] = f * n[a] + key;
                    weight += q.at(head, t, a) * n[a];
                    for (int c = 0; c < d; c++) {
                        memory[a][c] = f * memory[a][c] + key * v.at(head, t, c);
                        out[t][c] += q.at(head, t, a) * memory[a][c];
                    }
                }
                for (int c = 0; c < d; c++) {
                    out[t][c] *= Activations.sigmoid(output.at(head, t, c)) / Math.max(Math.abs(weight), 1);
                }
            }
        });
    }

    /** A head for each channel: the given queries, keys and values are the logits of the output gate, of the forget gate, and the candidate. */
    private static Case hgrn(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor logits = Setup.byChannel(k);
        Tensor write = Setup.map(logits, x -> (1 - GatedMethods.LEAST_FORGET) * Activations.sigmoid(-x));
        Map<String, Tensor> inputs = Setup.inputs(Setup.map(Setup.byChannel(q), Activations::sigmoid), write, Setup.map(Setup.byChannel(v), Activations::silu));
        Tensor gate = Setup.map(logits, GatedMethods::logForget);
        inputs.put("gate", gate.reshape(Setup.tokens(gate).dims()));
        inputs.putAll(Map.of("outputLogits", q, "forgetLogits", k, "candidates", v));
        return new Case(Setup.recurrence(write).gate(Gate.HEAD_TOKEN).dtype(q.dtype()).build(), inputs);
    }

    /** {@code h <- f h + (1 - f) c}, {@code o = g h}, channel by channel. */
    private static double[] hgrnTwin(Map<String, Tensor> in) {
        Shape shape = in.get("candidates").shape();
        Entry output = RecurrenceTwin.of(in, "outputLogits");
        Entry logit = RecurrenceTwin.of(in, "forgetLogits");
        Entry candidate = RecurrenceTwin.of(in, "candidates");
        int d = shape.dim(3);
        return RecurrenceTwin.heads(shape.dim(0) * shape.dim(1) * d, shape.dim(2), 1, (channel, out) -> {
            double h = 0;
            for (int t = 0; t < out.length; t++) {
                double f = GatedMethods.forget(logit.at(channel / d, t, channel % d));
                h = f * h + (1 - f) * Activations.silu(candidate.at(channel / d, t, channel % d));
                out[t][0] = Activations.sigmoid(output.at(channel / d, t, channel % d)) * h;
            }
        });
    }

    /** What is forgotten is the key; the current token, read by {@code q w}, is added once more through a sigmoid. */
    private static Case metaLa(Tensor q, Tensor k, Tensor v, long seed) {
        int heads = q.shape().dim(1);
        Tensor augment = Tensor.random(Setup.constants(q), seed);
        Tensor key = Setup.map(k, x -> (1 - GatedMethods.LEAST_FORGET) * Activations.sigmoid(-x));
        Tensor augmented = Setup.map(q, Setup.everywhere(augment, q.shape().dim(0), Setup.length(q)), (x, w) -> x * w);
        return new Case(List.of(
                new Step("state", Setup.recurrence(q).gate(Gate.KEY_TOKEN).build(), UnaryOperator.identity()),
                new Step("self", Setup.recurrence(q).gate(Gate.HEAD_CONST).build(), there -> Step.renamed(there, Map.of("q", "augmented", "gate", "nothing"))),
                new Step("sigmoid", Setup.epilogue(v.shape(), Epilogue.Activation.SIGMOID, q.dtype()), there -> Step.renamed(there, Map.of("x", "self.out"))),
                new Step("out", Setup.epilogue(v.shape(), new Epilogue.Add(1), q.dtype()),
                        there -> Step.renamed(there, Map.of("x", "state.out", "y", "sigmoid.out")))),
                Setup.inputs(q, key, v, Map.of("gate", Setup.map(k, GatedMethods::logForget), "nothing", Tensor.zeros(heads).fill(Float.NEGATIVE_INFINITY),
                        "augmented", augmented, "augment", augment, "logits", k)));
    }

    /** {@code S <- Diag(alpha) S + (1 - alpha)^T v}, {@code o = q S + sigmoid(((q w)·(1 - alpha)) v)}. */
    private static double[] metaLaTwin(Map<String, Tensor> in) {
        Entry q = RecurrenceTwin.of(in, "q");
        Entry v = RecurrenceTwin.of(in, "v");
        Entry logit = RecurrenceTwin.of(in, "logits");
        Entry augment = RecurrenceTwin.constants(in, "augment");
        Entry alpha = (n, t, a) -> GatedMethods.forget(logit.at(n, t, a));
        int d = in.get("q").shape().dim(3);
        double[] read = RecurrenceTwin.of(in, (n, t, a) -> 1 - alpha.at(n, t, a), v, alpha);
        return RecurrenceTwin.heads(in.get("q"), d, (n, out) -> {
            for (int t = 0; t < out.length; t++) {
                double weight = 0;
                for (int a = 0; a < d; a++) {
                    weight += q.at(n, t, a) * augment.at(n, t, a) * (1 - alpha.at(n, t, a));
                }
                for (int c = 0; c < d; c++) {
                    out[t][c] = read[(n * out.length + t) * d + c] + Activations.sigmoid(weight * v.at(n, t, c));
                }
            }
        });
    }
}
