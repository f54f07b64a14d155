package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessera.Epilogue;
import tessera.RecurrenceBuilder;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Correction;
import tessera.UpdateRule.Gate;
import tessera.methods.RecurrenceTwin.Entry;

/** The RWKV models: receptances r read (q), and the current token counts with a weight of its own, the bonus. */
final class RwkvMethods {

    /** Least decay of RWKV-7, as a logarithm. */
    private static final double FASTEST = -Math.exp(-0.5);

    static final List<Method> ALL = List.of(
            new Method("G02", RwkvMethods::rwkv4, in -> channelsTwin(in, RecurrenceTwin.constants(in, "w"), RecurrenceTwin.constants(in, "logBonus"))),
            new Method("G03", RwkvMethods::eagle, in -> bonusTwin(in, RecurrenceTwin.constants(in, "omega"))),
            new Method("G04", RwkvMethods::finch, in -> bonusTwin(in, RecurrenceTwin.of(in, "omega"))),
            new Method("G05", RwkvMethods::goose, RwkvMethods::gooseTwin));

    private RwkvMethods() {
    }

    /** A head for each channel, whose keys are 1 and enter by e^k; decays from 0.69 to 0.998. */
    private static Case rwkv4(Tensor r, Tensor k, Tensor v, long seed) {
        Tensor w = Setup.map(Setup.uniform(Setup.constants(k), seed, -6, -1), Math::exp);
        Tensor u = Tensor.random(Setup.constants(k), seed + 1);
        int channels = w.shape().elements();
        Map<String, Tensor> more = Map.of("gate", Setup.map(w, x -> -x).reshape(channels), "u", Setup.map(u, Math::exp).reshape(channels, 1), "w", w,
                "logBonus", u);
        return channels(r, k, v, more, recurrence -> recurrence.gate(Gate.HEAD_CONST).readsPrevious().bonus());
    }

    /** A weighted mean of the values of each channel, weighted by e^k, times sigmoid(r). */
    static Case channels(Tensor r, Tensor k, Tensor v, Map<String, Tensor> more, UnaryOperator<RecurrenceBuilder> rule) {
        Tensor values = Setup.byChannel(v);
        Tensor logInput = Setup.byChannel(k);
        Tensor ones = Tensor.zeros(values.shape().dims()).fill(1);
        Map<String, Tensor> inputs = Setup.inputs(ones, ones, values, more);
        inputs.putAll(Map.of("logInput", logInput.reshape(Setup.tokens(logInput).dims()), "g", Setup.byChannel(r), "receptances", r, "keys", k, "values", v));
        return new Case(List.of(
                new Step("mean", rule.apply(Setup.recurrence(ones).inputGate().normalised()).build(), UnaryOperator.identity()),
                new Step("out", Setup.epilogue(values.shape(), new Epilogue.Gate(Epilogue.Gate.Function.SIGMOID), v.dtype()),
                        there -> Step.renamed(there, Map.of("x", "mean.out")))), inputs);
    }

    /** Decays {@code exp(-exp(omega))} from 0.69 to 0.998, as the models start. */
    private static Case eagle(Tensor q, Tensor k, Tensor v, long seed) {
        return withBonus(q, k, v, Gate.KEY_CONST, Setup.uniform(Setup.constants(k), seed, -6, -1), seed);
    }

    private static Case finch(Tensor q, Tensor k, Tensor v, long seed) {
        return withBonus(q, k, v, Gate.KEY_TOKEN, Setup.map(Tensor.random(k.shape(), seed), x -> x - 3), seed);
    }

    private static Case withBonus(Tensor q, Tensor k, Tensor v, Gate kind, Tensor omega, long seed) {
        Map<String, Tensor> more = Map.of("gate", Setup.map(omega, x -> -Math.exp(x)), "omega", omega, "u", Tensor.random(Setup.constants(k), seed + 1));
        return new Case(Setup.recurrence(q).gate(kind).readsPrevious().bonus().build(), Setup.inputs(q, k, v, more));
    }

    /** {@code o = r (S + u k^T v)}, then {@code S <- Diag(w) S + k^T v}, with {@code w = exp(-exp(omega))}. */
    private static double[] bonusTwin(Map<String, Tensor> in, Entry omega) {
        Entry r = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "k");
        Entry v = RecurrenceTwin.of(in, "v");
        Entry u = RecurrenceTwin.constants(in, "u");
        int d = in.get("q").shape().dim(3);
        return RecurrenceTwin.heads(in.get("q"), d, (n, out) -> {
            double[][] s = new double[d][d];
            for (int t = 0; t < out.length; t++) {
                for (int a = 0; a < d; a++) {
                    double w = Math.exp(-Math.exp(omega.at(n, t, a)));
                    for (int c = 0; c < d; c++) {
                        double written = k.at(n, t, a) * v.at(n, t, c);
                        out[t][c] += r.at(n, t, a) * (s[a][c] + u.at(n, t, a) * written);
                        s[a][c] = w * s[a][c] + written;
                    }
                }
            }
        });
    }

    /**
     * Decays {@code exp(-e^(-1/2) sigmoid(.))} and rates of learning {@code a = sigmoid(.)}. The removal key is {@code k xi} of length
     * 1, the replacement key {@code k (1 + (a - 1) alpha)}; xi, alpha and the bonus rho are the model's.
     */
    private static Case goose(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor logits = Tensor.random(k.shape(), seed);
        Tensor rate = Setup.map(Tensor.random(k.shape(), seed + 1), Activations::sigmoid);
        Tensor xi = Setup.uniform(Setup.constants(k), seed + 2, 0.5, 1.5);
        Tensor alpha = Setup.uniform(Setup.constants(k), seed + 3, 0.5, 1.5);
        int d = k.shape().dim(3);
        int perBatch = k.shape().dim(1) * k.shape().dim(2) * d;
        Tensor removal = Tensor.zeros(k.shape().dims());
        Tensor replacement = Tensor.zeros(k.shape().dims());
        for (int e = 0; e < k.shape().elements(); e++) {
            int constant = e % perBatch / (k.shape().dim(2) * d) * d + e % d;
            removal.set(e, k.get(e) * xi.get(constant));
            replacement.set(e, k.get(e) * (1 + (rate.get(e) - 1) * alpha.get(constant)));
        }
        removal = Setup.unit(removal);
        Map<String, Tensor> inputs = Setup.inputs(q, replacement, v);
        inputs.put("gate", Setup.map(logits, x -> FASTEST * Activations.sigmoid(x)));
        inputs.put("a", Setup.map(removal, x -> -x));
        inputs.put("b", Setup.map(removal, rate, (x, a) -> x * a));
        inputs.put("u", Tensor.random(Setup.constants(k), seed + 4));
        inputs.putAll(Map.of("logits", logits, "rate", rate, "xi", xi, "alpha", alpha, "keys", k));
        return new Case(Setup.recurrence(q).gate(Gate.KEY_TOKEN).correction(Correction.RANK_ONE).bonus().build(), inputs);
    }

    /** {@code S <- Diag(w) S - (kappa a)^T (kappa S) + k'^T v}, {@code o = r S + (r · (rho k')) v}. */
    private static double[] gooseTwin(Map<String, Tensor> in) {
        Entry r = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "keys");
        Entry v = RecurrenceTwin.of(in, "v");
        Entry logit = RecurrenceTwin.of(in, "logits");
        Entry rate = RecurrenceTwin.of(in, "rate");
        Entry xi = RecurrenceTwin.constants(in, "xi");
        Entry alpha = RecurrenceTwin.constants(in, "alpha");
        Entry rho = RecurrenceTwin.constants(in, "u");
        int d = in.get("q").shape().dim(3);
        return RecurrenceTwin.heads(in.get("q"), d, (n, out) -> {
            double[][] s = new double[d][d];
            for (int t = 0; t < out.length; t++) {
                double[] kappa = new double[d];
                double[] key = new double[d];
                double squares = 0;
                double bonus = 0;
                for (int i = 0; i < d; i++) {
                    kappa[i] = k.at(n, t, i) * xi.at(n, t, i);
                    squares += kappa[i] * kappa[i];
                    key[i] = k.at(n, t, i) * (1 + (rate.at(n, t, i) - 1) * alpha.at(n, t, i));
                    bonus += r.at(n, t, i) * rho.at(n, t, i) * key[i];
                }
                for (int c = 0; c < d; c++) {
                    double removed = 0;
                    for (int i = 0; i < d; i++) {
                        removed += kappa[i] / Math.sqrt(squares) * s[i][c];
                    }
                    out[t][c] = bonus * v.at(n, t, c);
                    for (int i = 0; i < d; i++) {
                        double w = Math.exp(-Activations.sigmoid(logit.at(n, t, i)) / Math.sqrt(Math.E));
                        s[i][c] = w * s[i][c] - kappa[i] / Math.sqrt(squares) * rate.at(n, t, i) * removed + key[i] * v.at(n, t, c);
                        out[t][c] += r.at(n, t, i) * s[i][c];
                    }
                }
            }
        });
    }

    /** Channel by channel {@code o = sigmoid(r) (num + e^(u+k) v) / (den + e^(u+k))}, then {@code num <- e^-w num + e^k v}, den alike. */
    static double[] channelsTwin(Map<String, Tensor> in, Entry w, Entry u) {
        Shape shape = in.get("values").shape();
        Entry r = RecurrenceTwin.of(in, "receptances");
        Entry k = RecurrenceTwin.of(in, "keys");
        Entry v = RecurrenceTwin.of(in, "values");
        int d = shape.dim(3);
        return RecurrenceTwin.heads(shape.dim(0) * shape.dim(1) * d, shape.dim(2), 1, (channel, out) -> {
            int n = channel / d;
            int c = channel % d;
            double num = 0;
            double den = 0;
            for (int t = 0; t < out.length; t++) {
                double own = Math.exp(u.at(n, t, c) + k.at(n, t, c));
                out[t][0] = Activations.sigmoid(r.at(n, t, c)) * (num + own * v.at(n, t, c)) / (den + own);
                num = Math.exp(-w.at(n, t, c)) * num + Math.exp(k.at(n, t, c)) * v.at(n, t, c);
                den = Math.exp(-w.at(n, t, c)) * den + Math.exp(k.at(n, t, c));
            }
        });
    }
}
