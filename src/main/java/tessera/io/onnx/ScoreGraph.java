package tessera.io.onnx;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.Scores;
import tessera.Shape;
import tessera.Tensor;
import tessera.io.onnx.OnnxModel.Graph;
import tessera.io.onnx.OnnxModel.Node;

/**
 * A subgraph of FlexAttention in ATTN's terms. What does not depend on the scores is computed; the scores stay unknown, as
 * {@code bound * tanh(factor * score) + bias} (without bound {@code factor * score + bias}), and every node must keep that form.
 *
 * @param factor on the score
 * @param bound of the soft cap, 0 for none
 * @param bias null for none; minus infinity excludes a key
 */
record ScoreGraph(double factor, double bound, Grid bias) {

    /** A score of this or less excludes its key. */
    private static final double EXCLUDED = Scores.EXCLUDED;

    /** Gives a spec what the subgraphs of a node of FlexAttention do; probabilities times a number are the values times that number. */
    static void modify(Node node, AttentionBuilder spec, Map<String, Tensor> inputs) throws Unsupported {
        AttentionSpec plain = spec.build();
        Shape shape = Shape.of(plain.batch(), plain.heads(), plain.queries(), plain.keys());
        if (node.attributes().get("score_mod") instanceof Graph graph) {
            ScoreGraph scores = ScoreGraph.of(graph, shape);
            spec.scale((float) (plain.scale() * scores.factor() * (scores.bound() == 0 ? 1 : scores.bound()))).softcap((float) scores.bound());
            if (scores.bias() != null) {
                Mapping.refuseIf(scores.bias().dims().length > 4, "a subgraph score_mod with a bias of more than four dimensions");
                Shape bias = Shape.of(scores.bias().dims()).padded(4);
                spec.bias(bias.dims());
                inputs.put("bias", scores.bias().tensor().reshape(bias.dims()));
            }
        }
        if (node.attributes().get("prob_mod") instanceof Graph graph) {
            ScoreGraph probabilities = ScoreGraph.of(graph, shape);
            Mapping.refuseIf(probabilities.bound() != 0 || probabilities.bias() != null, "a subgraph prob_mod that does more than multiply by a number");
            Tensor v = inputs.get("v");
            for (int n = 0; n < v.shape().elements(); n++) {
                v.set(n, (float) (v.get(n) * probabilities.factor()));
            }
        }
    }

    /** What a subgraph of one input and one output makes of scores of that shape. */
    static ScoreGraph of(Graph graph, Shape shape) throws Unsupported {
        if (graph.inputs().size() != 1 || graph.outputs().size() != 1) {
            throw new Unsupported("its subgraph has " + graph.inputs().size() + " inputs and " + graph.outputs().size() + " outputs, not one each");
        }
        Map<String, Object> values = new HashMap<>();
        for (Map.Entry<String, OnnxTensor> constant : graph.constants().entrySet()) {
            values.put(constant.getKey(), Grid.of(constant.getValue()));
        }
        values.put(graph.inputs().getFirst(), new ScoreGraph(1, 0, null));
        for (Node node : graph.nodes()) {
            Object[] inputs = node.inputs().stream().map(values::get).toArray();
            if (Arrays.asList(inputs).contains(null) || node.outputs().size() != 1) {
                throw new Unsupported("its subgraph has a node " + node.operator() + " with an input that is not known");
            }
            values.put(node.outputs().getFirst(), apply(node, inputs, shape));
        }
        if (!(values.get(graph.outputs().getFirst()) instanceof ScoreGraph scores)) {
            throw new Unsupported("its subgraph does not give scores");
        }
        return scores;
    }

    private static Object apply(Node node, Object[] inputs, Shape shape) throws Unsupported {
        Object result = switch (inputs) {
            case Object[] one when one.length == 1 && one[0] instanceof ScoreGraph scores -> scores.unary(node, shape);
            case Object[] two when two.length == 2 && two[0] instanceof ScoreGraph scores && two[1] instanceof Grid grid -> scores.binary(node, grid);
            case Object[] two when two.length == 2 && two[0] instanceof Grid grid && two[1] instanceof ScoreGraph scores
                    && (node.operator().equals("Add") || node.operator().equals("Mul")) -> scores.binary(node, grid);
            case Object[] three when three.length == 3 && node.operator().equals("Where") && three[0] instanceof Grid where
                    && three[1] instanceof ScoreGraph scores && three[2] instanceof Grid otherwise -> scores.where(where, otherwise.scalar());
            default -> IntStream.range(0, inputs.length).allMatch(n -> inputs[n] instanceof Grid)
                    ? known(node, Arrays.copyOf(inputs, inputs.length, Grid[].class)) : null;
        };
        if (result == null) {
            throw new Unsupported("a subgraph with the operator " + node.operator() + " there is not implemented");
        }
        return result;
    }

    private Object unary(Node node, Shape shape) {
        return switch (node.operator()) {
            case "Shape" -> node.attributes().isEmpty() ? new Grid(new int[] {4}, Arrays.stream(shape.dims()).asDoubleStream().toArray()) : null;
            case "Tanh" -> bound == 0 && bias == null ? new ScoreGraph(factor, 1, null) : null;
            case "Identity" -> this;
            default -> null;
        };
    }

    private Object binary(Node node, Grid grid) throws Unsupported {
        return switch (node.operator()) {
            case "Add" -> new ScoreGraph(factor, bound, bias == null ? grid : bias.with(grid, Double::sum));
            case "Sub" -> new ScoreGraph(factor, bound, (bias == null ? new Grid(new int[0], new double[1]) : bias).with(grid, (a, b) -> a - b));
            case "Mul" -> times(grid.scalar());
            case "Div" -> times(1 / grid.scalar());
            default -> null;
        };
    }

    private ScoreGraph times(double by) {
        return bias != null || !Double.isFinite(by) || bound != 0 && by <= 0 ? null
                : bound == 0 ? new ScoreGraph(factor * by, 0, null) : new ScoreGraph(factor, bound * by, null);
    }

    private ScoreGraph where(Grid where, double otherwise) throws Unsupported {
        if (otherwise > EXCLUDED) {
            return null;
        }
        Grid excluded = where.with(new Grid(new int[0], new double[1]), (yes, _) -> yes != 0 ? 0 : Double.NEGATIVE_INFINITY);
        return new ScoreGraph(factor, bound, bias == null ? excluded : bias.with(excluded, Double::sum));
    }

    private static Grid known(Node node, Grid[] in) throws Unsupported {
        return switch (node.operator() + in.length) {
            case "Gather2" -> gathered(node, in[0], in[1]);
            case "Range3" -> range(in[0].scalar(), in[1].scalar(), in[2].scalar());
            case "Reshape2" -> in[0].reshaped(in[1]);
            case "Cast1" -> node.integer("to", 0) == 1 || node.integer("to", 0) == 7 ? in[0] : null;
            case "Add2" -> in[0].with(in[1], Double::sum);
            case "Sub2" -> in[0].with(in[1], (a, b) -> a - b);
            case "Mul2" -> in[0].with(in[1], (a, b) -> a * b);
            case "GreaterOrEqual2" -> in[0].with(in[1], (a, b) -> a >= b ? 1 : 0);
            case "Greater2" -> in[0].with(in[1], (a, b) -> a > b ? 1 : 0);
            case "LessOrEqual2" -> in[0].with(in[1], (a, b) -> a <= b ? 1 : 0);
            case "Less2" -> in[0].with(in[1], (a, b) -> a < b ? 1 : 0);
            default -> null;
        };
    }

    private static Grid gathered(Node node, Grid from, Grid at) throws Unsupported {
        double index = at.scalar();
        boolean fits = from.dims().length == 1 && at.dims().length == 0 && node.integer("axis", 0) == 0;
        return fits && index >= 0 && index < from.values().length ? new Grid(new int[0], new double[] {from.values()[(int) index]}) : null;
    }

    private static Grid range(double start, double limit, double step) throws Unsupported {
        double count = Math.ceil((limit - start) / step);
        if (!(count >= 1 && count <= 1 << 26)) {
            throw new Unsupported("its subgraph has a range from " + start + " to " + limit + " by " + step);
        }
        return new Grid(new int[] {(int) count}, IntStream.range(0, (int) count).mapToDouble(n -> start + n * step).toArray());
    }
}
