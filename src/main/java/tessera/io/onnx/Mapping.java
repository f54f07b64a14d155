package tessera.io.onnx;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import tessera.io.onnx.OnnxModel.Node;

/** How one operator of the standard is said in our terms. */
interface Mapping {

    /** The problem of one data set. */
    OnnxProblem.Known map(Arguments arguments) throws Unsupported;

    /** The mapping of a node's operator; what the node asks for beyond it is found here, before any tensor is read. */
    static Mapping of(Node node) throws Unsupported {
        String operator = node.domain().isEmpty() ? node.operator() : node.domain() + "." + node.operator();
        return switch (operator) {
            case "Attention" -> AttentionMapping.of(node);
            case "ai.onnx.preview.FlexAttention" -> AttentionMapping.ofFlexible(node);
            case "CausalConvWithState" -> ConvolutionMapping.of(node);
            case "RotaryEmbedding" -> RotaryMapping.of(node);
            case "LinearAttention" -> LinearAttentionMapping.of(node);
            default -> throw new Unsupported("no operator of ours is mapped to " + operator);
        };
    }

    /** Refuses a node with attributes other than these: a later version of the operator may have added them. */
    static void requireOnly(Node node, Set<String> attributes) throws Unsupported {
        Set<String> unknown = new TreeSet<>(node.attributes().keySet());
        unknown.removeAll(attributes);
        if (!unknown.isEmpty()) {
            throw new Unsupported("the attribute '" + unknown.iterator().next() + "' of " + node.operator() + " is not implemented");
        }
    }

    static void refuseIf(boolean asked, String what) throws Unsupported {
        if (asked) {
            throw new Unsupported(what + " is not implemented");
        }
    }

    /** Refuses an input beyond those that the mapping knows. */
    static void requireAtMost(Node node, int inputs) throws Unsupported {
        List<String> names = node.inputs();
        if (names.size() > inputs && names.subList(inputs, names.size()).stream().anyMatch(name -> !name.isEmpty())) {
            throw new Unsupported("input " + inputs + " of " + node.operator() + " is not implemented");
        }
    }
}
