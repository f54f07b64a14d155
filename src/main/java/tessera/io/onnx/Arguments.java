package tessera.io.onnx;

import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.io.onnx.OnnxModel.Node;

/** A node with the tensors of one data set, found by their place in the operator's definition. */
record Arguments(Node node, Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs) {

    boolean hasInput(int place) {
        return has(node.inputs(), place);
    }

    boolean hasOutput(int place) {
        return has(node.outputs(), place);
    }

    OnnxTensor input(int place) throws Unsupported {
        return find(node.inputs(), place, inputs, "input");
    }

    OnnxTensor output(int place) throws Unsupported {
        return find(node.outputs(), place, outputs, "output");
    }

    private static boolean has(List<String> names, int place) {
        return place < names.size() && !names.get(place).isEmpty();
    }

    private static OnnxTensor find(List<String> names, int place, Map<String, OnnxTensor> tensors, String kind) throws Unsupported {
        OnnxTensor tensor = has(names, place) ? tensors.get(names.get(place)) : null;
        if (tensor == null) {
            throw new Unsupported("it has no " + kind + " " + place);
        }
        return tensor;
    }

    /** The real numbers of a tensor, stored as the file has them. */
    static Tensor real(OnnxTensor tensor) throws Unsupported {
        DType storage = tensor.type().storage();
        if (storage == null) {
            throw new Unsupported("a tensor is stored as " + tensor.type() + "; tessera stores F32, F16 or BF16 and computes in float32");
        }
        return tensor.tensor(storage);
    }

    /**
     * A tensor as {@code [batch, heads, length, dim]}.
     *
     * @param heads number of heads of a packed tensor {@code [batch, length, heads * dim]}; 0 if the node does not say
     */
    static Tensor headFirst(OnnxTensor tensor, long heads, String attribute) throws Unsupported {
        Tensor stored = real(tensor);
        if (tensor.rank() == 4) {
            return stored;
        }
        if (tensor.rank() != 3) {
            throw new Unsupported("a tensor of shape " + tensor.dims() + " has neither 3 nor 4 dimensions");
        }
        if (heads < 1 || tensor.dim(2) % heads != 0) {
            throw new Unsupported(attribute + " = " + heads + " does not divide the last dimension of " + tensor.dims());
        }
        int batch = tensor.dim(0);
        int length = tensor.dim(1);
        int dim = (int) (tensor.dim(2) / heads);
        Tensor result = Tensor.zeros(stored.dtype(), Shape.of(batch, (int) heads, length, dim));
        for (int n = 0; n < stored.shape().elements(); n++) {
            int token = n / tensor.dim(2);
            int head = n % tensor.dim(2) / dim;
            int row = (token / length * (int) heads + head) * length + token % length;
            result.set(row * dim + n % dim, stored.get(n));
        }
        return result;
    }
}
