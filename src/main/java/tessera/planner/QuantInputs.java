package tessera.planner;

import tessera.DType;
import tessera.Spec;
import tessera.Tensor;

/** What the inputs of a quantisation, or of an attention over quantised keys, mean, made of standard normal values. */
final class QuantInputs {
    private QuantInputs() {
    }

    static Tensor of(Spec spec, String name, Tensor normal) {
        DType type = spec.type(name);
        Tensor values = Tensor.zeros(type.isFloat() ? DType.F32 : type, normal.shape());
        int size = normal.shape().elements();
        for (int i = 0; i < size; i++) {
            float x = normal.get(i);
            values.set(i, switch (name) {
                case "codes", "kCodes", "vCodes" -> (31 * i + 7) % 256 - 128;
                case "scales", "kScales", "vScales" -> i % normal.shape().dim(-1) == 0 ? 0.1f * Math.abs(x) : x;
                case "codebook", "kCodebook", "vCodebook" -> (float) Math.rint(1024.0 * i * i / ((size - 1.0) * (size - 1))) / 1024;
                case "outlierChannels" -> x < -1 ? -1 : (31L * i + 7) % spec.outputs().get("out").dim(-1);
                default -> x;
            });
        }
        return values;
    }
}
