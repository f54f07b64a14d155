package tessera.planner;

import tessera.FastWeightSpec;
import tessera.Tensor;

/** What the inputs of a fast-weight memory mean, made of standard normal values, such that its descent neither stands still nor diverges. */
final class FastWeightInputs {
    private FastWeightInputs() {
    }

    static Tensor of(FastWeightSpec spec, String name, Tensor normal) {
        float shortened = (float) (1 / Math.sqrt(name.startsWith("w") ? normal.shape().dim(2) : spec.keyDim()));
        Tensor values = Tensor.zeros(normal.shape().dims());
        for (int i = 0; i < normal.shape().elements(); i++) {
            float x = normal.get(i);
            float part = 1 / (1 + Math.abs(x));
            values.set(i, switch (name) {
                case "q", "v" -> x;
                case "k" -> shortened * x;
                case "step" -> (spec.model().isDeep() ? 0.1f : 1) * part / Math.min(spec.chunk(), spec.length());
                case "queryStep" -> part;
                case "momentum" -> 0.9f * part;
                case "forget" -> 0.1f * part;
                case "normWeight" -> 1 + 0.1f * x;
                default -> (name.startsWith("w") ? shortened : 0.1f) * x;
            });
        }
        return values;
    }
}
