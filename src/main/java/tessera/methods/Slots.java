package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.FeatureSpec;
import tessera.Features;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.UpdateRule.Gate;

/**
 * A bounded number of slots into which tokens are written, each [batch, heads, length, slots].
 *
 * @param gate logarithm of what a slot keeps when a token comes
 * @param write how much of the token goes into it
 */
public record Slots(Tensor gate, Tensor write) {

    /**
     * What is written is a softmax over the tokens so far, {@code exp(s_t - z_t)} with {@code z} the logarithm of the sum of
     * {@code exp(s)}; what is kept {@code exp(z_{t-1} - z_t)}, of the nothing before the first token everything.
     */
    public static Slots normalised(Tensor logits) {
        Tensor gate = Tensor.zeros(logits.shape().dims());
        Tensor write = Tensor.zeros(logits.shape().dims());
        int length = logits.shape().dim(2);
        int slots = logits.shape().dim(3);
        IntStream.range(0, logits.shape().elements() / length).forEach(column -> {
            double z = logits.get(column / slots * length * slots + column % slots);
            for (int t = 0; t < length; t++) {
                int at = (column / slots * length + t) * slots + column % slots;
                double s = logits.get(at);
                double next = t == 0 ? s : Math.max(z, s) + Math.log1p(Math.exp(-Math.abs(z - s)));
                gate.set(at, (float) (z - next));
                write.set(at, (float) Math.exp(s - next));
                z = next;
            }
        });
        return new Slots(gate, write);
    }

    /**
     * Softmax attention over the slots: a first pass recalls keys, a second values.
     *
     * @param scale factor of the scores
     * @param finalState whether the passes give their last memory too: {@code keys.s [dim, slots]} and {@code s [slots, dim]}
     */
    public Case read(Tensor q, Tensor k, Tensor v, float scale, boolean finalState) {
        Shape shape = write.shape();
        int slots = shape.dim(3);
        FeatureSpec softmax = new FeatureSpec(shape.dim(0), shape.dim(1), shape.dim(2), slots, Features.Plain.SOFTMAX, q.dtype());
        RecurrenceBuilder first = Setup.recurrence(q).valueDim(slots).gate(Gate.VALUE_TOKEN).scale(scale);
        RecurrenceBuilder second = Setup.recurrence(write).valueDim(v.shape().dim(3)).gate(Gate.KEY_TOKEN).dtype(q.dtype());
        if (finalState) {
            first.finalState();
            second.finalState();
        }
        return new Case(List.of(
                new Step("keys", first.build(), there -> Step.renamed(there, Map.of("v", "write", "valueGate", "slotGate"))),
                new Step("softmax", softmax, there -> Step.renamed(there, Map.of("x", "keys.out"))),
                new Step("values", second.build(), there -> Step.renamed(there, Map.of("q", "softmax.out", "k", "write", "gate", "slotGate")))),
                Setup.inputs(q, k, v, Map.of("write", write, "slotGate", gate)));
    }
}
