package tessera.methods;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleSupplier;
import tessera.DType;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Blocks;
import tessera.masks.GlobalTokens;
import tessera.masks.Mask;
import tessera.masks.Stride;

/** Softmax attention over patterns of single tokens, some of them different from head to head. Sizes are those of {@link Setup}. */
final class PatternMethods {

    /** Distance of the tokens of a dilated window. */
    private static final int DILATION = 4;

    /** Columns that summarise a stride of the Sparse Transformer, c in the paper. */
    private static final int SUMMARY = 8;

    /** Tokens that see all and are seen by all. */
    private static final int GLOBALS = 4;

    static final List<Method> ALL = List.of(
            new Method("P02", PatternMethods::globals, in -> SoftmaxTwin.of(in, (_, _, i, j) -> isGlobal(in, i) || isGlobal(in, j))),
            new Method("P03", (q, k, v, _) -> Setup.causal(q, k, v, new Stride(DILATION, Setup.window(Setup.length(q)))),
                    in -> SoftmaxTwin.of(in, (n, _, i, j) -> j <= i && (i - j) % DILATION == 0 && i - j <= DILATION * Setup.window(n))),
            new Method("P05", PatternMethods::sparseTransformer, in -> SoftmaxTwin.of(in, (n, h, i, j) -> {
                int l = stride(n);
                boolean strided = i - j < l || (i - j) % l == 0;
                boolean fixed = i / l == j / l || j % l >= l - SUMMARY;
                return j <= i && (2 * h < heads(in) ? strided : fixed);
            })),
            new Method("P06", PatternMethods::longformer, in -> SoftmaxTwin.of(in, (n, h, i, j) -> {
                int distance = Math.abs(i - j);
                boolean window = distance <= side(n);
                boolean dilated = distance <= DILATION * side(n) && distance % DILATION == 0;
                return isGlobal(in, i) || isGlobal(in, j) || (2 * h < heads(in) ? window : dilated);
            })),
            new Method("P11", PatternMethods::logSparse, in -> SoftmaxTwin.of(in, (n, _, i, j) -> {
                boolean allowed = j <= i && i - j <= bits(n);
                for (int m = 0; m < 31; m++) {
                    allowed |= j == i - (1 << m);
                }
                return allowed;
            })),
            new Method("P14", PatternMethods::mixture, in -> SoftmaxTwin.of(in, (n, h, i, j) ->
                    j <= i && (j < Setup.SINKS || i - j < in.get("alpha").get(h) + in.get("beta").get(h) * n))),
            new Method("P15", PatternMethods::duo, in -> SoftmaxTwin.of(in, (n, h, i, j) ->
                    j <= i && (retrieves(in.get("headGates"), h) || j < Setup.SINKS || i - j <= Setup.window(n)))));

    private PatternMethods() {
    }

    private static int heads(Map<String, Tensor> in) {
        return in.get("q").shape().dim(1);
    }

    private static Case globals(Tensor q, Tensor k, Tensor v, long seed) {
        int[] tokens = drawGlobals(q, seed);
        return withGlobals(Setup.masked(q, k, v, GlobalTokens.of(tokens)), tokens);
    }

    /** A window on the first half of the heads, a dilated one on the others, global tokens on all. */
    private static Case longformer(Tensor q, Tensor k, Tensor v, long seed) {
        int side = side(Setup.length(q));
        int heads = q.shape().dim(1);
        int[] tokens = drawGlobals(q, seed);
        Mask windows = Setup.perHead(q, h -> 2 * h < heads ? Mask.window(side, side) : new Stride(DILATION, side));
        return withGlobals(Setup.masked(q, k, v, windows.or(GlobalTokens.of(tokens))), tokens);
    }

    private static int[] drawGlobals(Tensor q, long seed) {
        int n = Setup.length(q);
        return new SplittableRandom(seed).ints(0, n).distinct().limit(Math.min(GLOBALS, n)).toArray();
    }

    private static Case withGlobals(Case problem, int[] tokens) {
        Tensor drawn = Tensor.zeros(DType.I32, Shape.of(tokens.length));
        for (int t = 0; t < tokens.length; t++) {
            drawn.set(t, tokens[t]);
        }
        problem.inputs().put("globalTokens", drawn);
        return problem;
    }

    private static boolean isGlobal(Map<String, Tensor> in, int token) {
        Tensor globals = in.get("globalTokens");
        for (int t = 0; t < globals.shape().elements(); t++) {
            if (globals.get(t) == token) {
                return true;
            }
        }
        return false;
    }

    /** Tokens on each side of Longformer's window. */
    private static int side(int length) {
        return Math.max(1, Setup.window(length) / 2);
    }

    /**
     * The strided form on the first half of the heads: the last l tokens, and every l-th one before. The fixed form on the others:
     * strides of l tokens, and of every earlier stride its last c tokens.
     */
    private static Case sparseTransformer(Tensor q, Tensor k, Tensor v, long seed) {
        int n = Setup.length(q);
        int heads = q.shape().dim(1);
        int l = stride(n);
        int blocksInStride = l / SUMMARY;
        Mask strided = Mask.window(l - 1, 0).or(new Stride(l, -1));
        Mask fixed = new Blocks(1, n, n, l, SUMMARY, (_, qb, kb) -> kb / blocksInStride == qb || kb % blocksInStride == blocksInStride - 1);
        return Setup.causal(q, k, v, Setup.perHead(q, h -> 2 * h < heads ? strided : fixed));
    }

    /** The stride: the multiple of c nearest to the root of the length, at least two of them. */
    private static int stride(int length) {
        return SUMMARY * Math.max(2, (int) Math.round(Math.sqrt(length) / SUMMARY));
    }

    /** Tokens at distances that are powers of two, and as many close ones as the length has bits. */
    private static Case logSparse(Tensor q, Tensor k, Tensor v, long seed) {
        Mask powers = (_, _, position, key) -> Integer.bitCount(Math.abs(position - key)) == 1;
        return Setup.causal(q, k, v, powers.or(Mask.window(bits(Setup.length(q)), 0)));
    }

    private static int bits(int length) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(length);
    }

    /** The spans, which a search over a model would find, are drawn: up to a window of tokens, and up to half of the length. */
    private static Case mixture(Tensor q, Tensor k, Tensor v, long seed) {
        int n = Setup.length(q);
        SplittableRandom random = new SplittableRandom(seed);
        Tensor alpha = perHead(q, () -> random.nextInt(1, Setup.window(n) + 1));
        Tensor beta = perHead(q, () -> random.nextInt(5) / 8.0);
        Case problem = Setup.causal(q, k, v,
                Setup.perHead(q, h -> Mask.streaming(Setup.SINKS, (int) Math.ceil(alpha.get(h) + beta.get(h) * n) - 1)));
        problem.inputs().put("alpha", alpha);
        problem.inputs().put("beta", beta);
        return problem;
    }

    /** The half of the heads with the largest gates retrieve from everywhere; gates, which would be learned, are drawn. */
    private static Case duo(Tensor q, Tensor k, Tensor v, long seed) {
        int heads = q.shape().dim(1);
        Tensor gates = perHead(q, new SplittableRandom(seed)::nextDouble);
        float[] sorted = gates.toArray();
        Arrays.sort(sorted);
        float least = sorted[heads / 2];
        Case problem = Setup.causal(q, k, v,
                Setup.perHead(q, h -> gates.get(h) >= least ? Mask.FULL : Mask.streaming(Setup.SINKS, Setup.window(Setup.length(q)))));
        problem.inputs().put("headGates", gates);
        return problem;
    }

    /** Whether fewer than half of the heads, rounded up, have larger gates. */
    private static boolean retrieves(Tensor gates, int head) {
        int larger = 0;
        for (int h = 0; h < gates.shape().elements(); h++) {
            larger += gates.get(h) > gates.get(head) ? 1 : 0;
        }
        return larger < (gates.shape().elements() + 1) / 2;
    }

    private static Tensor perHead(Tensor q, DoubleSupplier value) {
        Tensor values = Tensor.zeros(q.shape().dim(1));
        for (int h = 0; h < q.shape().dim(1); h++) {
            values.set(h, (float) value.getAsDouble());
        }
        return values;
    }
}
