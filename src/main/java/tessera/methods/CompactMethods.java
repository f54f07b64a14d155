package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessera.AttentionSpec;
import tessera.Epilogue;
import tessera.Shape;
import tessera.Tensor;

/** Causal attention with fewer key/value heads than query heads, so that the cache is smaller. */
final class CompactMethods {

    static final List<Method> ALL = List.of(
            new Method("K00", (q, k, v, _) -> new Case(Setup.attention(q).causal().build(), Setup.inputs(q, k, v)),
                    in -> SoftmaxTwin.of(in.get("q"), in.get("k"), in.get("v"), (_, i, j) -> j <= i)),
            new Method("K01", (q, k, v, _) -> shared(q, k, v, 1), in -> shared(in, 1)),
            new Method("K02", (q, k, v, _) -> shared(q, k, v, groups(q.shape().dim(1))), in -> shared(in, groups(in.get("q").shape().dim(1)))),
            new Method("K06", CompactMethods::acrossLayers, CompactMethods::acrossLayersTwin));

    private CompactMethods() {
    }

    /** Key/value heads of grouped-query attention: a quarter of the heads, a half where that would be one, one where neither divides. */
    static int groups(int heads) {
        if (heads % 4 == 0 && heads > 4) {
            return heads / 4;
        }
        return heads % 2 == 0 ? heads / 2 : 1;
    }

    /** Keys and values of a group of heads become one head, their mean, as a multi-head model is converted (arXiv:2305.13245). */
    private static Case shared(Tensor q, Tensor k, Tensor v, int kvHeads) {
        Map<String, Tensor> inputs = Setup.inputs(q, pooled(k, kvHeads), pooled(v, kvHeads));
        inputs.put("keysByHead", k);
        inputs.put("valuesByHead", v);
        return new Case(Setup.attention(q).kvHeads(kvHeads).causal().build(), inputs);
    }

    /**
     * Two layers, of which the second one reads the keys and values of the first (arXiv:2405.05254); its queries are a projection of what
     * the first one's residual stream holds.
     */
    private static Case acrossLayers(Tensor q, Tensor k, Tensor v, long seed) {
        Shape s = q.shape();
        Map<String, Tensor> inputs = Setup.inputs(q, k, v, Map.of("weight", LatentMethods.weight(Shape.of(s.dim(1), s.dim(3), s.dim(3)), seed)));
        AttentionSpec layer = Setup.attention(q).causal().build();
        return new Case(List.of(
                new Step("first", layer, UnaryOperator.identity()),
                new Step("stream", Setup.epilogue(s, new Epilogue.Add(1), q.dtype()), there -> Map.of("x", there.get("q"), "y", there.get("first.out"))),
                new Step("queries", LatentMethods.projection(s, s.dim(1), s.dim(3), s.dim(3)), there -> Map.of("x", there.get("stream.out"), "weight", there.get("weight"))),
                new Step("second", layer, there -> Step.renamed(there, Map.of("q", "queries.out")))), inputs).forLayers(2);
    }

    private static double[] acrossLayersTwin(Map<String, Tensor> in) {
        Shape s = in.get("q").shape();
        int dim = s.dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] weight = SoftmaxTwin.doubles(in.get("weight"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        double[] first = SoftmaxTwin.of(s, q, k, v, s.dim(1), (_, i, j) -> j <= i).out();
        double[] queries = new double[q.length];
        for (int e = 0; e < q.length; e++) {
            int row = e / dim;
            for (int c = 0; c < dim; c++) {
                queries[e] += (q[row * dim + c] + first[row * dim + c]) * weight[(row / s.dim(2) % s.dim(1) * dim + c) * dim + e % dim];
            }
        }
        return SoftmaxTwin.of(s, queries, k, v, s.dim(1), (_, i, j) -> j <= i).out();
    }

    static Tensor pooled(Tensor x, int kvHeads) {
        Shape shape = x.shape();
        int size = shape.dim(2) * shape.dim(3);
        int group = shape.dim(1) / kvHeads;
        Tensor mean = Tensor.zeros(x.dtype(), Shape.of(shape.dim(0), kvHeads, shape.dim(2), shape.dim(3)));
        for (int n = 0; n < mean.shape().elements(); n++) {
            float sum = 0;
            for (int h = 0; h < group; h++) {
                sum += x.get((n / size * group + h) * size + n % size);
            }
            mean.set(n, sum / group);
        }
        return mean;
    }

    private static double[] shared(Map<String, Tensor> in, int kvHeads) {
        Shape shape = in.get("q").shape();
        return SoftmaxTwin.of(shape, SoftmaxTwin.doubles(in.get("q")), means(in.get("keysByHead"), kvHeads),
                means(in.get("valuesByHead"), kvHeads), kvHeads, (_, i, j) -> j <= i).out();
    }

    /** Adds every head, divided by the size of its group, to the group's head. */
    private static double[] means(Tensor byHead, int kvHeads) {
        Shape shape = byHead.shape();
        int heads = shape.dim(1);
        int size = shape.dim(2) * shape.dim(3);
        double[] means = new double[shape.dim(0) * kvHeads * size];
        for (int b = 0; b < shape.dim(0); b++) {
            for (int h = 0; h < heads; h++) {
                int to = b * kvHeads + h * kvHeads / heads;
                for (int n = 0; n < size; n++) {
                    means[to * size + n] += (double) byHead.get((b * heads + h) * size + n) * kvHeads / heads;
                }
            }
        }
        return means;
    }
}
