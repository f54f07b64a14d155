package tessera.methods;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import tessera.CausalAlignment;
import tessera.DType;
import tessera.Estimator;
import tessera.MergeSpec;
import tessera.PermuteSpec;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Mask;

/** SampleAttention (arXiv:2406.15486): causal, over a window and the columns that get most of the weight of a few queries. */
final class SampledMethods {

    /** Share of the sampled queries' weights that the columns have at least. */
    private static final double SHARE = 0.3;

    static final List<Method> ALL = List.of(new Method("P13", SampledMethods::sampled, SampledMethods::twin));

    private SampledMethods() {
    }

    /**
     * Columns are read up to where a query's window begins: as if the query stood there. So queries move by a window to the front, and
     * what they read back, and is merged with the window.
     */
    private static Case sampled(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int window = Setup.window(n);
        int count = Math.ceilDiv(n, 16);
        int block = Setup.block(n);
        int[] rows = new SplittableRandom(seed).ints(0, n).distinct().limit(count).sorted().toArray();
        SelectSpec choice = PooledBlockMethods.choice(q).estimator(new Estimator.LastRows(count, true, Estimator.Lines.COLUMNS)).cover(SHARE).build();
        List<Step> steps = new ArrayList<>();
        steps.add(new Step("choice", choice, UnaryOperator.identity()));
        steps.add(new Step("window", Setup.attention(q).mask(Mask.window(window - 1, 0)).causal().lse().build(), UnaryOperator.identity()));
        steps.add(new Step("moved", PermuteSpec.gather(batch, heads, n, dim, n).withIndex(1, 1).withDType(q.dtype()),
                there -> Map.of("x", there.get("q"), "index", moved(n, window))));
        steps.add(new Step("columns", Setup.attention(q).listed(heads, 1, block, block).keyColumns(choice.lists()).causal(CausalAlignment.TOP_LEFT).lse().build(),
                there -> {
                    Map<String, Tensor> arguments = Setup.inputs(there.get("moved.out").to(q.dtype()), there.get("k"), there.get("v"));
                    arguments.put("keyBlocks", Tensor.zeros(DType.I32, Shape.of(batch, Math.ceilDiv(n, block), heads, 1)).fill(-1));
                    arguments.put("keyColumns", there.get("choice.keyBlocks").reshape(batch, heads, choice.lists()));
                    return arguments;
                }));
        steps.add(new Step("back", PermuteSpec.gather(batch, heads, n, dim, n).withIndex(1, 1),
                there -> Map.of("x", there.get("columns.out"), "index", moved(n, -window))));
        steps.add(new Step("merge", MergeSpec.of(2, batch, heads, n, dim), there -> {
            Tensor lse = there.get("columns.lse");
            Tensor back = Tensor.zeros(batch, heads, n);
            for (int e = 0; e < back.shape().elements(); e++) {
                back.set(e, e % n < window ? Float.NEGATIVE_INFINITY : lse.get(e - window));
            }
            return Map.of("parts", Step.stacked(List.of(there.get("window.out"), there.get("back.out"))),
                    "lses", Step.stacked(List.of(there.get("window.lse"), back)));
        }));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("rows", Groups.numbers(Shape.of(count), i -> rows[i]))))
                .selecting("choice.keyBlocks", in -> choice(in).lists(heads));
    }

    /** The token at each place if all move by so many places to the front, -1 where there is none. */
    private static Tensor moved(int n, int by) {
        return Groups.numbers(Shape.of(1, 1, n), i -> i + by >= 0 && i + by < n ? i + by : -1);
    }

    private static KeptBlocks choice(Map<String, Tensor> in) {
        TokenScores scores = new TokenScores(in);
        Tensor rows = in.get("rows");
        return KeptBlocks.of(scores.heads, 1, (head, _) -> KeptBlocks.best(scores.lines(head, IntStream.range(0, rows.shape().elements())
                .map(i -> (int) rows.get(i)), false), scores.n, new boolean[scores.n], KeptBlocks.Rule.cover(SHARE)));
    }

    private static double[] twin(Map<String, Tensor> in) {
        KeptBlocks columns = choice(in);
        int window = Setup.window(Setup.length(in.get("q")));
        return KeptBlocks.attention(in, (head, i, j) -> j <= i && (i - j < window || columns.sees(head, 0, j)));
    }
}
