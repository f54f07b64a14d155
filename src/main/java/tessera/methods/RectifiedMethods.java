package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessera.AttentionBuilder;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Estimator;
import tessera.Forced;
import tessera.MergeSpec;
import tessera.ProjectionSpec;
import tessera.SelectBuilder;
import tessera.SelectSpec;
import tessera.SelectionRule;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Blocks;
import tessera.masks.Mask;

/**
 * Rectified sparse attention (arXiv:2506.04108) of two layers over a given sequence. Tokens are decoded sparsely; after every few, a
 * frame, those are run again densely, and their keys and values written again. In the first layer these stay what they are; in the
 * second one, a token reads those of the dense run for earlier frames, and of the sparse one for its own. So all tokens go at once.
 */
final class RectifiedMethods {

    /** Recent blocks that a token always reads: a frame. */
    static final int RECENT = 2;

    /** Share of the blocks that a token reads, and how many at least. */
    static final double SHARE = 0.25;
    static final int LEAST = 4;

    static final List<Method> ALL = List.of(
            new Method("D26", RectifiedMethods::rectified, in -> new RectifiedTwin(in).run()));

    private RectifiedMethods() {
    }

    private static Case rectified(Tensor q, Tensor keys, Tensor values, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int kvHeads = CompactMethods.groups(heads);
        int frame = RECENT * Setup.block(n);
        Tensor k = CompactMethods.pooled(keys, kvHeads).to(q.dtype());
        Map<String, Tensor> inputs = Setup.inputs(q, k, CompactMethods.pooled(values, kvHeads).to(q.dtype()), Map.of(
                "weightQ", weight(heads, heads, dim, seed), "weightK", weight(kvHeads, heads, dim, seed + 1), "weightV", weight(kvHeads, heads, dim, seed + 2)));
        SelectBuilder choice = ListedMethods.choice(q, k).estimator(new Estimator.MinMax()).meanQueries().rule(new SelectionRule.TopRatio(SHARE))
                .budget(LEAST, Integer.MAX_VALUE).forced(new Forced(0, true, RECENT, false, false, false, Forced.Counting.FIRST));
        SelectSpec first = choice.build();
        SelectSpec second = choice.dtype(DType.F32).build();
        Mask ofFrames = new Blocks(1, n, n, frame, frame, (_, qb, kb) -> qb == kb);
        AttentionSpec ofFrame = Setup.attention(q).kvHeads(kvHeads).mask(ofFrames).causal().lse().dtype(DType.F32).build();
        return new Case(List.of(
                new Step("firstChoice", first, UnaryOperator.identity()),
                new Step("sparse", listed(q, first).build(), there -> Step.renamed(there, Map.of("keyBlocks", "firstChoice.keyBlocks"))),
                new Step("dense", Setup.attention(q).kvHeads(kvHeads).causal().build(), UnaryOperator.identity()),
                projection("q", q, heads, "sparse", "weightQ"),
                projection("k", q, kvHeads, "sparse", "weightK"),
                projection("v", q, kvHeads, "sparse", "weightV"),
                projection("writtenK", q, kvHeads, "dense", "weightK"),
                projection("writtenV", q, kvHeads, "dense", "weightV"),
                new Step("choice", second, there -> Step.renamed(there, Map.of("q", "q.out", "k", "writtenK.out"))),
                new Step("earlier", listed(q, second).lse().dtype(DType.F32).build(), there -> {
                    Map<String, Tensor> arguments = Step.renamed(there, Map.of("q", "q.out", "k", "writtenK.out", "v", "writtenV.out"));
                    arguments.put("keyBlocks", earlier(there.get("choice.keyBlocks")));
                    return arguments;
                }),
                new Step("frame", ofFrame, there -> Step.renamed(there, Map.of("q", "q.out", "k", "k.out", "v", "v.out"))),
                new Step("merge", MergeSpec.of(2, batch, heads, n, dim), there -> Step.parts(there, List.of("earlier", "frame")))), inputs)
                .selecting("firstChoice.keyBlocks", in -> new RectifiedTwin(in).choices().getFirst().lists(kvHeads))
                .selecting("choice.keyBlocks", in -> new RectifiedTwin(in).choices().getLast().lists(kvHeads));
    }

    private static AttentionBuilder listed(Tensor q, SelectSpec choice) {
        return Setup.attention(q).kvHeads(choice.kvHeads()).listed(choice.listHeads(), choice.lists(), choice.blockK()).causal();
    }

    /** [toHeads, heads * dim, dim], such that projections are about as large as what is projected. */
    private static Tensor weight(int toHeads, int heads, int dim, long seed) {
        return Setup.map(Tensor.random(Shape.of(toHeads, heads * dim, dim), seed), x -> 3 * x / Math.sqrt(heads * dim));
    }

    /** Of all heads' results of a token, as one vector. */
    private static Step projection(String name, Tensor q, int toHeads, String of, String weight) {
        Shape shape = q.shape();
        return new Step(name, ProjectionSpec.channels(shape.dim(0), 1, shape.dim(2), shape.dim(1) * shape.dim(3), shape.dim(3)).withWeightHeads(toHeads),
                there -> Map.of("x", tokens(there.get(of + ".out")), "weight", there.get(weight)));
    }

    /** [batch, 1, length, heads * dim] of [batch, heads, length, dim]. */
    private static Tensor tokens(Tensor x) {
        int heads = x.shape().dim(1);
        int n = x.shape().dim(2);
        int dim = x.shape().dim(3);
        Tensor tokens = Tensor.zeros(x.shape().dim(0), 1, n, heads * dim);
        for (int e = 0; e < x.shape().elements(); e++) {
            tokens.set(((e / dim / n / heads * n + e / dim % n) * heads + e / dim / n % heads) * dim + e % dim, x.get(e));
        }
        return tokens;
    }

    /** The listed blocks of a query that are of an earlier frame. */
    private static Tensor earlier(Tensor lists) {
        int n = lists.shape().dim(1);
        int ofQuery = lists.shape().dim(2) * lists.shape().dim(3);
        return Groups.numbers(lists.shape(), e -> {
            int query = e / ofQuery % n;
            return lists.get(e) < query / (RECENT * Setup.block(n)) * RECENT ? (int) lists.get(e) : -1;
        });
    }
}
