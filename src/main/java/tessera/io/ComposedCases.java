package tessera.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import tessera.Features;
import tessera.RecurrenceBuilder;
import tessera.Shape;
import tessera.Tensor;
import tessera.io.ReferenceFile.Raw;
import tessera.io.ReferenceFile.Unsupported;
import tessera.methods.Case;
import tessera.methods.FeatureMethods;
import tessera.methods.Slots;

/** Functions of flash-linear-attention that are several operators of ours one after the other. */
final class ComposedCases {
    private ComposedCases() {
    }

    /**
     * Attention over slots: with a gate {@code g}, s is what is written to a slot (arXiv:2409.07146); without one its logarithm,
     * before it is normalised over the tokens so far (arXiv:2110.02488).
     */
    static ReferenceCase.Known slots(Raw raw, boolean headFirst) throws Unsupported {
        JsonNode attributes = raw.attributes();
        raw.requireOnly(Set.of("layout", "ref", "sig", "scale", "output_final_state"), Set.of("q", "k", "v", "s", "g", "out0", "out1_0", "out1_1"));
        Tensor q = tokens(raw, "q", headFirst);
        Tensor s = tokens(raw, "s", headFirst);
        Slots slots = raw.tensors().containsKey("g") ? new Slots(raw.headFirst("g", headFirst), s) : Slots.normalised(s);
        double scale = attributes.path("scale").asDouble(1 / Math.sqrt(q.shape().dim(3)));
        boolean states = raw.tensors().containsKey("out1_0");
        Case problem = slots.read(q, raw.headFirst("k", headFirst), tokens(raw, "v", headFirst), (float) scale, states);
        Map<String, Tensor> first = new LinkedHashMap<>();
        Map<String, Tensor> second = new LinkedHashMap<>(Map.of("out", raw.headFirst("out0", headFirst)));
        if (states) {
            first.put("s", raw.tensor("out1_0"));
            second.put("s", raw.tensor("out1_1"));
        }
        return new ReferenceCase.Known(raw.name(), problem, List.of(first, Map.of(), second));
    }

    /** Similarities {@code 1 + s + s² / 2} (arXiv:2402.18668), heads first; the 1e-6 that it adds to their sum is below our tolerance. */
    static ReferenceCase.Known based(Raw raw) throws Unsupported {
        raw.requireOnly(Set.of("layout", "note", "ref", "sig", "use_norm"), Set.of("q", "k", "v", "out0"));
        UnaryOperator<RecurrenceBuilder> rule = raw.attributes().path("use_norm").asBoolean(true) ? RecurrenceBuilder::normalised : UnaryOperator.identity();
        Case problem = FeatureMethods.featured(tokens(raw, "q", true), raw.tensor("k"), tokens(raw, "v", true), Features.Plain.TAYLOR, Map.of(), rule);
        return new ReferenceCase.Known(raw.name(), problem, List.of(Map.of(), Map.of(), Map.of("out", raw.tensor("out0"))));
    }

    private static Tensor tokens(Raw raw, String name, boolean headFirst) throws Unsupported {
        Tensor tensor = raw.headFirst(name, headFirst);
        Shape shape = tensor.shape();
        if (shape.rank() != 4) {
            throw new Unsupported("its " + name + " has the shape " + shape + ", which has no batch, length, head and channel axes");
        }
        return tensor;
    }
}
