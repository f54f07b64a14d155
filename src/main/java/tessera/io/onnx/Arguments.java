package tessera.io.onnx;

import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.TensorLayout;
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
        if (storage == null && tensor.type() != OnnxTensor.Type.OTHER) {
            throw new Unsupported("a tensor is stored as " + tensor.type() + "; tessera stores F32, F16 or BF16 and computes in float32");
        }
        return tensor.tensor(storage);
    }

    /**
     * A tensor of heads, its dimensions in an order of ours; one of three dimensions is packed, {@code [batch, length, heads * dim]}.
     *
     * @param attribute that says how many heads a packed tensor has
     */
    Tensor laidOut(TensorLayout layout, OnnxTensor tensor, String attribute) throws Unsupported {
        Tensor stored = real(tensor);
        if (tensor.rank() == 4) {
            return layout == TensorLayout.BHLD ? stored : swapped(stored);
        }
        if (tensor.rank() != 3) {
            throw new Unsupported("a tensor of shape " + tensor.dims() + " has neither 3 nor 4 dimensions");
        }
        long heads = node.integer(attribute, 0);
        if (heads < 1 || tensor.dim(2) % heads != 0) {
            throw new Unsupported(attribute + " = " + heads + " does not divide the last dimension of " + tensor.dims());
        }
        Tensor packed = stored.reshape(tensor.dim(0), tensor.dim(1), (int) heads, (int) (tensor.dim(2) / heads));
        return layout == TensorLayout.BLHD ? packed : swapped(packed);
    }

    /** The two dimensions in the middle have changed places. */
    private static Tensor swapped(Tensor from) {
        int[] dims = from.shape().dims();
        Tensor to = Tensor.zeros(from.dtype(), Shape.of(dims[0], dims[2], dims[1], dims[3]));
        for (int n = 0; n < from.shape().elements(); n++) {
            int row = n / dims[3];
            int first = row / dims[2] % dims[1];
            int target = (row / dims[2] / dims[1] * dims[2] + row % dims[2]) * dims[1] + first;
            to.set(target * dims[3] + n % dims[3], from.get(n));
        }
        return to;
    }
}
