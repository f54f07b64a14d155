package tessera.io;

import java.util.List;
import java.util.Map;
import tessera.Spec;
import tessera.Tensor;
import tessera.methods.Case;

/** A case of a {@link ReferenceFile}: something that operators of ours compute, or not. */
public sealed interface ReferenceCase {

    String name();

    /**
     * A case in our terms.
     *
     * @param outputs what others computed: for each step, some of its outputs by name
     */
    record Known(String name, Case problem, List<Map<String, Tensor>> outputs) implements ReferenceCase {

        /** A case of one operator. */
        Known(String name, Spec spec, Map<String, Tensor> inputs, Map<String, Tensor> outputs) {
            this(name, new Case(spec, inputs), List.of(outputs));
        }
    }

    /** A case of a method that the catalogue does not have, and what it would need. */
    record Outside(String name, String reason) implements ReferenceCase {
    }

    /** A case that is not understood, and why. */
    record Unknown(String name, String reason) implements ReferenceCase {
    }
}
