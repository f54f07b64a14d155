package tessera;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What a plan is run with: a tensor for every input and output of its spec. */
final class Arguments {
    private final Spec spec;
    private final Map<String, Shape> inputs;
    private final Map<String, Shape> outputs;

    Arguments(Spec spec) {
        this.spec = spec;
        inputs = spec.inputs();
        outputs = spec.outputs();
    }

    Map<String, Shape> inputs() {
        return inputs;
    }

    Map<String, Shape> outputs() {
        return outputs;
    }

    /** By name, inputs before outputs. */
    Map<String, Tensor> named(Tensor... tensors) {
        List<String> names = new ArrayList<>(inputs.keySet());
        names.addAll(outputs.keySet());
        if (tensors.length > names.size()) {
            throw new IllegalArgumentException(spec.operator() + " takes " + names + ", got " + tensors.length + " tensors");
        }
        Map<String, Tensor> byName = new LinkedHashMap<>();
        for (int n = 0; n < tensors.length; n++) {
            byName.put(names.get(n), tensors[n]);
        }
        return byName;
    }

    /** The given tensors in the shapes of the spec, and new ones for outputs that are not given. */
    Map<String, Tensor> complete(Map<String, Tensor> tensors) {
        for (String name : tensors.keySet()) {
            if (!inputs.containsKey(name) && !outputs.containsKey(name)) {
                throw new IllegalArgumentException("unknown tensor '" + name + "'; " + spec.operator() + " takes " + inputs.keySet()
                        + " and gives " + outputs.keySet());
            }
        }
        Map<String, Tensor> given = new LinkedHashMap<>();
        inputs.forEach((name, shape) -> {
            Tensor tensor = tensors.get(name);
            if (tensor == null) {
                throw new IllegalArgumentException("input '" + name + "' is missing; " + spec.operator() + " takes " + inputs);
            }
            given.put(name, input(name, tensor, shape));
        });
        outputs.forEach((name, shape) -> {
            Tensor tensor = tensors.get(name);
            Tensor output = tensor == null ? Tensor.zeros(spec.outputType(name), shape)
                    : checked(name, spec.outputType(name), packed(tensor, shape), shape);
            given.forEach((other, taken) -> {
                if (taken.data() == output.data()) {
                    throw new IllegalArgumentException("output '" + name + "' must not share its memory with '" + other + "'");
                }
            });
            given.put(name, output);
        });
        return given;
    }

    /** Dimensions of 1 in front may be left out. */
    private Tensor input(String name, Tensor tensor, Shape shape) {
        Shape given = tensor.shape();
        boolean padded = given.rank() < shape.rank() && given.padded(shape.rank()).equals(shape);
        Tensor full = padded ? tensor.reshape(shape.dims()) : packed(tensor, shape);
        return checked(name, spec.type(name), full, shape);
    }

    /** {@code [batch, length, heads * dim]} in the place of {@code [batch, length, heads, dim]}. */
    private Tensor packed(Tensor tensor, Shape shape) {
        boolean blhd = spec instanceof AttentionSpec attention && attention.arrangement().layout() == TensorLayout.BLHD && shape.rank() == 4;
        boolean fits = blhd && tensor.shape().equals(Shape.of(shape.dim(0), shape.dim(1), shape.dim(2) * shape.dim(3)));
        return fits ? tensor.reshape(shape.dims()) : tensor;
    }

    private static Tensor checked(String name, DType type, Tensor tensor, Shape shape) {
        if (type.isFloat() ? !tensor.dtype().isFloat() : tensor.dtype() != type) {
            throw new IllegalArgumentException("'" + name + "' must be stored as " + (type.isFloat() ? "F32, F16 or BF16" : type)
                    + ", got " + tensor.dtype());
        }
        if (!tensor.shape().equals(shape)) {
            throw new IllegalArgumentException("'" + name + "' must have shape " + shape + ", got " + tensor.shape());
        }
        return tensor;
    }
}
