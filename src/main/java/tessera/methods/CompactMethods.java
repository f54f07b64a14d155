package tessera.methods;

import java.util.List;
import java.util.Map;
import tessera.Shape;
import tessera.Tensor;

/** Causal attention with fewer key/value heads than query heads, so that the cache is smaller. */
final class CompactMethods {

    static final List<Method> ALL = List.of(
            new Method("K00", (q, k, v, _) -> new Case(Setup.attention(q).causal().build(), Setup.inputs(q, k, v)),
                    in -> SoftmaxTwin.of(in.get("q"), in.get("k"), in.get("v"), (_, i, j) -> j <= i)),
            new Method("K01", (q, k, v, _) -> shared(q, k, v, 1), in -> shared(in, 1)),
            new Method("K02", (q, k, v, _) -> shared(q, k, v, groups(q.shape().dim(1))), in -> shared(in, groups(in.get("q").shape().dim(1)))));

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

    static Tensor pooled(Tensor x, int kvHeads) {
        Shape shape = x.shape();
        int size = shape.dim(2) * shape.dim(3);
        int group = shape.dim(1) / kvHeads;
        Tensor mean = Tensor.zeros(shape.dim(0), kvHeads, shape.dim(2), shape.dim(3));
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
