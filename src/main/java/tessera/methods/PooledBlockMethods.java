package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import tessera.Estimator;
import tessera.Forced;
import tessera.PoolSpec;
import tessera.ProjectionSpec;
import tessera.SelectBuilder;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;

/** Causal softmax attention in which blocks of queries read blocks of keys that a rough score ranks. Sizes are those of {@link Setup}. */
final class PooledBlockMethods {

    /** Share of the rough weights that the blocks have at most, in SpargeAttn, and at least, in XAttention. */
    private static final double SHARE = 0.6;

    /** Blocks that are chosen. */
    static final int BLOCKS = 4;

    /** Blocks of the window, that of the query among them. */
    private static final int RECENT = 2;

    static final List<Method> ALL = List.of(
            new Method("D01", PooledBlockMethods::sparge, in -> spargeChoice(in).attention(in, 2 * block(in), block(in), true)),
            new Method("D19", PooledBlockMethods::antidiagonal, in -> antidiagonalChoice(in).attention(in, block(in), block(in), true)),
            new Method("D35", PooledBlockMethods::embedded, in -> embeddedChoice(in).attention(in, block(in), block(in), true)));

    private PooledBlockMethods() {
    }

    static int block(Map<String, Tensor> in) {
        return Setup.block(Setup.length(in.get("q")));
    }

    static SelectBuilder choice(Tensor q) {
        Shape shape = q.shape();
        return SelectSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)).causal().dtype(q.dtype());
    }

    /** Attention over the blocks that the step {@code choice} found. */
    static Step attention(Tensor q, int lists, int blockQ, int blockK) {
        return new Step("attention", Setup.attention(q).listed(q.shape().dim(1), lists, blockQ, blockK).causal().build(),
                there -> Step.renamed(there, Map.of("keyBlocks", "choice.keyBlocks")));
    }

    private static Case chosen(Tensor q, Tensor k, Tensor v, SelectSpec choice, Case.Selected twin) {
        return new Case(List.of(new Step("choice", choice, UnaryOperator.identity()), attention(q, choice.lists(), choice.blockQ(), choice.blockK())),
                Setup.inputs(q, k, v)).selecting("choice.keyBlocks", twin);
    }

    static int[][] lists(Map<String, Tensor> in, KeptBlocks kept) {
        return kept.lists(in.get("q").shape().dim(1));
    }

    /** Tokens of random blocks are hardly alike, and less so the more there are: below this, a block is not summed up by its mean. */
    private static float similarity(int block) {
        return 0.35f / block;
    }

    private static Case sparge(Tensor q, Tensor k, Tensor v, long seed) {
        int block = Setup.block(Setup.length(q));
        return chosen(q, k, v, choice(q).blocks(2 * block, block).softmax().under(SHARE).forced(Forced.dissimilar(similarity(block))).build(),
                in -> lists(in, spargeChoice(in)));
    }

    private static KeptBlocks spargeChoice(Map<String, Tensor> in) {
        TokenScores scores = new TokenScores(in);
        int n = scores.n;
        int block = block(in);
        int blocks = Math.ceilDiv(n, block);
        boolean[][] mixedQ = mixed(in.get("q"), 2 * block, similarity(block));
        boolean[][] mixedK = mixed(in.get("k"), block, similarity(block));
        return KeptBlocks.of(scores.heads, Math.ceilDiv(n, 2 * block), (head, row) -> {
            int visible = (Math.min(n, (row + 1) * 2 * block) - 1) / block + 1;
            boolean[] ranked = KeptBlocks.first(blocks, visible);
            IntStream.range(0, blocks).filter(c -> mixedK[head][c]).forEach(c -> ranked[c] = false);
            boolean[] kept = KeptBlocks.best(KeptBlocks.softmax(scores.ofBlocks(head, row, 2 * block, block), ranked), visible, new boolean[blocks],
                    KeptBlocks.Rule.under(SHARE));
            IntStream.range(0, visible).filter(c -> mixedQ[head][row] || mixedK[head][c]).forEach(c -> kept[c] = true);
            return kept;
        });
    }

    /** Whether the mean cosine among the tokens of each block is at most theta. */
    private static boolean[][] mixed(Tensor x, int block, double theta) {
        int n = x.shape().dim(2);
        int dim = x.shape().dim(3);
        double[] units = SoftmaxTwin.doubles(x);
        for (int token = 0; token < units.length / dim; token++) {
            double length = Math.sqrt(Math.sqrt(dim) * SoftmaxTwin.dot(units, token, units, token, dim));
            for (int c = 0; c < dim; c++) {
                units[token * dim + c] /= length;
            }
        }
        return IntStream.range(0, units.length / dim / n).mapToObj(head -> {
            boolean[] mixed = new boolean[Math.ceilDiv(n, block)];
            for (int b = 0; b < mixed.length; b++) {
                double[] sum = new double[dim];
                int tokens = Math.min(n, (b + 1) * block) - b * block;
                for (int e = (head * n + b * block) * dim; e < (head * n + b * block + tokens) * dim; e++) {
                    sum[e % dim] += units[e] / tokens;
                }
                mixed[b] = Arrays.stream(sum).map(m -> m * m).sum() <= theta;
            }
            return mixed;
        }).toArray(boolean[][]::new);
    }

    /** Block 0 and the diagonal one are read in any case, and their weight counts. */
    private static Case antidiagonal(Tensor q, Tensor k, Tensor v, long seed) {
        int block = Setup.block(Setup.length(q));
        return chosen(q, k, v, choice(q).blocks(block, block).estimator(new Estimator.Antidiagonal(block / 4)).cover(SHARE)
                .forced(new Forced(1, true, 0, false, false, false, Forced.Counting.FIRST)).build(), in -> lists(in, antidiagonalChoice(in)));
    }

    private static KeptBlocks antidiagonalChoice(Map<String, Tensor> in) {
        TokenScores scores = new TokenScores(in);
        int n = scores.n;
        int block = block(in);
        int stride = block / 4;
        int squares = Math.ceilDiv(n, stride);
        int blocks = Math.ceilDiv(n, block);
        return KeptBlocks.of(scores.heads, blocks, (head, row) -> {
            double[] mass = new double[blocks];
            for (int a = row * 4; a < Math.min(squares, (row + 1) * 4); a++) {
                int square = a;
                double[] sums = IntStream.range(0, squares).mapToDouble(b -> b > square ? 0 : IntStream.range(0, stride)
                        .filter(t -> (square + 1) * stride - 1 - t < n && b * stride + t < n)
                        .mapToDouble(t -> scores.at(head, (square + 1) * stride - 1 - t, b * stride + t)).sum() / stride).toArray();
                double[] weights = KeptBlocks.softmax(sums, KeptBlocks.first(squares, a + 1));
                IntStream.range(0, squares).forEach(b -> mass[b / 4] += weights[b]);
            }
            boolean[] first = KeptBlocks.first(blocks, 1);
            first[row] = true;
            return KeptBlocks.best(mass, row + 1, first, KeptBlocks.Rule.cover(SHARE));
        });
    }

    /** Means of blocks in half as many dimensions, by a matrix that is drawn; blocks of a window are read beside the chosen ones. */
    private static Case embedded(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int block = Setup.block(shape.dim(2));
        int blocks = Math.ceilDiv(shape.dim(2), block);
        int low = low(shape.dim(3));
        SelectSpec choice = SelectSpec.of(shape.dim(0), shape.dim(1), blocks, low).causal().topK(BLOCKS)
                .forced(new Forced(0, false, RECENT, false, false, false, Forced.Counting.EXCLUDED)).build();
        List<Step> steps = new ArrayList<>();
        for (String x : List.of("q", "k")) {
            steps.add(new Step(x + ".means", PoolSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), block, PoolSpec.Reduction.MEAN)
                    .withDType(q.dtype()), there -> Map.of("x", there.get(x))));
            steps.add(new Step(x + ".embedding", ProjectionSpec.channels(shape.dim(0), shape.dim(1), blocks, shape.dim(3), low),
                    there -> Map.of("x", there.get(x + ".means.out"), "weight", there.get("weight"))));
        }
        steps.add(new Step("choice", choice, there -> Map.of("q", there.get("q.embedding.out"), "k", there.get("k.embedding.out"))));
        steps.add(attention(q, choice.lists(), block, block));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("weight", Tensor.random(Shape.of(1, shape.dim(3), low), seed))))
                .selecting("choice.keyBlocks", in -> lists(in, embeddedChoice(in)));
    }

    private static int low(int dim) {
        return Math.ceilDiv(dim, 2);
    }

    private static KeptBlocks embeddedChoice(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        int dim = in.get("q").shape().dim(3);
        int block = block(in);
        int blocks = Math.ceilDiv(n, block);
        double[][] q = PooledTwin.embedding(in.get("q"), block, in.get("weight"));
        double[][] k = PooledTwin.embedding(in.get("k"), block, in.get("weight"));
        return KeptBlocks.of(q.length / blocks, blocks, (head, row) -> {
            int others = Math.max(0, row + 1 - RECENT);
            double[] scores = IntStream.range(0, blocks).mapToDouble(c -> SoftmaxTwin.dot(q[head * blocks + row], 0, k[head * blocks + c], 0, low(dim))).toArray();
            boolean[] kept = KeptBlocks.best(scores, others, new boolean[blocks], KeptBlocks.Rule.top(BLOCKS));
            Arrays.fill(kept, others, row + 1, true);
            return kept;
        });
    }
}
