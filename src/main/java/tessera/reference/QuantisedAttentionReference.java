package tessera.reference;

import java.util.LinkedHashMap;
import java.util.Map;
import tessera.QuantSpec;
import tessera.QuantisedAttentionSpec;
import tessera.Shape;
import tessera.Tensor;

/** Attention over quantised keys and values: all of them restored first, then softmax attention in double precision. */
public final class QuantisedAttentionReference {
    private QuantisedAttentionReference() {
    }

    /** Units are rows: (batch, head, query). */
    public static Expected compute(QuantisedAttentionSpec spec, Map<String, Tensor> inputs, Sample sample) {
        Map<String, Tensor> whole = Map.of("q", inputs.get("q"), "k", whole("k", spec.k(), spec.attention().keys(), inputs), "v",
                whole("v", spec.v(), spec.attention().keys(), inputs));
        return AttentionReference.compute(spec.attention(), whole, sample);
    }

    /** What is quantised, restored, and what is not behind it. */
    private static Tensor whole(String name, QuantSpec packed, int keys, Map<String, Tensor> inputs) {
        Map<String, Tensor> given = new LinkedHashMap<>();
        packed.dequantise().inputs().keySet().forEach(input -> given.put(input, inputs.get(name + Character.toUpperCase(input.charAt(0)) + input.substring(1))));
        double[] restored = QuantReference.compute(packed.dequantise(), given, Sample.ALL).outputs().get("out").value();
        Tensor whole = Tensor.zeros(Shape.of(packed.batch(), packed.heads(), keys, packed.dim()).dims());
        int rest = keys - packed.length();
        for (int e = 0; e < whole.shape().elements(); e++) {
            int head = e / packed.dim() / keys;
            int token = e / packed.dim() % keys;
            int channel = e % packed.dim();
            whole.set(e, token < packed.length() ? (float) restored[(head * packed.length() + token) * packed.dim() + channel]
                    : inputs.get(name).get((head * rest + token - packed.length()) * packed.dim() + channel));
        }
        return whole;
    }
}
