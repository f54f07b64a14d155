package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.DType;
import tessera.Forced;
import tessera.PoolSpec;
import tessera.ProjectionSpec;
import tessera.RotarySpec;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;

/**
 * SeerAttention (arXiv:2410.13276): means of blocks before their rotary embedding, by matrices that were learned and are drawn here,
 * rank the blocks. They turn as the first token of their block.
 */
final class SeerMethods {

    static final List<Method> ALL = List.of(new Method("D08", SeerMethods::seer, SeerMethods::twin));

    private SeerMethods() {
    }

    private static Case seer(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int block = Setup.block(n);
        int blocks = Math.ceilDiv(n, block);
        SelectSpec choice = SelectSpec.of(batch, heads, blocks, dim).causal().softmax().topK(PooledBlockMethods.BLOCKS)
                .forced(new Forced(0, true, 0, false, false, false, Forced.Counting.FIRST)).build();
        List<Step> steps = new ArrayList<>();
        for (String x : List.of("q", "k")) {
            steps.add(new Step(x + ".means", PoolSpec.of(batch, heads, n, dim, block, PoolSpec.Reduction.MEAN).withDType(q.dtype()),
                    there -> Map.of("x", there.get(x))));
            steps.add(new Step(x + ".gate", ProjectionSpec.channels(batch, heads, blocks, dim, dim).withWeightHeads(heads),
                    there -> Map.of("x", there.get(x + ".means.out"), "weight", there.get("weight." + x))));
            steps.add(turned(x + ".turnedGate", batch, heads, blocks, dim, block, DType.F32, x + ".gate.out"));
            steps.add(turned(x + ".turned", batch, heads, n, dim, 1, q.dtype(), x));
        }
        steps.add(new Step("choice", choice, there -> Map.of("q", there.get("q.turnedGate.out"), "k", there.get("k.turnedGate.out"))));
        steps.add(new Step("attention", Setup.attention(q).listed(heads, choice.lists(), block, block).causal().build(), there -> {
            Map<String, Tensor> arguments = Setup.inputs(there.get("q.turned.out").to(q.dtype()), there.get("k.turned.out").to(q.dtype()), there.get("v"));
            arguments.put("keyBlocks", there.get("choice.keyBlocks"));
            return arguments;
        }));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("weight.q", weight(heads, dim, seed), "weight.k", weight(heads, dim, seed + 1))))
                .selecting("choice.keyBlocks", in -> choice(in).lists(heads));
    }

    private static Tensor weight(int heads, int dim, long seed) {
        return Setup.map(Tensor.random(Shape.of(heads, dim, dim), seed), x -> 3 * x / Math.sqrt(dim));
    }

    /** Tokens that stand {@code stride} places apart turn by their angles. */
    private static Step turned(String name, int batch, int heads, int length, int dim, int stride, DType dtype, String of) {
        RotarySpec spec = new RotarySpec(batch, heads, length, dim, dim - dim % 2, 0, false, dtype);
        int pairs = dim / 2;
        Tensor angles = Groups.numbers(Shape.of(batch, length, pairs), e -> e / pairs % length * stride).to(DType.F32);
        Tensor cos = Tensor.zeros(batch, length, pairs);
        Tensor sin = Tensor.zeros(batch, length, pairs);
        for (int e = 0; e < angles.shape().elements(); e++) {
            cos.set(e, (float) Math.cos(angle((int) angles.get(e), e % pairs, dim)));
            sin.set(e, (float) Math.sin(angle((int) angles.get(e), e % pairs, dim)));
        }
        return new Step(name, spec, there -> Map.of("x", there.get(of), "cos", cos.to(dtype), "sin", sin.to(dtype)));
    }

    private static double angle(int position, int pair, int dim) {
        return position * Math.pow(10000, -2.0 * pair / (dim - dim % 2));
    }

    private static double[] turned(double[] x, int position) {
        int half = x.length / 2;
        double[] y = x.clone();
        for (int c = 0; c < half; c++) {
            double angle = angle(position, c, x.length);
            y[c] = x[c] * Math.cos(angle) - x[half + c] * Math.sin(angle);
            y[half + c] = x[c] * Math.sin(angle) + x[half + c] * Math.cos(angle);
        }
        return y;
    }

    private static KeptBlocks choice(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        int dim = in.get("q").shape().dim(3);
        int block = Setup.block(n);
        int blocks = Math.ceilDiv(n, block);
        double[][] q = PooledTwin.embedding(in.get("q"), block, in.get("weight.q"));
        double[][] k = PooledTwin.embedding(in.get("k"), block, in.get("weight.k"));
        return KeptBlocks.of(q.length / blocks, blocks, (head, row) -> {
            double[] query = turned(q[head * blocks + row], row * block);
            double[] scores = IntStream.range(0, blocks).mapToDouble(c -> SoftmaxTwin.dot(query, 0, turned(k[head * blocks + c], c * block), 0, dim)).toArray();
            boolean[] own = new boolean[blocks];
            own[row] = true;
            return KeptBlocks.best(scores, row + 1, own, KeptBlocks.Rule.top(PooledBlockMethods.BLOCKS));
        });
    }

    private static double[] twin(Map<String, Tensor> in) {
        KeptBlocks kept = choice(in);
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int block = Setup.block(n);
        double[] q = turnedTokens(in.get("q"));
        double[] k = turnedTokens(in.get("k"));
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        return SoftmaxTwin.of(q.length / dim, n, dim, (row, j) -> j <= row % n && kept.sees(row / n, row % n / block, j / block)
                ? SoftmaxTwin.dot(q, row, k, row / n * n + j, dim) : Double.NEGATIVE_INFINITY, (row, j, c) -> v[(row / n * n + j) * dim + c]).out();
    }

    private static double[] turnedTokens(Tensor x) {
        int n = x.shape().dim(2);
        int dim = x.shape().dim(3);
        return IntStream.range(0, x.shape().elements() / dim).boxed().flatMapToDouble(token -> Arrays.stream(turned(IntStream.range(0, dim)
                .mapToDouble(c -> x.get(token * dim + c)).toArray(), token % n))).toArray();
    }
}
