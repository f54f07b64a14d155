package tessera.methods;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.DType;
import tessera.Epilogue;
import tessera.FeatureSpec;
import tessera.Features;
import tessera.ProjectionSpec;
import tessera.RecurrenceSpec;
import tessera.SelectSpec;
import tessera.SelectionRule;
import tessera.Shape;
import tessera.Tensor;

/**
 * Sparse-linear attention (arXiv:2509.24006), bidirectional: of the blocks of keys that a block of queries has, by their means, the
 * best ones get softmax attention, the worst ones nothing, and those between linear attention, which is projected and added.
 */
final class SparseLinearMethods {

    /** Share of the blocks with softmax attention, and of those that are skipped. */
    static final double CRITICAL = 0.05;
    static final double SKIPPED = 0.1;

    static final List<Method> ALL = List.of(
            new Method("D23", SparseLinearMethods::threeWays, in -> SparseLinearTwin.threeWays(in, SparseLinearTwin.choice(in))));

    /**
     * As in the released code: the mean of all keys is taken from each of them, and every block counts in linear attention. Only the
     * result differs from that of the paper.
     */
    static final Method RELEASED = new Method("D23", SparseLinearMethods::released, SparseLinearTwin::released);

    private SparseLinearMethods() {
    }

    /** The choice and the softmax attention over it. */
    private static List<Step> sparse(Tensor q) {
        Shape shape = q.shape();
        int block = Setup.block(shape.dim(2));
        SelectSpec choice = SelectSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)).blocks(block, block).softmax().dtype(q.dtype())
                .rule(new SelectionRule.Split(CRITICAL, SKIPPED)).build();
        return List.of(new Step("choice", choice, there -> there),
                new Step("sparse", Setup.attention(q).listed(shape.dim(1), choice.lists(), block, block).build(), there ->
                        Step.renamed(there, Map.of("keyBlocks", "choice.keyBlocks"))));
    }

    private static Step features(String name, Tensor q) {
        Shape shape = q.shape();
        return new Step(name + "Features", new FeatureSpec(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), Features.Plain.SOFTMAX, q.dtype()),
                there -> Map.of("x", there.get(name)));
    }

    /** What linear attention gives is projected, the same way in all heads, and added to what softmax attention does. */
    private static List<Step> sum(Tensor q, String linear) {
        Shape shape = q.shape();
        return List.of(new Step("projected", ProjectionSpec.channels(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), shape.dim(3)).withBias(), there ->
                        Map.of("x", like(there.get(linear + ".out"), shape), "weight", there.get("weight"), "bias", there.get("bias"))),
                new Step("sum", Setup.epilogue(shape, new Epilogue.Add(1), DType.F32), there ->
                        Map.of("x", there.get("sparse.out"), "y", there.get("projected.out"))));
    }

    private static Map<String, Tensor> inputs(Tensor q, Tensor k, Tensor v, long seed) {
        int dim = q.shape().dim(3);
        return Setup.inputs(q, k, v, Map.of("weight", Tensor.random(Shape.of(1, dim, dim), seed), "bias", Tensor.random(Shape.of(1, dim), seed + 1)));
    }

    /** Each block of keys has a state. Those that are marginal to a block of queries are summed, and its queries read the sum. */
    private static Case threeWays(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int rows = shape.dim(0) * shape.dim(1);
        int dim = shape.dim(3);
        int block = Setup.block(shape.dim(2));
        int blocks = Math.ceilDiv(shape.dim(2), block);
        RecurrenceSpec states = RecurrenceSpec.of(rows * blocks, 1, block, dim).bidirectional().normalised().finalState().build();
        RecurrenceSpec read = RecurrenceSpec.of(rows * blocks, 1, block, dim).bidirectional().normalised().initialState().build();
        ProjectionSpec sum = ProjectionSpec.sequence(1, rows, blocks, dim * dim, blocks).withWeightHeads(rows);
        ProjectionSpec normaliser = ProjectionSpec.sequence(1, rows, blocks, dim, blocks).withWeightHeads(rows);
        List<Step> steps = new ArrayList<>(sparse(q));
        steps.add(features("q", q));
        steps.add(features("k", q));
        steps.add(new Step("states", states, there -> {
            Tensor keys = byBlock(there.get("kFeatures.out"), block);
            return Setup.inputs(keys, keys, byBlock(there.get("v"), block));
        }));
        steps.add(new Step("s", sum, there -> Map.of("x", there.get("states.s").reshape(1, rows, blocks, dim * dim),
                "weight", marginal(there, rows, blocks))));
        steps.add(new Step("z", normaliser, there -> Map.of("x", there.get("states.z").reshape(1, rows, blocks, dim),
                "weight", marginal(there, rows, blocks))));
        steps.add(new Step("linear", read, there -> {
            Tensor nothing = Tensor.zeros(rows * blocks, 1, block, dim);
            Map<String, Tensor> arguments = Setup.inputs(byBlock(there.get("qFeatures.out"), block), nothing, nothing);
            arguments.put("s0", there.get("s.out").reshape(rows * blocks, 1, dim, dim));
            arguments.put("z0", there.get("z.out").reshape(rows * blocks, 1, dim));
            return arguments;
        }));
        steps.addAll(sum(q, "linear"));
        return new Case(steps, inputs(q, k, v, seed)).selecting("choice.keyBlocks", in -> SparseLinearTwin.choice(in).lists(shape.dim(1)))
                .selecting("choice.marginalBlocks", in -> SparseLinearTwin.marginal(in).lists(shape.dim(1)));
    }

    /** 1 for the blocks of keys that are marginal to a block of queries: [batch * heads, blocks, blocks]. */
    private static Tensor marginal(Map<String, Tensor> there, int rows, int blocks) {
        Tensor lists = there.get("choice.marginalBlocks");
        int heads = lists.shape().dim(2);
        int count = lists.shape().dim(3);
        Tensor marginal = Tensor.zeros(rows, blocks, blocks);
        for (int e = 0; e < lists.shape().elements(); e++) {
            int row = e / count / heads / blocks * heads + e / count % heads;
            if (lists.get(e) >= 0) {
                marginal.set((row * blocks + e / count / heads % blocks) * blocks + (int) lists.get(e), 1);
            }
        }
        return marginal;
    }

    /** [batch * heads * blocks, 1, block, dim] of [batch, heads, length, dim], with zeros after a short last block. */
    private static Tensor byBlock(Tensor x, int block) {
        int n = x.shape().dim(2);
        int dim = x.shape().dim(3);
        int padded = Math.ceilDiv(n, block) * block;
        Tensor byBlock = Tensor.zeros(x.shape().elements() / dim / n * (padded / block), 1, block, dim);
        for (int e = 0; e < x.shape().elements(); e++) {
            byBlock.set((e / dim / n * padded + e / dim % n) * dim + e % dim, x.get(e));
        }
        return byBlock;
    }

    /** The way back from {@link #byBlock}; what has the shape already stays as it is. */
    private static Tensor like(Tensor blocks, Shape shape) {
        if (blocks.shape().equals(shape)) {
            return blocks;
        }
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int padded = blocks.shape().elements() / shape.dim(0) / shape.dim(1) / dim;
        Tensor x = Tensor.zeros(shape.dims());
        for (int e = 0; e < shape.elements(); e++) {
            x.set(e, blocks.get((e / dim / n * padded + e / dim % n) * dim + e % dim));
        }
        return x;
    }

    private static Case released(Tensor q, Tensor k, Tensor v, long seed) {
        List<Step> steps = new ArrayList<>(sparse(q));
        steps.add(features("q", q));
        steps.add(features("k", q));
        steps.add(new Step("linear", Setup.recurrence(q).bidirectional().normalised().dtype(DType.F32).build(), there ->
                Setup.inputs(there.get("qFeatures.out"), there.get("kFeatures.out"), there.get("v").to(DType.F32))));
        steps.addAll(sum(q, "linear"));
        return new Case(steps, inputs(q, centred(k).to(q.dtype()), v, seed));
    }

    /** Keys less their mean over the tokens. */
    private static Tensor centred(Tensor k) {
        int n = k.shape().dim(2);
        int dim = k.shape().dim(3);
        Tensor centred = Tensor.zeros(k.shape().dims());
        for (int e = 0; e < k.shape().elements(); e++) {
            double sum = 0;
            for (int t = 0; t < n; t++) {
                sum += k.get((e / dim / n * n + t) * dim + e % dim);
            }
            centred.set(e, (float) (k.get(e) - sum / n));
        }
        return centred;
    }
}
