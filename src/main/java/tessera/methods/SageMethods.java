package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.CodedAttentionSpec;
import tessera.NumberFormat;
import tessera.QuantSpec;
import tessera.Shape;
import tessera.Tensor;

/** SageAttention (arXiv:2410.02367): scores from 8-bit integers, keys less their mean, which the softmax does not see. */
final class SageMethods {

    static final List<Method> ALL = List.of(new Method("H05", SageMethods::sage, in -> twin(in, true)));

    private SageMethods() {
    }

    private static Case sage(Tensor q, Tensor k, Tensor v, long seed) {
        return sage(q, k, v, true);
    }

    /** @param smooth whether the mean of the keys is taken off */
    static Case sage(Tensor q, Tensor k, Tensor v, boolean smooth) {
        int n = Setup.length(q);
        Shape shape = q.shape();
        QuantSpec keys = codes(k, Setup.block(n));
        CodedAttentionSpec attention = CodedAttentionSpec.of(shape.dim(0), shape.dim(1), n, shape.dim(3)).withBlocks(2 * Setup.block(n), Setup.block(n))
                .withCausal().withDType(q.dtype());
        return new Case(List.of(new Step("ofQ", codes(q, 2 * Setup.block(n)), there -> Map.of("x", there.get("q"))),
                new Step("ofK", smooth ? keys.smooth(n) : keys, there -> Map.of("x", there.get("k"))),
                new Step("attention", attention, there -> Map.of("q", there.get("ofQ.codes"), "qScales", there.get("ofQ.scales"),
                        "k", there.get("ofK.codes"), "kScales", there.get("ofK.scales"), "v", there.get("v")))), Setup.inputs(q, k, v));
    }

    private static QuantSpec codes(Tensor x, int block) {
        Shape shape = x.shape();
        return QuantSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), new NumberFormat.Integers(8, true)).groups(block, shape.dim(3))
                .withDType(x.dtype());
    }

    static double[] twin(Map<String, Tensor> in, boolean smooth) {
        Shape shape = in.get("q").shape();
        int block = Setup.block(shape.dim(2));
        double[] q = restored(SoftmaxTwin.doubles(in.get("q")), shape, 2 * block);
        double[] keys = SoftmaxTwin.doubles(in.get("k"));
        double[] k = restored(smooth ? centred(keys, shape) : keys, shape, block);
        return SoftmaxTwin.of(shape, q, k, SoftmaxTwin.doubles(in.get("v")), shape.dim(1), (_, i, j) -> j <= i).out();
    }

    private static double[] centred(double[] x, Shape shape) {
        int n = shape.dim(2);
        int dim = shape.dim(3);
        double[] means = IntStream.range(0, x.length / n).mapToDouble(e -> IntStream.range(0, n)
                .mapToDouble(t -> x[(e / dim * n + t) * dim + e % dim]).sum() / n).toArray();
        return IntStream.range(0, x.length).mapToDouble(e -> x[e] - means[e / dim / n * dim + e % dim]).toArray();
    }

    /** {@code delta round(x / delta)} with {@code delta = max |x| / 127} of each block of tokens. */
    private static double[] restored(double[] x, Shape shape, int block) {
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int blocks = Math.ceilDiv(n, block);
        double[] most = new double[x.length / n / dim * blocks];
        for (int e = 0; e < x.length; e++) {
            int at = e / dim / n * blocks + e / dim % n / block;
            most[at] = Math.max(most[at], Math.abs(x[e]));
        }
        return IntStream.range(0, x.length).mapToDouble(e -> {
            double delta = most[e / dim / n * blocks + e / dim % n / block] / 127;
            return delta == 0 ? 0 : delta * Math.floor(x[e] / delta + 0.5);
        }).toArray();
    }
}
