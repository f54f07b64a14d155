package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessera.MergeSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Mask;

/** Several sparse attentions, side by side or one above the other. Sizes are those of {@link Setup}. */
final class LayeredMethods {

    /** Branches of LongNet; segments and dilation double from one to the next. */
    private static final int BRANCHES = 4;

    static final List<Method> ALL = List.of(
            new Method("P10", LayeredMethods::longNet, LayeredMethods::longNetTwin),
            new Method("P21", LayeredMethods::alternating, LayeredMethods::alternatingTwin));

    private LayeredMethods() {
    }

    /** Segment of the first branch of LongNet is a window, the last one's all or nearly all tokens. */
    private static int segment(int length, int branch) {
        return Setup.window(length) << branch;
    }

    /** Each branch keeps in every segment each r-th token, from the head's offset on; a token that it does not keep has no denominator there. */
    private static Case longNet(Tensor q, Tensor k, Tensor v, long seed) {
        int heads = q.shape().dim(1);
        List<Step> steps = new ArrayList<>();
        for (int branch = 0; branch < BRANCHES; branch++) {
            int w = segment(Setup.length(q), branch);
            int r = 1 << branch;
            Mask mask = Mask.of(heads, (head, i, _, j) -> i / w == j / w && i % w % r == head % r && j % w % r == head % r);
            steps.add(new Step("every" + r, Setup.attention(q).mask(mask).lse().build(), UnaryOperator.identity()));
        }
        List<String> branches = steps.stream().map(Step::name).toList();
        MergeSpec merge = MergeSpec.of(BRANCHES, q.shape().dim(0), heads, Setup.length(q), q.shape().dim(3));
        steps.add(new Step("merge", merge, there -> Step.parts(there, branches)));
        return new Case(steps, Setup.inputs(q, k, v));
    }

    /** {@code O = sum_k alpha_k O_k}, {@code alpha_k = s_k / sum_k s_k}, s_k the softmax denominator of branch k. */
    private static double[] longNetTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        double[] out = new double[q.length];
        double[] denominators = new double[q.length / shape.dim(3)];
        for (int branch = 0; branch < BRANCHES; branch++) {
            int r = 1 << branch;
            int[][] segments = new int[r][];
            for (int offset = 0; offset < r; offset++) {
                segments[offset] = kept(n, segment(n, branch), r, offset);
            }
            SoftmaxTwin one = SoftmaxTwin.of(shape, q, k, v, shape.dim(1),
                    (h, i, j) -> segments[h % r][i] > 0 && segments[h % r][i] == segments[h % r][j]);
            for (int e = 0; e < out.length; e++) {
                out[e] += Math.exp(one.lse()[e / shape.dim(3)]) * one.out()[e];
            }
            Arrays.setAll(denominators, row -> denominators[row] + Math.exp(one.lse()[row]));
        }
        Arrays.setAll(out, e -> out[e] / denominators[e / shape.dim(3)]);
        return out;
    }

    /** For each token the number of its segment from 1 on, 0 if the branch does not keep it: the rows {m w + offset, m w + offset + r, ...}. */
    private static int[] kept(int n, int w, int r, int offset) {
        int[] segments = new int[n];
        for (int m = 0; m * w < n; m++) {
            for (int t = m * w + offset; t < Math.min(n, (m + 1) * w); t += r) {
                segments[t] = m + 1;
            }
        }
        return segments;
    }

    /**
     * A dense layer, then a banded one. The second one's queries, keys and values are the first one's plus its output, as in a
     * residual stream whose projections hand that on unchanged.
     */
    private static Case alternating(Tensor q, Tensor k, Tensor v, long seed) {
        Mask band = Mask.window(Setup.window(Setup.length(q)), 0);
        return new Case(List.of(
                new Step("dense", Setup.attention(q).causal().build(), UnaryOperator.identity()),
                new Step("banded", Setup.attention(q).mask(band).causal().build(), LayeredMethods::residual)), Setup.inputs(q, k, v));
    }

    private static Map<String, Tensor> residual(Map<String, Tensor> there) {
        Map<String, Tensor> sums = new LinkedHashMap<>();
        for (String name : List.of("q", "k", "v")) {
            Tensor x = there.get(name);
            Tensor sum = Tensor.zeros(x.shape().dims());
            for (int e = 0; e < x.shape().elements(); e++) {
                sum.set(e, x.get(e) + there.get("dense.out").get(e));
            }
            sums.put(name, sum);
        }
        return sums;
    }

    private static double[] alternatingTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        double[][] x = {SoftmaxTwin.doubles(in.get("q")), SoftmaxTwin.doubles(in.get("k")), SoftmaxTwin.doubles(in.get("v"))};
        double[] dense = SoftmaxTwin.of(shape, x[0], x[1], x[2], shape.dim(1), (_, i, j) -> j <= i).out();
        for (double[] stream : x) {
            Arrays.setAll(stream, e -> stream[e] + dense[e]);
        }
        int window = Setup.window(shape.dim(2));
        return SoftmaxTwin.of(shape, x[0], x[1], x[2], shape.dim(1), (_, i, j) -> j <= i && i - j <= window).out();
    }
}
