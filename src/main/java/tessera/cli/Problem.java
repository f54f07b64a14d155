package tessera.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.RecurrenceBuilder;
import tessera.RecurrenceSpec;
import tessera.Shape;
import tessera.Spec;
import tessera.Tensor;
import tessera.UpdateRule.Gate;
import tessera.io.Safetensors;

/**
 * A spec and its inputs, read from a file: sizes come from the tensors, the rest from the options.
 *
 * @param inputs every input of the spec by name
 */
record Problem(Spec spec, Map<String, Tensor> inputs) {

    /**
     * Reads the tensors that the operator needs.
     *
     * @throws IllegalArgumentException if one has a shape that does not fit the others, naming it
     * @throws tessera.TesseraException if one is missing or cannot be read
     */
    static Problem read(Safetensors file, SpecOptions options) {
        Map<String, Tensor> found = new LinkedHashMap<>();
        for (String name : new String[] {"q", "k", "v"}) {
            Tensor tensor = file.tensor(name);
            require(tensor.shape().rank() == 4, name, tensor.shape(), "[batch, heads, length, dim]");
            requireFloat(name, tensor);
            found.put(name, tensor);
        }
        for (String name : new String[] {"gate", "s0", "block_mask"}) {
            if (file.names().contains(name)) {
                found.put(name, file.tensor(name));
            }
        }
        Spec spec = options.operator == SpecOptions.OperatorName.ATTENTION ? attention(found, options) : recurrence(found, options);
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        spec.inputs().forEach((name, shape) -> {
            Tensor tensor = found.getOrDefault(name, file.names().contains(name) ? file.tensor(name) : null);
            if (tensor == null) {
                throw new IllegalArgumentException("the input has no tensor '" + name + "'; " + spec.operator() + " takes " + spec.inputs());
            }
            require(tensor.shape().equals(shape), name, tensor.shape(), shape);
            requireFloat(name, tensor);
            inputs.put(name, tensor);
        });
        return new Problem(spec, inputs);
    }

    private static AttentionSpec attention(Map<String, Tensor> found, SpecOptions options) {
        Shape q = found.get("q").shape();
        Shape k = found.get("k").shape();
        AttentionBuilder builder = AttentionSpec.of(q.dim(0), q.dim(1), q.dim(2), q.dim(3)).kvHeads(k.dim(1)).keys(k.dim(2))
                .valueDim(found.get("v").shape().dim(3)).dtype(found.get("q").dtype());
        return options.attention(builder, q.dim(2), k.dim(2), found.get("block_mask"));
    }

    private static RecurrenceSpec recurrence(Map<String, Tensor> found, SpecOptions options) {
        Shape q = found.get("q").shape();
        RecurrenceBuilder builder = RecurrenceSpec.of(q.dim(0), q.dim(1), q.dim(2), q.dim(3)).valueDim(found.get("v").shape().dim(3))
                .dtype(found.get("q").dtype());
        if (found.containsKey("s0")) {
            builder.initialState();
        }
        return options.recurrence(builder, found.containsKey("gate") ? kind(found.get("gate").shape()) : null);
    }

    private static Gate kind(Shape gate) {
        return switch (gate.rank()) {
            case 1 -> Gate.HEAD_CONST;
            case 2 -> Gate.KEY_CONST;
            case 3 -> Gate.HEAD_TOKEN;
            case 4 -> Gate.KEY_TOKEN;
            default -> throw new IllegalArgumentException("'gate' must have shape [heads], [heads, dim], [batch, heads, length] or [batch, heads, length, dim], got " + gate);
        };
    }

    private static void requireFloat(String name, Tensor tensor) {
        require(tensor.dtype().isFloat(), name, tensor.dtype(), "F32, F16 or BF16");
    }

    private static void require(boolean fits, String name, Object got, Object wanted) {
        if (!fits) {
            throw new IllegalArgumentException("'" + name + "' must be " + wanted + ", got " + got);
        }
    }
}
