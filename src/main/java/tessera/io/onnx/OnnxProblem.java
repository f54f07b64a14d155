package tessera.io.onnx;

import java.util.List;
import java.util.Map;
import tessera.Spec;
import tessera.Tensor;

/** What an {@link OnnxCase} is in our terms. */
public sealed interface OnnxProblem {

    /** A case that an operator of ours computes; the data sets one by one. */
    record Sets(List<Known> all) implements OnnxProblem {
    }

    /** A case that is not ours, and why. */
    record Unknown(String reason) implements OnnxProblem {
    }

    /**
     * One data set.
     *
     * @param inputs every input of the spec by name
     * @param made outputs of the node that need no operator, such as the keys of a node without past ones
     * @param expected what the case wants, by the names of the spec's outputs and of {@code made}
     */
    record Known(Spec spec, Map<String, Tensor> inputs, Map<String, Tensor> made, Map<String, Tensor> expected) {

        /** @throws IllegalArgumentException if an input has not the shape that the spec gives it */
        public Known {
            spec.inputs().forEach((name, shape) -> {
                if (!inputs.get(name).shape().equals(shape)) {
                    throw new IllegalArgumentException("its " + name + " has the shape " + inputs.get(name).shape() + ", not " + shape);
                }
            });
        }
    }
}
