package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Blocks;
import tessera.masks.Mask;

/** Softmax attention over windows and blocks, the same in every layer. Sizes are those of {@link Setup}. */
final class SparseMethods {

    /** Random blocks of each query block, as in BigBird. */
    private static final int RANDOM = 3;

    static final List<Method> ALL = List.of(
            new Method("P01", (q, k, v, _) -> Setup.causal(q, k, v, Mask.window(Setup.window(Setup.length(q)), 0)),
                    in -> SoftmaxTwin.of(in, (n, _, i, j) -> i - Setup.window(n) <= j && j <= i)),
            new Method("P04", SparseMethods::random, in -> SoftmaxTwin.of(in, (n, h, i, j) -> drawn(in, h, i / Setup.block(n), j / Setup.block(n)))),
            new Method("P07", SparseMethods::bigBird, in -> SoftmaxTwin.of(in, (n, h, i, j) -> {
                int b = Setup.block(n);
                boolean global = i < b || j < b || i / b == (n - 1) / b || j / b == (n - 1) / b;
                return global || Math.abs(i / b - j / b) <= 1 || drawn(in, h, i / b, j / b);
            })),
            new Method("P08", (q, k, v, _) -> Setup.causal(q, k, v, Mask.streaming(Setup.SINKS, Setup.window(Setup.length(q)))),
                    in -> SoftmaxTwin.of(in, (n, _, i, j) -> j <= i && (j < Setup.SINKS || j >= i - Setup.window(n)))),
            new Method("P09", SparseMethods::blockStreaming, in -> SoftmaxTwin.of(in, (n, _, i, j) -> {
                int b = Setup.block(n);
                return j <= i && (j < b || i / b - j / b < recent(n));
            })));

    private SparseMethods() {
    }

    private static Case random(Tensor q, Tensor k, Tensor v, long seed) {
        Tensor drawn = draw(q.shape().dim(1), Math.ceilDiv(Setup.length(q), Setup.block(Setup.length(q))), seed);
        return drawn(q, k, v, drawn, (h, qb, kb) -> contains(drawn, h, qb, kb));
    }

    /** A window of three blocks, the first and the last block global, and random blocks. */
    private static Case bigBird(Tensor q, Tensor k, Tensor v, long seed) {
        int last = (Setup.length(q) - 1) / Setup.block(Setup.length(q));
        Tensor drawn = draw(q.shape().dim(1), last + 1, seed);
        return drawn(q, k, v, drawn, (h, qb, kb) -> qb == 0 || kb == 0 || qb == last || kb == last || Math.abs(qb - kb) <= 1
                || contains(drawn, h, qb, kb));
    }

    private static Case drawn(Tensor q, Tensor k, Tensor v, Tensor drawn, Blocks.Rule rule) {
        Map<String, Tensor> inputs = Setup.inputs(q, k, v);
        inputs.put("randomBlocks", drawn);
        int block = Setup.block(Setup.length(q));
        Mask mask = new Blocks(q.shape().dim(1), Setup.length(q), Setup.length(q), block, block, rule);
        return new Case(Setup.attention(q).mask(mask).build(), inputs);
    }

    /** Different random key blocks for every query block of every head: [heads, blocks, RANDOM], fewer if there are fewer blocks. */
    private static Tensor draw(int heads, int blocks, long seed) {
        int count = Math.min(RANDOM, blocks);
        Tensor drawn = Tensor.zeros(DType.I32, Shape.of(heads, blocks, count));
        SplittableRandom random = new SplittableRandom(seed);
        for (int row = 0; row < heads * blocks; row++) {
            int[] keyBlocks = random.ints(0, blocks).distinct().limit(count).toArray();
            for (int n = 0; n < count; n++) {
                drawn.set(row * count + n, keyBlocks[n]);
            }
        }
        return drawn;
    }

    private static boolean contains(Tensor drawn, int head, int queryBlock, int keyBlock) {
        int count = drawn.shape().dim(2);
        int row = head * drawn.shape().dim(1) + queryBlock;
        for (int n = row * count; n < (row + 1) * count; n++) {
            if (drawn.get(n) == keyBlock) {
                return true;
            }
        }
        return false;
    }

    private static Case blockStreaming(Tensor q, Tensor k, Tensor v, long seed) {
        int block = Setup.block(Setup.length(q));
        int recent = recent(Setup.length(q));
        return Setup.causal(q, k, v, new Blocks(1, Setup.length(q), Setup.length(q), block, block,
                (_, qb, kb) -> kb <= qb && (kb == 0 || kb > qb - recent)));
    }

    /** Recent blocks that a query sees, its own among them. */
    private static int recent(int length) {
        return Math.max(1, Setup.window(length) / Setup.block(length));
    }

    private static boolean drawn(Map<String, Tensor> in, int head, int queryBlock, int keyBlock) {
        return contains(in.get("randomBlocks"), head, queryBlock, keyBlock);
    }
}
