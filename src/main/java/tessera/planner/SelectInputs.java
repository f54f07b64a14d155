package tessera.planner;

import tessera.DType;
import tessera.Estimator;
import tessera.SelectSpec;
import tessera.Tensor;

/** What the inputs of a selection mean, made of standard normal values. */
final class SelectInputs {
    private SelectInputs() {
    }

    /** Codes that often agree, rows and channels that are there, positive masses and sizes; a few rows and columns forced. */
    static Tensor of(SelectSpec spec, String name, Tensor normal) {
        Tensor values = Tensor.zeros(spec.type(name).isFloat() ? DType.F32 : spec.type(name), normal.shape());
        for (int i = 0; i < normal.shape().elements(); i++) {
            float x = normal.get(i);
            boolean codes = spec.type(name) == DType.I32;
            values.set(i, switch (name) {
                case "q", "k" -> codes ? Math.round(spec.estimator() instanceof Estimator.Hamming ? 1e6f * x : Math.abs(x)) : x;
                case "rows" -> (31L * i + 7) % spec.queries();
                case "channels" -> (5 * i + i / normal.shape().dim(1)) % spec.headDim();
                case "forcedRows", "forcedColumns" -> x < -1.5f ? 1 : 0;
                case "sizes" -> 1 + Math.round(10 * Math.abs(x));
                case "estimate", "mass" -> Math.abs(x);
                default -> x;
            });
        }
        return values;
    }
}
