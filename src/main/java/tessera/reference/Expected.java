package tessera.reference;

import java.util.Map;
import tessera.Tensor;

/** Reference values of the outputs of a spec, all of them or a sample. */
public record Expected(Map<String, Values> outputs) {

    /**
     * Values of one output.
     *
     * @param at row-major positions in the output
     * @param value the value at each position
     */
    public record Values(int[] at, double[] value) {
    }

    /** The worst accuracy over all outputs. */
    public Accuracy compare(Map<String, Tensor> actual) {
        Accuracy worst = Accuracy.EXACT;
        for (Map.Entry<String, Values> output : outputs.entrySet()) {
            worst = worst.worse(Accuracy.of(actual.get(output.getKey()), output.getValue()));
        }
        return worst;
    }
}
