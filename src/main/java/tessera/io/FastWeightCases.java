package tessera.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tessera.FastWeightBuilder;
import tessera.FastWeightSpec;
import tessera.FastWeightSpec.Loss;
import tessera.FastWeightSpec.Model;
import tessera.Tensor;
import tessera.io.ReferenceFile.Raw;
import tessera.io.ReferenceFile.Unsupported;

/** Test-time training as reference files describe it: flash-linear-attention's {@code ttt_linear}, which takes heads first. */
final class FastWeightCases {
    private static final Set<String> ATTRIBUTES = Set.of("layout", "layout2", "note", "ref", "sig", "scale", "eps", "mini_batch_size", "output_final_state");
    private static final Set<String> TENSORS = Set.of("q", "k", "v", "w", "b", "eta", "initial_state", "initial_state_bias", "out0", "out1", "out2");

    private FastWeightCases() {
    }

    /**
     * Its w and b are those of the layer norm. Its steps are factors of the token that reads them, and none of the token that takes
     * them. It multiplies q by the scale in place, so that the file has it scaled.
     */
    static ReferenceCase.Known read(Raw raw) throws Unsupported {
        JsonNode attributes = raw.attributes();
        raw.requireOnly(ATTRIBUTES, TENSORS);
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        for (String name : new String[] {"q", "k", "v"}) {
            inputs.put(name, raw.tensor(name));
        }
        int[] q = inputs.get("q").shape().dims();
        int chunk = attributes.path("mini_batch_size").asInt();
        if (q.length != 4 || chunk < 1 || q[2] % chunk != 0) {
            throw new Unsupported("its q of " + inputs.get("q").shape() + " does not divide into mini-batches of " + chunk + " tokens");
        }
        inputs.put("step", Tensor.zeros(q[0], q[1], q[2]).fill(1));
        inputs.put("queryStep", raw.tensor("eta").reshape(q[0], q[1], q[2]));
        inputs.put("normWeight", raw.tensor("w"));
        inputs.put("normBias", raw.tensor("b"));
        FastWeightBuilder builder = FastWeightSpec.of(q[0], q[1], q[2], q[3]).model(Model.LINEAR_LN).loss(Loss.MSE_RESIDUAL).chunk(chunk)
                .epsilon((float) attributes.path("eps").asDouble()).postNorm().queryStep().dtype(inputs.get("q").dtype());
        if (raw.tensors().containsKey("initial_state")) {
            builder.initialWeights();
            inputs.put("w0", raw.tensor("initial_state"));
            inputs.put("b0", raw.tensor("initial_state_bias").reshape(q[0], q[1], q[3]));
        }
        Map<String, Tensor> outputs = new LinkedHashMap<>();
        outputs.put("out", raw.tensor("out0"));
        if (raw.tensors().containsKey("out1")) {
            builder.finalWeights();
            outputs.put("w", raw.tensor("out1"));
            outputs.put("b", raw.tensor("out2").reshape(q[0], q[1], q[3]));
        }
        return new ReferenceCase.Known(raw.name(), builder.build(), inputs, outputs);
    }
}
