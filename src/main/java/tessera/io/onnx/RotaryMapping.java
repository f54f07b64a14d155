package tessera.io.onnx;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tessera.DType;
import tessera.RotarySpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.TensorLayout;
import tessera.io.onnx.OnnxModel.Node;

/** RotaryEmbedding (opset 23) as ROPE. */
final class RotaryMapping implements Mapping {
    private static final int X = 0;
    private static final int COS = 1;
    private static final int SIN = 2;
    private static final int POSITION_IDS = 3;

    private RotaryMapping() {
    }

    static Mapping of(Node node) throws Unsupported {
        Mapping.requireOnly(node, Set.of("interleaved", "num_heads", "rotary_embedding_dim"));
        Mapping.requireAtMost(node, POSITION_IDS + 1);
        return new RotaryMapping();
    }

    @Override
    public OnnxProblem.Known map(Arguments arguments) throws Unsupported {
        Node node = arguments.node();
        Tensor x = arguments.laidOut(TensorLayout.BHLD, arguments.input(X), "num_heads");
        Shape shape = x.shape();
        boolean byPosition = arguments.hasInput(POSITION_IDS);
        Tensor cos = Arguments.real(arguments.input(COS));
        int rotaryDim = Math.clamp(node.integer("rotary_embedding_dim", 0), -1, Integer.MAX_VALUE);
        RotarySpec spec = new RotarySpec(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3),
                rotaryDim == 0 ? shape.dim(3) : rotaryDim,
                byPosition && cos.shape().rank() > 0 ? cos.shape().dim(0) : 0, node.integer("interleaved", 0) != 0, x.dtype());
        Map<String, Tensor> inputs = new LinkedHashMap<>();
        inputs.put("x", x);
        inputs.put("cos", cos);
        inputs.put("sin", Arguments.real(arguments.input(SIN)));
        if (byPosition) {
            inputs.put("positions", positions(arguments.input(POSITION_IDS), spec));
        }
        return new OnnxProblem.Known(spec, inputs, Map.of(),
                Map.of("out", arguments.laidOut(TensorLayout.BHLD, arguments.output(0), "num_heads")));
    }

    private static Tensor positions(OnnxTensor ids, RotarySpec spec) throws Unsupported {
        for (double id : ids.values()) {
            if (id < 0 || id >= spec.positions()) {
                throw new Unsupported("position " + (long) id + " is not in a cache of " + spec.positions() + " positions");
            }
        }
        return ids.tensor(DType.I32);
    }
}
