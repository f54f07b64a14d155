package tessera.methods;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import tessera.DType;
import tessera.Estimator;
import tessera.Forced;
import tessera.PermuteSpec;
import tessera.PoolSpec;
import tessera.Pooling.Fold;
import tessera.SelectBuilder;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Mask;

/** Causal softmax attention in which each query reads its own list of blocks of keys. Sizes are those of {@link Setup}. */
final class ListedMethods {

    /** Blocks that a query reads, in MoBA its own one and in Quest the one that still grows among them. */
    static final int BLOCKS = 4;

    /** Blocks that a query reads, first and recent ones among them, as in InfLLM-v2. */
    static final int SHARED_BLOCKS = 6;

    /** Recent blocks that a query always reads, as in InfLLM-v2. */
    static final int SHARED_RECENT = 2;

    /** Keys that stand for a block, as in InfLLM. */
    static final int REPRESENTATIVES = 4;

    /** The block of the query, which comes first. */
    private static final Forced OWN = new Forced(0, true, 0, false, false, false, Forced.Counting.FIRST);

    static final List<Method> ALL = List.of(
            new Method("D12", (q, k, v, _) -> listed(q, k, v, choice(q, k).topK(BLOCKS).forced(OWN), ListedTwin::moba),
                    in -> ListedTwin.attention(in, ListedTwin.moba(in))),
            new Method("D15", (q, k, v, _) -> listed(q, k, v, choice(q, k).estimator(new Estimator.MinMax()).topK(BLOCKS).forced(OWN), ListedTwin::quest),
                    in -> ListedTwin.attention(in, ListedTwin.quest(in))),
            new Method("D03", ListedMethods::representatives, in -> ListedTwin.attention(in, ListedTwin.infLlm(in))),
            new Method("D27", ListedMethods::shared, in -> ListedTwin.attention(in, ListedTwin.infLlm2(in))));

    private ListedMethods() {
    }

    /** Blocks for each query, none of which begins after it. */
    static SelectBuilder choice(Tensor q, Tensor k) {
        Shape shape = q.shape();
        return SelectSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)).kvHeads(k.shape().dim(1)).blocks(1, Setup.block(shape.dim(2)))
                .causal().dtype(q.dtype());
    }

    /** A choice from q and k, and attention over what is chosen. */
    private static Case listed(Tensor q, Tensor k, Tensor v, SelectBuilder choice, Function<Map<String, Tensor>, BlockChoice> twin) {
        SelectSpec spec = choice.build();
        return new Case(List.of(new Step("choice", spec, UnaryOperator.identity()), attention(q, k, spec)), Setup.inputs(q, k, v))
                .selecting("choice.keyBlocks", in -> twin.apply(in).lists(spec.listHeads()));
    }

    static Step attention(Tensor q, Tensor k, SelectSpec choice) {
        return new Step("attention", Setup.attention(q).kvHeads(k.shape().dim(1)).listed(choice.listHeads(), choice.lists(), choice.blockK()).causal()
                .build(), there -> Step.renamed(there, Map.of("keyBlocks", "choice.keyBlocks")));
    }

    /** Blocks that hold the window, whatever the query's place in its block. */
    static int recent(int n) {
        return 1 + Math.ceilDiv(Setup.window(n) - 1, Setup.block(n));
    }

    /**
     * A key's weight is what the queries of a window from it on give it, in attention over such windows. The keys of a block with the
     * largest weights have its score. A query reads the first block, a window of whole ones, and others by their scores.
     */
    private static Case representatives(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int block = Setup.block(n);
        int blocks = Math.ceilDiv(n, block);
        SelectSpec best = SelectSpec.of(batch, heads * blocks, 1, 1).keys(block).estimator(new Estimator.ColumnMass()).topK(REPRESENTATIVES).build();
        SelectSpec choice = choice(q, k).dtype(DType.F32).estimator(new Estimator.GivenDot()).topK(BLOCKS)
                .forced(new Forced(1, true, recent(n), false, false, false, Forced.Counting.EXCLUDED)).build();
        List<Step> steps = new ArrayList<>();
        steps.add(new Step("window", Setup.attention(q).mask(Mask.window(Setup.window(n) - 1, 0)).causal().columnMass().build(), UnaryOperator.identity()));
        steps.add(new Step("best", best, there -> Map.of("mass", byBlock(there.get("window.columnMass"), block))));
        steps.add(new Step("representatives", PermuteSpec.gather(batch, heads, n, dim, blocks * REPRESENTATIVES).withDType(q.dtype()),
                there -> Map.of("x", there.get("k"), "index", keys(there.get("best.keyBlocks"), shape, block))));
        steps.add(new Step("means", PoolSpec.of(batch, heads, blocks * REPRESENTATIVES, dim, REPRESENTATIVES, PoolSpec.Reduction.MEAN), there ->
                Map.of("x", there.get("representatives.out"))));
        steps.add(new Step("choice", choice, there -> Map.of("q", there.get("q").to(DType.F32), "k", there.get("means.out"))));
        steps.add(attention(q, k, choice));
        return new Case(steps, Setup.inputs(q, k, v)).selecting("choice.keyBlocks", in -> ListedTwin.infLlm(in).lists(heads));
    }

    /** [batch, heads * blocks, block] of [batch, heads, keys]; 0 for keys that a last block lacks. */
    private static Tensor byBlock(Tensor mass, int block) {
        int n = mass.shape().dim(2);
        int blocks = Math.ceilDiv(n, block);
        Tensor byBlock = Tensor.zeros(mass.shape().dim(0), mass.shape().dim(1) * blocks, block);
        for (int e = 0; e < mass.shape().elements(); e++) {
            byBlock.set(e / n * blocks * block + e % n, mass.get(e));
        }
        return byBlock;
    }

    /** The chosen keys of every block, which come as places in it: [batch, heads, blocks * representatives], -1 for a key that is not there. */
    private static Tensor keys(Tensor places, Shape shape, int block) {
        int n = shape.dim(2);
        int inHead = Math.ceilDiv(n, block) * REPRESENTATIVES;
        return Groups.numbers(Shape.of(shape.dim(0), shape.dim(1), inHead), i -> {
            int key = i % inHead / REPRESENTATIVES * block + (int) places.get(i);
            return key < n ? key : -1;
        });
    }

    /** Segments of half a block, one every quarter, that the heads of a group score; a block has the largest weight of those it touches. */
    private static Case shared(Tensor q, Tensor keys, Tensor values, long seed) {
        int kvHeads = CompactMethods.groups(q.shape().dim(1));
        Tensor k = CompactMethods.pooled(keys, kvHeads).to(q.dtype());
        Tensor v = CompactMethods.pooled(values, kvHeads).to(q.dtype());
        int block = Setup.block(Setup.length(q));
        Forced forced = new Forced(1, true, SHARED_RECENT, false, false, false, Forced.Counting.FIRST);
        return listed(q, k, v, choice(q, k).estimator(new Estimator.OverlappedDot(block / 2, block / 4)).softmax().foldBlocks(Fold.MAX)
                .foldGroup(Fold.MEAN).topK(SHARED_BLOCKS).forced(forced), ListedTwin::infLlm2);
    }
}
