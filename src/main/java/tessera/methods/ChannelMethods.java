package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.EigenDecomposition;
import org.apache.commons.math3.linear.RealMatrix;
import tessera.Estimator;
import tessera.Forced;
import tessera.MergeSpec;
import tessera.ProjectionSpec;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;

/** Causal attention over the tokens whose products with a query are largest along a few channels. Sizes are those of {@link Setup}. */
final class ChannelMethods {

    static final List<Method> ALL = List.of(
            new Method("D06", ChannelMethods::sparq, ChannelMethods::sparqTwin),
            new Method("D07", ChannelMethods::loki, in -> TokenSelection.attend(in, lokiTokens(in))),
            new Method("D25", ChannelMethods::listed, in -> TokenSelection.attend(in, listedTokens(in, TokenSelection.count(Setup.length(in.get("q")))))));

    private ChannelMethods() {
    }

    /** Channels by which tokens are picked: a quarter. */
    static int channels(Tensor q) {
        return Math.max(1, q.shape().dim(3) / 4);
    }

    /** Last tokens that a query sees in any case. */
    private static int recent(int n) {
        return Math.max(1, TokenSelection.count(n) / 4);
    }

    /** What is picked has the share {@code alpha} of the estimated weights; the rest of the result is the mean of the values so far. */
    private static Case sparq(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int n = shape.dim(2);
        SelectSpec select = TokenSelection.of(q).estimator(new Estimator.TopChannels(channels(q))).softmax().topK(TokenSelection.count(n)).share()
                .forced(new Forced(0, false, recent(n), false, false, false, Forced.Counting.ADDED)).build();
        Tensor ones = Tensor.zeros(q.dtype(), Shape.of(shape.dim(0), shape.dim(1), n, 1)).fill(1);
        Step mean = new Step("mean", Setup.recurrence(ones).valueDim(shape.dim(3)).normalised().build(),
                there -> Map.of("q", there.get("ones"), "k", there.get("ones"), "v", there.get("v")));
        Step merge = new Step("merge", MergeSpec.of(2, shape.dim(0), shape.dim(1), n, shape.dim(3)).withWeights(2, shape.dim(0), shape.dim(1), n),
                there -> Map.of("parts", Step.stacked(List.of(there.get("attend.out"), there.get("mean.out"))),
                        "weights", shares(there.get("select.share"))));
        return new Case(List.of(new Step("select", select, there -> there), TokenSelection.attend(q, select), mean, merge),
                Setup.inputs(q, k, v, Map.of("ones", ones))).selecting("select.keyBlocks", in -> TokenSelection.byQuery(in, sparqTokens(in)));
    }

    /** [2, batch, heads, length] of shares [batch, length, heads]: themselves, then what they leave. */
    private static Tensor shares(Tensor share) {
        int n = share.shape().dim(1);
        int heads = share.shape().dim(2);
        int rows = share.shape().elements();
        Tensor both = Tensor.zeros(2, share.shape().dim(0), heads, n);
        for (int row = 0; row < rows; row++) {
            float part = share.get((row / n / heads * n + row % n) * heads + row / n % heads);
            both.set(row, part);
            both.set(rows + row, 1 - part);
        }
        return both;
    }

    private static double[] sparqTwin(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        int dim = in.get("q").shape().dim(3);
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        double[][] weights = sparqWeights(in);
        int[][] picked = sparqTokens(in);
        double[] out = TokenSelection.attend(in, picked);
        for (int row = 0; row < weights.length; row++) {
            double[] weight = weights[row];
            double share = IntStream.of(picked[row]).mapToDouble(j -> weight[j]).sum();
            for (int c = 0; c < dim; c++) {
                int first = row / n * n * dim + c;
                double mean = IntStream.rangeClosed(0, row % n).mapToDouble(j -> v[first + j * dim]).average().orElseThrow();
                out[row * dim + c] = share * out[row * dim + c] + (1 - share) * mean;
            }
        }
        return out;
    }

    static int[][] sparqTokens(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        double[][] weights = sparqWeights(in);
        return IntStream.range(0, weights.length).mapToObj(row -> TokenSelection.with(
                TokenSelection.largest(weights[row], TokenSelection.count(n)), Math.max(0, row % n + 1 - recent(n)), row % n + 1)).toArray(int[][]::new);
    }

    /** Estimated weights of the tokens up to a row's own. */
    private static double[][] sparqWeights(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        int dim = in.get("q").shape().dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        return IntStream.range(0, q.length / dim).mapToObj(row -> {
            double[] sizes = IntStream.range(0, dim).mapToDouble(c -> Math.abs(q[row * dim + c])).toArray();
            int[] top = TokenSelection.largest(sizes, channels(in.get("q")));
            double part = IntStream.of(top).mapToDouble(c -> sizes[c]).sum() / IntStream.range(0, dim).mapToDouble(c -> sizes[c]).sum();
            return TokenSelection.softmax(IntStream.rangeClosed(0, row % n).mapToDouble(j -> IntStream.of(top)
                    .mapToDouble(c -> q[row * dim + c] * k[(row / n * n + j) * dim + c]).sum() / Math.sqrt(dim * part)).toArray());
        }).toArray(double[][]::new);
    }

    /** Queries and keys along the first principal components of each head's keys, which a calibration would find on other ones. */
    private static Case loki(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int few = channels(q);
        ProjectionSpec reduce = ProjectionSpec.channels(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), few).withWeightHeads(shape.dim(1))
                .withDType(q.dtype());
        SelectSpec select = SelectSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), few).causal().topK(TokenSelection.count(shape.dim(2))).build();
        List<Step> reduced = Stream.of("q", "k").map(name ->
                new Step(name + "Reduced", reduce, there -> Step.renamed(there, Map.of("x", name, "weight", "basis")))).toList();
        return new Case(TokenSelection.then(reduced, new Step("select", select,
                there -> Map.of("q", there.get("qReduced.out"), "k", there.get("kReduced.out"))), TokenSelection.attend(q, select)),
                Setup.inputs(q, k, v, Map.of("basis", principal(k, few).to(q.dtype())))).selecting("select.keyBlocks", in -> TokenSelection.byQuery(in, lokiTokens(in)));
    }

    /** [heads, dim, count]: eigenvectors of {@code K^T K} of each head over all batches, that of the largest eigenvalue first. */
    private static Tensor principal(Tensor k, int count) {
        int heads = k.shape().dim(1);
        int size = k.shape().dim(2) * k.shape().dim(3);
        int dim = k.shape().dim(3);
        Tensor basis = Tensor.zeros(heads, dim, count);
        for (int head = 0; head < heads; head++) {
            double[][] moments = new double[dim][dim];
            for (int e = 0; e < k.shape().dim(0) * size * dim; e++) {
                int at = (e / dim / size * heads + head) * size + e / dim % size;
                moments[at % dim][e % dim] += (double) k.get(at) * k.get(at / dim * dim + e % dim);
            }
            RealMatrix vectors = new EigenDecomposition(new Array2DRowRealMatrix(moments)).getV();
            for (int e = 0; e < dim * count; e++) {
                basis.set(head * dim * count + e, (float) vectors.getEntry(e / count, e % count));
            }
        }
        return basis;
    }

    static int[][] lokiTokens(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int few = channels(in.get("q"));
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        double[] basis = SoftmaxTwin.doubles(in.get("basis"));
        return TokenSelection.top(q.length / dim, n, TokenSelection.count(n), (row, j) -> IntStream.range(0, few).mapToDouble(r -> {
            int from = row / n % shape.dim(1) * dim * few + r;
            double x = IntStream.range(0, dim).mapToDouble(c -> q[row * dim + c] * basis[from + c * few]).sum();
            return x * IntStream.range(0, dim).mapToDouble(c -> k[(row / n * n + j) * dim + c] * basis[from + c * few]).sum();
        }).sum());
    }

    /** By a few channels of each head. */
    private static Case listed(Tensor q, Tensor k, Tensor v, long seed) {
        int count = TokenSelection.count(Setup.length(q));
        SelectSpec select = TokenSelection.of(q).estimator(new Estimator.ListedChannels(channels(q))).topK(count).build();
        return new Case(List.of(new Step("select", select, there -> there), TokenSelection.attend(q, select)),
                Setup.inputs(q, k, v, Map.of("channels", strongest(q, k))))
                .selecting("select.keyBlocks", in -> TokenSelection.byQuery(in, listedTokens(in, count)));
    }

    /** [heads, count]: channels with the largest sum of {@code |q_tc k_tc|} over tokens, which a calibration would find on other ones. */
    static Tensor strongest(Tensor q, Tensor k) {
        int heads = q.shape().dim(1);
        int dim = q.shape().dim(3);
        int few = channels(q);
        double[][] sums = new double[heads][dim];
        for (int e = 0; e < q.shape().elements(); e++) {
            sums[e / dim / q.shape().dim(2) % heads][e % dim] += Math.abs(q.get(e) * k.get(e));
        }
        int[][] strongest = IntStream.range(0, heads).mapToObj(h -> TokenSelection.largest(sums[h], few)).toArray(int[][]::new);
        return Groups.numbers(Shape.of(heads, few), i -> strongest[i / few][i % few]);
    }

    /** Tokens by their products along the listed channels. */
    static int[][] listedTokens(Map<String, Tensor> in, int count) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int few = channels(in.get("q"));
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        int[] channels = IntStream.range(0, shape.dim(1) * few).map(i -> (int) in.get("channels").get(i)).toArray();
        return TokenSelection.top(q.length / dim, n, count, (row, j) -> IntStream.range(0, few).mapToDouble(i -> {
            int channel = channels[row / n % shape.dim(1) * few + i];
            return q[row * dim + channel] * k[(row / n * n + j) * dim + channel];
        }).sum());
    }
}
