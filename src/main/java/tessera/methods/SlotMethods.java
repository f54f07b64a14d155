package tessera.methods;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tessera.Shape;
import tessera.Tensor;
import tessera.methods.RecurrenceTwin.Entry;

/** Softmax attention over a bounded number of slots, into which tokens are written: keys are recalled in a first pass, values in a second. */
final class SlotMethods {

    /** Slots that a head has. */
    private static final int SLOTS = 10;

    /** Root of the gate of gated slot attention. */
    private static final double DAMPING = 8;

    static final List<Method> ALL = List.of(
            new Method("G15", SlotMethods::gated, in -> {
                Entry logit = RecurrenceTwin.of(in, "logits");
                Entry alpha = (n, t, slot) -> Math.pow(Activations.sigmoid(logit.at(n, t, slot)), 1 / DAMPING);
                return twin(in, alpha, (n, t, slot) -> 1 - alpha.at(n, t, slot), false);
            }),
            new Method("G16", SlotMethods::bounded, in -> {
                Entry logit = RecurrenceTwin.of(in, "logits");
                Entry phi = (n, t, slot) -> Math.exp(logit.at(n, t, slot));
                return twin(in, (_, _, _) -> 1, phi, true);
            }));

    private SlotMethods() {
    }

    private static Shape slots(Tensor x) {
        return Shape.of(x.shape().dim(0), x.shape().dim(1), x.shape().dim(2), SLOTS);
    }

    /** A slot forgets as much as is written to it. */
    private static Case gated(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor logits = Tensor.random(slots(q), seed);
        Tensor gate = Setup.map(logits, x -> Activations.logSigmoid(x) / DAMPING);
        return read(q, k, v, logits, new Slots(gate, Setup.map(gate, x -> -Math.expm1(x))));
    }

    private static Case bounded(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor logits = Tensor.random(slots(q), seed);
        return read(q, k, v, logits, Slots.normalised(logits));
    }

    private static Case read(Tensor q, Tensor k, Tensor v, Tensor logits, Slots slots) {
        Case problem = slots.read(q, k, v, 1, false);
        Map<String, Tensor> inputs = new LinkedHashMap<>(problem.inputs());
        inputs.put("logits", logits);
        return new Case(problem.steps(), inputs);
    }

    /**
     * Slots {@code K~ <- keep K~ + write^T k}, {@code V~} alike, maybe divided by the sum of all writes so far; then
     * {@code o = softmax(q K~^T) V~}.
     */
    private static double[] twin(Map<String, Tensor> in, Entry keep, Entry write, boolean normalised) {
        Entry q = RecurrenceTwin.of(in, "q");
        Entry k = RecurrenceTwin.of(in, "k");
        Entry v = RecurrenceTwin.of(in, "v");
        int d = in.get("q").shape().dim(3);
        return RecurrenceTwin.heads(in.get("q"), d, (n, out) -> {
            double[][] keys = new double[SLOTS][d];
            double[][] values = new double[SLOTS][d];
            double[] written = new double[SLOTS];
            for (int t = 0; t < out.length; t++) {
                double[] p = new double[SLOTS];
                double sum = 0;
                for (int slot = 0; slot < SLOTS; slot++) {
                    written[slot] += write.at(n, t, slot);
                    double divisor = normalised ? written[slot] : 1;
                    double score = 0;
                    for (int c = 0; c < d; c++) {
                        keys[slot][c] = keep.at(n, t, slot) * keys[slot][c] + write.at(n, t, slot) * k.at(n, t, c);
                        values[slot][c] = keep.at(n, t, slot) * values[slot][c] + write.at(n, t, slot) * v.at(n, t, c);
                        score += q.at(n, t, c) * keys[slot][c] / divisor;
                    }
                    p[slot] = Math.exp(score);
                    sum += p[slot];
                }
                for (int slot = 0; slot < SLOTS; slot++) {
                    for (int c = 0; c < d; c++) {
                        out[t][c] += p[slot] / sum * values[slot][c] / (normalised ? written[slot] : 1);
                    }
                }
            }
        });
    }
}
