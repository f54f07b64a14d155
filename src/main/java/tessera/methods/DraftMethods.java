package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.IntStream;
import tessera.PermuteSpec;
import tessera.SelectSpec;
import tessera.SelectionRule;
import tessera.Shape;
import tessera.Tensor;

/** DraftAttention (arXiv:2505.14708): the best pairs of patches of a video, by an attention map among their means. */
final class DraftMethods {

    /** Patches along each side of a frame. */
    private static final int PATCHES = 2;

    /** Share of all pairs that a head reads. */
    private static final double SHARE = 0.25;

    static final List<Method> ALL = List.of(new Method("D17", DraftMethods::draft, DraftMethods::twin));

    private DraftMethods() {
    }

    /** Tokens come row by row of whole frames and are sorted by patch; those of a part of a frame stay in their order. */
    private static Case draft(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int block = Setup.block(n);
        PermuteSpec sorted = PermuteSpec.gather(batch, heads, n, shape.dim(3), n).withIndex(1, 1).withDType(q.dtype());
        SelectSpec choice = SelectSpec.of(batch, heads, n, shape.dim(3)).blocks(block, block).softmax().rule(new SelectionRule.TopRatio(SHARE)).perHead()
                .dtype(q.dtype()).build();
        Function<Map<String, Tensor>, Map<String, Tensor>> byPatch = there -> Setup.inputs(there.get("q.sorted.out").to(q.dtype()),
                there.get("k.sorted.out").to(q.dtype()), there.get("v.sorted.out").to(q.dtype()));
        List<Step> steps = new ArrayList<>();
        for (String x : List.of("q", "k", "v")) {
            steps.add(new Step(x + ".sorted", sorted, there -> Map.of("x", there.get(x), "index", order(n))));
        }
        steps.add(new Step("choice", choice, byPatch::apply));
        steps.add(new Step("attention", Setup.attention(q).listed(heads, choice.lists(), block, block).build(), there -> {
            Map<String, Tensor> arguments = byPatch.apply(there);
            arguments.put("keyBlocks", there.get("choice.keyBlocks"));
            return arguments;
        }));
        steps.add(new Step("back", PermuteSpec.scatter(batch, heads, n, shape.dim(3), n).withIndex(1, 1),
                there -> Map.of("x", there.get("attention.out"), "index", order(n))));
        return new Case(steps, Setup.inputs(q, k, v)).selecting("choice.keyBlocks", in -> choice(in).lists(heads));
    }

    private static Tensor order(int n) {
        int side = (int) Math.sqrt(Setup.block(n));
        int frame = PATCHES * PATCHES * side * side;
        return Groups.numbers(Shape.of(1, 1, n), i -> {
            int patch = i % frame / (side * side);
            int inPatch = i % (side * side);
            int row = patch / PATCHES * side + inPatch / side;
            return i >= n / frame * frame ? i : i / frame * frame + row * PATCHES * side + patch % PATCHES * side + inPatch % side;
        });
    }

    /** The patch of every token: by its frame, row and column. */
    private static int[] patches(int n) {
        int side = (int) Math.sqrt(Setup.block(n));
        int width = PATCHES * side;
        int frame = width * width;
        return IntStream.range(0, n).map(t -> t >= n - n % frame ? t / (side * side)
                : t / frame * PATCHES * PATCHES + t % frame / width / side * PATCHES + t % width / side).toArray();
    }

    private static KeptBlocks choice(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        int[] patch = patches(n);
        int count = patch[n - 1] + 1;
        TokenScores scores = new TokenScores(in);
        return new KeptBlocks(IntStream.range(0, scores.heads).parallel().mapToObj(head -> {
            double[][] sums = new double[count][count];
            int[] sizes = new int[count];
            for (int i = 0; i < n; i++) {
                sizes[patch[i]]++;
                for (int j = 0; j < n; j++) {
                    sums[patch[i]][patch[j]] += scores.at(head, i, j);
                }
            }
            double[] map = IntStream.range(0, count).mapToObj(a -> KeptBlocks.softmax(IntStream.range(0, count).mapToDouble(b ->
                    sums[a][b] / sizes[a] / sizes[b]).toArray(), KeptBlocks.first(count, count))).flatMapToDouble(Arrays::stream).toArray();
            boolean[] kept = KeptBlocks.best(map, map.length, new boolean[map.length], KeptBlocks.Rule.top(Math.max(1, (int) (SHARE * map.length))));
            return IntStream.range(0, count).mapToObj(a -> Arrays.copyOfRange(kept, a * count, (a + 1) * count)).toArray(boolean[][]::new);
        }).toArray(boolean[][][]::new));
    }

    private static double[] twin(Map<String, Tensor> in) {
        int[] patch = patches(Setup.length(in.get("q")));
        KeptBlocks kept = choice(in);
        return KeptBlocks.attention(in, (head, i, j) -> kept.sees(head, patch[i], patch[j]));
    }
}
