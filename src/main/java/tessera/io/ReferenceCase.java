package tessera.io;

import java.util.Map;
import tessera.Spec;
import tessera.Tensor;

/** A case of a {@link ReferenceFile}: something that an operator of ours computes, or not. */
public sealed interface ReferenceCase {

    String name();

    /**
     * A case in our terms.
     *
     * @param inputs every input of the spec by name
     * @param outputs what others computed, for the spec's outputs by name
     */
    record Known(String name, Spec spec, Map<String, Tensor> inputs, Map<String, Tensor> outputs) implements ReferenceCase {
    }

    /** A case that is not ours, and why. */
    record Unknown(String name, String reason) implements ReferenceCase {
    }
}
