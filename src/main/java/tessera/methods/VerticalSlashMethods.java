package tessera.methods;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import tessera.CausalAlignment;
import tessera.DType;
import tessera.Estimator;
import tessera.Forced;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.layouts.HeadPatterns;
import tessera.layouts.VerticalSlash;
import tessera.masks.Mask;

/** Causal softmax attention of prompts in which heads have different patterns, some of them columns and diagonals that the last queries choose. */
final class VerticalSlashMethods {

    /** Columns and diagonals of MInference, and blocks that a row of its block heads reads. */
    static final int COLUMNS = 8;
    static final int DIAGONALS = 3;
    static final int BLOCKS = 4;

    /** Share of the weights that FlexPrefill reads at least. */
    static final double SHARE = 0.4;

    /** Distance of two estimates below which FlexPrefill takes blocks; random tokens give heads of both kinds. */
    static final double FAR = 0.08;

    private static final UnaryOperator<Map<String, Tensor>> AS_THEY_ARE = UnaryOperator.identity();

    static final List<Method> ALL = List.of(
            new Method("D04", VerticalSlashMethods::patterns, in -> new VerticalSlashTwin(in).patterns()),
            new Method("D05", VerticalSlashMethods::flexible, in -> new VerticalSlashTwin(in).flexible()));

    private VerticalSlashMethods() {
    }

    /** Queries that choose columns and diagonals. */
    static int last(int n) {
        return Math.min(n, Setup.block(n));
    }

    private static SelectSpec lines(Tensor q, Estimator.Lines lines, int sinks, int count) {
        return PooledBlockMethods.choice(q).estimator(new Estimator.LastRows(last(Setup.length(q)), false, lines)).topK(count)
                .forced(new Forced(sinks, false, 0, false, false, false, Forced.Counting.FIRST)).build();
    }

    /**
     * Heads take turns to see sinks and a window, columns and diagonals, and blocks. Single keys are columns, diagonals become whole
     * blocks. The first columns and diagonal are among the chosen ones.
     */
    private static Case patterns(Tensor q, Tensor k, Tensor v, long seed) {
        int n = Setup.length(q);
        int block = Setup.block(n);
        SelectSpec columns = lines(q, Estimator.Lines.COLUMNS, Setup.SINKS, COLUMNS);
        SelectSpec diagonals = lines(q, Estimator.Lines.DIAGONALS, 1, DIAGONALS);
        SelectSpec blocks = PooledBlockMethods.choice(q).blocks(block, block).softmax().topK(BLOCKS)
                .forced(new Forced(0, true, 0, false, false, false, Forced.Counting.FIRST)).build();
        int lists = Math.min(Math.ceilDiv(n, block), Math.max(Math.max(2 * DIAGONALS, BLOCKS), Math.ceilDiv(Setup.window(n) - 1, block) + 2));
        Mask mask = Setup.perHead(q, h -> h % 3 == 0 ? Mask.streaming(Setup.SINKS, Setup.window(n) - 1) : Mask.window(-1, -1));
        return new Case(List.of(new Step("columns", columns, AS_THEY_ARE), new Step("diagonals", diagonals, AS_THEY_ARE),
                new Step("blocks", blocks, AS_THEY_ARE),
                new Step("attention", Setup.attention(q).mask(mask).listed(q.shape().dim(1), lists, block, block).keyColumns(columns.lists()).causal().build(),
                        there -> ofPatterns(there, block, lists))), Setup.inputs(q, k, v))
                .selecting("columns.keyBlocks", in -> new VerticalSlashTwin(in).lines(false))
                .selecting("diagonals.keyBlocks", in -> new VerticalSlashTwin(in).lines(true))
                .selecting("blocks.keyBlocks", in -> PooledBlockMethods.lists(in, new VerticalSlashTwin(in).blocks()));
    }

    private static Map<String, Tensor> ofPatterns(Map<String, Tensor> there, int block, int lists) {
        Shape shape = there.get("q").shape();
        int heads = shape.dim(1);
        int n = shape.dim(2);
        Tensor none = Tensor.zeros(DType.I32, Shape.of(shape.dim(0), 1, heads, 1)).fill(-1);
        Tensor slashes = VerticalSlash.keyBlocks(none, there.get("diagonals.keyBlocks"), n, n, block, block, CausalAlignment.TOP_LEFT);
        Tensor chosen = there.get("blocks.keyBlocks");
        int sinks = Math.ceilDiv(Math.min(n, Setup.SINKS), block);
        Map<String, Tensor> arguments = Setup.inputs(there.get("q"), there.get("k"), there.get("v"));
        arguments.put("keyBlocks", Groups.numbers(Shape.of(shape.dim(0), Math.ceilDiv(n, block), heads, lists), e -> {
            int list = e / lists;
            int row = list / heads % Math.ceilDiv(n, block);
            int window = Math.max(0, row * block - Setup.window(n) + 1) / block;
            return switch (list % heads % 3) {
                case 0 -> e % lists < sinks ? e % lists : window + e % lists - sinks <= row ? window + e % lists - sinks : -1;
                case 1 -> at(slashes, list, e % lists);
                default -> at(chosen, list, e % lists);
            };
        }));
        Tensor columns = there.get("columns.keyBlocks");
        arguments.put("keyColumns", Groups.numbers(Shape.of(shape.dim(0), heads, columns.shape().dim(3)), e ->
                e / columns.shape().dim(3) % heads % 3 == 1 ? (int) columns.get(e) : -1));
        return arguments;
    }

    /** What a list has at a place, -1 beyond its end. */
    private static int at(Tensor lists, int list, int place) {
        int length = lists.shape().dim(3);
        return place < length ? (int) lists.get(list * length + place) : -1;
    }

    /**
     * A head whose pooled scores tell what its last queries see reads the pairs of blocks with the largest ones; another head reads
     * columns and diagonals of blocks. The first column and diagonal are read in any case.
     */
    private static Case flexible(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int n = shape.dim(2);
        int block = Setup.block(n);
        int blocks = Math.ceilDiv(n, block);
        Forced first = new Forced(1, false, 0, false, false, false, Forced.Counting.ADDED);
        List<Step> steps = new ArrayList<>();
        for (Estimator.Lines lines : Estimator.Lines.values()) {
            steps.add(new Step(lines.name().toLowerCase(), PooledBlockMethods.choice(q).blocks(n, block).estimator(new Estimator.LastRows(last(n), false, lines))
                    .cover(SHARE).forced(first).scores().build(), AS_THEY_ARE));
        }
        steps.add(new Step("guess", SelectSpec.of(shape.dim(0), shape.dim(1), last(n), shape.dim(3)).keys(n).blocks(last(n), block).softmax().topK(1).scores()
                .dtype(q.dtype()).build(), there -> Map.of("q", lastTokens(there.get("q"), last(n)), "k", there.get("k"))));
        steps.add(new Step("blocks", PooledBlockMethods.choice(q).blocks(block, block).softmax().cover(SHARE).perHead()
                .forced(new Forced(1, true, 0, false, false, false, Forced.Counting.ADDED)).build(), AS_THEY_ARE));
        steps.add(new Step("attention", Setup.attention(q).listed(shape.dim(1), blocks, block, block).causal().build(), there -> {
            Tensor patterns = HeadPatterns.byDivergence(there.get("columns.scores"), there.get("guess.scores"), FAR);
            Tensor lines = VerticalSlash.keyBlocks(there.get("columns.keyBlocks"), there.get("diagonals.keyBlocks"), blocks, blocks, 1, 1, CausalAlignment.TOP_LEFT);
            Map<String, Tensor> arguments = Setup.inputs(there.get("q"), there.get("k"), there.get("v"));
            arguments.put("keyBlocks", Groups.numbers(Shape.of(shape.dim(0), blocks, shape.dim(1), blocks), e -> {
                int list = e / blocks;
                boolean agree = patterns.get(list / shape.dim(1) / blocks * shape.dim(1) + list % shape.dim(1)) == 1;
                return at(agree ? there.get("blocks.keyBlocks") : lines, list, e % blocks);
            }));
            return arguments;
        }));
        return new Case(steps, Setup.inputs(q, k, v))
                .selecting("columns.keyBlocks", in -> new VerticalSlashTwin(in).blockLines(false))
                .selecting("diagonals.keyBlocks", in -> new VerticalSlashTwin(in).blockLines(true))
                .selecting("blocks.keyBlocks", in -> PooledBlockMethods.lists(in, new VerticalSlashTwin(in).coveredBlocks()));
    }

    private static Tensor lastTokens(Tensor x, int count) {
        int n = x.shape().dim(2);
        int dim = x.shape().dim(3);
        Tensor last = Tensor.zeros(x.dtype(), Shape.of(x.shape().dim(0), x.shape().dim(1), count, dim));
        for (int e = 0; e < last.shape().elements(); e++) {
            last.set(e, x.get((e / dim / count * n + n - count + e / dim % count) * dim + e % dim));
        }
        return last;
    }
}
