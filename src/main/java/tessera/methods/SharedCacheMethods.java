package tessera.methods;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;
import tessera.caches.CacheView;
import tessera.caches.KvCache;
import tessera.caches.LayeredSequence;

/** Layers without keys and values of their own. */
final class SharedCacheMethods {

    static final List<Method> ALL = List.of(new Method("K06", SharedCacheMethods::crossLayer, SharedCacheMethods::crossLayerTwin));

    private SharedCacheMethods() {
    }

    /**
     * Two causal layers, of which the second reads the cache of the first. Its queries are the first one's plus its output, as in a
     * residual stream whose projections hand that on unchanged.
     */
    private static Case crossLayer(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int[] lengths = IntStream.range(0, shape.dim(0)).map(_ -> shape.dim(2)).toArray();
        KvCache cache = PagedMethods.cache(k, PagedMethods.pages(lengths), seed);
        List<LayeredSequence> sequences = Arrays.stream(lengths).mapToObj(_ -> new LayeredSequence(new int[] {0, 0}, _ -> cache.sequence())).toList();
        for (int b = 0; b < lengths.length; b++) {
            sequences.get(b).layer(0).append(k, v, b, 0, shape.dim(2));
        }
        CacheView first = PagedMethods.view(sequences.stream().map(sequence -> sequence.layer(0)).toList());
        CacheView second = PagedMethods.view(sequences.stream().map(sequence -> sequence.layer(1)).toList());
        Map<String, Tensor> inputs = first.inputs(q);
        inputs.putAll(Map.of("secondTable", second.pageTable(), "secondLengths", second.keyLengths(), "keysInOrder", k, "valuesInOrder", v));
        return new Case(List.of(
                new Step("first", first.attention(shape.dim(1), shape.dim(2)).causal().build(), UnaryOperator.identity()),
                new Step("second", second.attention(shape.dim(1), shape.dim(2)).causal().build(), there -> {
                    Map<String, Tensor> arguments = Step.renamed(there, Map.of("pageTable", "secondTable", "keyLengths", "secondLengths"));
                    arguments.put("q", Setup.map(q, there.get("first.out"), Double::sum));
                    return arguments;
                })), inputs);
    }

    private static double[] crossLayerTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("keysInOrder"));
        double[] v = SoftmaxTwin.doubles(in.get("valuesInOrder"));
        double[] first = SoftmaxTwin.of(shape, q, k, v, shape.dim(1), (_, i, j) -> j <= i).out();
        Arrays.setAll(q, e -> q[e] + first[e]);
        return SoftmaxTwin.of(shape, q, k, v, shape.dim(1), (_, i, j) -> j <= i).out();
    }
}
