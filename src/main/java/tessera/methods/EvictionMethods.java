package tessera.methods;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.Forced;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;

/** A cache that tokens leave while others are decoded after the given ones, a prompt; these are drawn. Sizes are those of {@link Setup}. */
final class EvictionMethods {

    /** Tokens that are decoded. */
    private static final int DECODED = 4;

    static final List<Method> ALL = List.of(new Method("D02", EvictionMethods::heavyHitters, in -> simulated(in).out()));

    private EvictionMethods() {
    }

    /** As many recent tokens as heavy ones are kept. */
    private static int kept(int n) {
        return 2 * Setup.window(n);
    }

    /**
     * The tokens with the largest sums of the weights that they have got so far, and the recent ones, are kept; whenever a token has
     * been decoded, the others are chosen anew. The result is that of the last token.
     */
    private static Case heavyHitters(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int n = shape.dim(2);
        int all = n + DECODED;
        List<Step> steps = new ArrayList<>();
        steps.add(new Step("prompt", Setup.attention(q).causal().columnMass().build(), there -> there));
        for (int t = 0; t < DECODED; t++) {
            int last = n + t;
            SelectSpec keep = CacheMethods.keep(q, last, Setup.window(n), Forced.Counting.FIRST).topK(kept(n)).build();
            AttentionSpec attention = AttentionSpec.of(shape.dim(0), shape.dim(1), 1, shape.dim(3)).keys(all).listed(shape.dim(1), keep.lists() + 1, 1)
                    .causal().columnMass().dtype(q.dtype()).build();
            steps.add(new Step("keep" + t, keep, there -> Map.of("mass", mass(there, n, last))));
            int now = t;
            steps.add(new Step("decode" + t, attention, there -> Map.of("q", CacheMethods.tokens(there.get("newQ"), now, now + 1),
                    "k", there.get("allK"), "v", there.get("allV"), "keyBlocks", withToken(there.get("keep" + now + ".keyBlocks"), last))));
        }
        Case problem = new Case(steps, Setup.inputs(q, k, v, Map.of("newQ", CacheMethods.decoded(q, DECODED, seed),
                "allK", CacheMethods.appended(k, CacheMethods.decoded(q, DECODED, seed + 1)),
                "allV", CacheMethods.appended(v, CacheMethods.decoded(q, DECODED, seed + 2)))));
        for (int t = 0; t < DECODED; t++) {
            int now = t;
            problem = problem.selecting("keep" + t + ".keyBlocks", in -> simulated(in).caches()[now]);
        }
        return problem;
    }

    /** [batch, heads, tokens] before token {@code last}: what each has got from the prompt and since; -1 if it is no longer kept. */
    private static Tensor mass(Map<String, Tensor> there, int n, int last) {
        Tensor prompt = there.get("prompt.columnMass");
        Tensor mass = Tensor.zeros(prompt.shape().dim(0), prompt.shape().dim(1), last);
        for (int e = 0; e < mass.shape().elements(); e++) {
            int head = e / last;
            int token = e % last;
            float sum = token < n ? prompt.get(head * n + token) : 0;
            for (int t = 0; t < last - n; t++) {
                sum += there.get("decode" + t + ".columnMass").get(head * (n + DECODED) + token);
            }
            mass.set(e, last == n || token == last - 1 || isListed(there.get("keep" + (last - n - 1) + ".keyBlocks"), head, token) ? sum : -1);
        }
        return mass;
    }

    private static boolean isListed(Tensor keyBlocks, int head, int token) {
        int lists = keyBlocks.shape().dim(3);
        return IntStream.range(head * lists, (head + 1) * lists).anyMatch(at -> keyBlocks.get(at) == token);
    }

    /** Lists [batch, 1, heads, lists] with one token more. */
    private static Tensor withToken(Tensor keyBlocks, int token) {
        Shape shape = keyBlocks.shape();
        int lists = shape.dim(3) + 1;
        return Groups.numbers(Shape.of(shape.dim(0), 1, shape.dim(2), lists),
                at -> at % lists < lists - 1 ? (int) keyBlocks.get(at / lists * (lists - 1) + at % lists) : token);
    }

    /**
     * What a simulation of a cache gives.
     *
     * @param caches tokens in the cache of each (batch, head) before each token is decoded
     * @param out result of the last token
     */
    private record Simulation(int[][][] caches, double[] out) {
    }

    /** A cache that loses its poorest token that is not a recent one as long as it is too full. */
    private static Simulation simulated(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int all = n + DECODED;
        int dim = shape.dim(3);
        double[] q = SoftmaxTwin.doubles(CacheMethods.appended(in.get("q"), in.get("newQ")));
        double[] k = SoftmaxTwin.doubles(in.get("allK"));
        double[] v = SoftmaxTwin.doubles(in.get("allV"));
        int[][][] caches = new int[DECODED][shape.dim(0) * shape.dim(1)][];
        double[] out = new double[caches[0].length * dim];
        for (int head = 0; head < caches[0].length; head++) {
            double[] mass = new double[all];
            TreeSet<Integer> cache = new TreeSet<>();
            for (int i = 0; i < all; i++) {
                while (i >= n && cache.size() > kept(n)) {
                    cache.remove(cache.headSet(i - Setup.window(n), false).descendingSet().stream()
                            .min(Comparator.comparing(token -> mass[token])).orElseThrow());
                }
                if (i >= n) {
                    caches[i - n][head] = cache.stream().mapToInt(Integer::intValue).toArray();
                }
                cache.add(i);
                int first = head * all;
                int query = first + i;
                int[] tokens = cache.stream().mapToInt(Integer::intValue).toArray();
                double[] weights = TokenSelection.softmax(IntStream.of(tokens).mapToDouble(j -> SoftmaxTwin.dot(q, query, k, first + j, dim)).toArray());
                for (int p = 0; p < tokens.length; p++) {
                    mass[tokens[p]] += weights[p];
                    for (int c = 0; c < dim && i == all - 1; c++) {
                        out[head * dim + c] += weights[p] * v[(first + tokens[p]) * dim + c];
                    }
                }
            }
        }
        return new Simulation(caches, out);
    }
}
