package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.commons.math3.special.Beta;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Estimator;
import tessera.Forced;
import tessera.SelectSpec;
import tessera.SelectionRule;
import tessera.Shape;
import tessera.Tensor;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Causal attention over the tokens whose codes are like a query's: signs of products with drawn vectors, which are the same for
 * queries and keys. Codes are made with the case. Sizes are those of {@link Setup}.
 */
final class CodeMethods {

    /** Bits of HashAttention's code. */
    private static final int BITS = 32;

    /** Tables of MagicPIG, and bits of a code in each. */
    private static final int TABLES = 75;
    private static final int TABLE_BITS = 8;

    static final List<Method> ALL = List.of(
            new Method("D16", CodeMethods::sampled, CodeMethods::sampledTwin),
            new Method("D18", CodeMethods::hashed, in -> TokenSelection.attend(in, hashedTokens(in))));

    private CodeMethods() {
    }

    /** [batch, heads, length, words] of type I32: bit b of word w is set where the product with vector {@code w * bits + b} is positive. */
    static Tensor codes(Tensor x, Tensor vectors, int words, int bits) {
        int dim = x.shape().dim(3);
        int tokens = x.shape().elements() / dim;
        Tensor codes = Tensor.zeros(DType.I32, Shape.of(x.shape().dim(0), x.shape().dim(1), x.shape().dim(2), words));
        double[] values = SoftmaxTwin.doubles(x);
        double[] directions = SoftmaxTwin.doubles(vectors);
        IntStream.range(0, tokens).parallel().forEach(token -> {
            for (int w = 0; w < words; w++) {
                int code = 0;
                for (int b = 0; b < bits; b++) {
                    code |= SoftmaxTwin.dot(values, token, directions, w * bits + b, dim) > 0 ? 1 << b : 0;
                }
                ((IntArray) codes.data()).set(token * words + w, code);
            }
        });
        return codes;
    }

    /** Those with the fewest different bits. A trained model would have learned the vectors, which are the same for all heads here. */
    private static Case hashed(Tensor q, Tensor k, Tensor v, long seed) {
        SelectSpec select = TokenSelection.of(q).estimator(new Estimator.Hamming(1)).topK(TokenSelection.count(Setup.length(q))).build();
        Tensor vectors = Tensor.random(Shape.of(BITS, q.shape().dim(3)), seed);
        return new Case(List.of(new Step("select", select, CodeMethods::byCodes), TokenSelection.attend(q, select)),
                Setup.inputs(q, k, v, Map.of("vectors", vectors, "qCodes", codes(q, vectors, 1, BITS), "kCodes", codes(k, vectors, 1, BITS))))
                .selecting("select.keyBlocks", in -> TokenSelection.byQuery(in, hashedTokens(in)));
    }

    private static Map<String, Tensor> byCodes(Map<String, Tensor> there) {
        return Map.of("q", there.get("qCodes"), "k", there.get("kCodes"));
    }

    static int[][] hashedTokens(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        boolean[][] q = signs(in.get("q"), in.get("vectors"));
        boolean[][] k = signs(in.get("k"), in.get("vectors"));
        return TokenSelection.top(q.length, n, TokenSelection.count(n),
                (row, j) -> IntStream.range(0, BITS).filter(b -> q[row][b] == k[row / n * n + j][b]).count());
    }

    /** Of each token, whether its products with the vectors are positive. */
    private static boolean[][] signs(Tensor x, Tensor vectors) {
        int dim = x.shape().dim(3);
        int count = vectors.shape().dim(0);
        boolean[][] signs = new boolean[x.shape().elements() / dim][count];
        for (int i = 0; i < signs.length * count; i++) {
            double product = 0;
            for (int c = 0; c < dim; c++) {
                product += (double) x.get(i / count * dim + c) * vectors.get(i % count * dim + c);
            }
            signs[i / count][i % count] = product > 0;
        }
        return signs;
    }

    /** Tokens that a query may sample: a quarter. */
    private static int most(int n) {
        return Math.max(1, n / 4);
    }

    private static boolean isSampled(int n, int i, int j) {
        return j >= Setup.SINKS && j <= i - TokenSelection.count(n);
    }

    /**
     * Those that have a query's code in two tables or more, weighed by how seldom tokens with their angle do, and exactly the first
     * tokens and a window.
     */
    private static Case sampled(Tensor q, Tensor k, Tensor v, long seed) {
        int n = Setup.length(q);
        SelectSpec select = TokenSelection.of(q).estimator(new Estimator.Collisions(TABLES)).rule(new SelectionRule.Threshold(2)).budget(0, most(n))
                .forced(new Forced(Setup.SINKS, false, TokenSelection.count(n), false, false, false, Forced.Counting.EXCLUDED)).build();
        AttentionSpec attention = Setup.attention(q).listed(select.listHeads(), select.lists(), 1).causal()
                .bias(q.shape().dim(0), q.shape().dim(1), n, n).build();
        Tensor vectors = Tensor.random(Shape.of(TABLES * TABLE_BITS, q.shape().dim(3)), seed);
        return new Case(List.of(new Step("select", select, CodeMethods::byCodes), new Step("attend", attention, there -> Map.of(
                "q", there.get("q"), "k", there.get("k"), "v", there.get("v"), "keyBlocks", there.get("select.keyBlocks"),
                "bias", biases(there.get("q"), there.get("k"), there.get("select.keyBlocks"))))),
                Setup.inputs(q, k, v, Map.of("vectors", vectors, "qCodes", codes(q, vectors, TABLES, TABLE_BITS),
                        "kCodes", codes(k, vectors, TABLES, TABLE_BITS)))).selecting("select.keyBlocks", in -> TokenSelection.byQuery(in, sampledTokens(in)));
    }

    /** [batch, heads, length, length]: {@code -log u} of sampled pairs, 0 elsewhere. */
    private static Tensor biases(Tensor q, Tensor k, Tensor keyBlocks) {
        int n = Setup.length(q);
        int heads = q.shape().dim(1);
        int lists = keyBlocks.shape().dim(3);
        Tensor queries = Setup.unit(q);
        Tensor keys = Setup.unit(k);
        int dim = q.shape().dim(3);
        Tensor biases = Tensor.zeros(q.shape().dim(0), heads, n, n);
        for (int at = 0; at < keyBlocks.shape().elements(); at++) {
            int token = (int) keyBlocks.get(at);
            int i = at / lists / heads % n;
            int head = at / lists / heads / n * heads + at / lists % heads;
            if (token >= 0 && isSampled(n, i, token)) {
                double cosine = 0;
                for (int c = 0; c < dim; c++) {
                    cosine += (double) queries.get((head * n + i) * dim + c) * keys.get((head * n + token) * dim + c);
                }
                biases.set((head * n + i) * n + token, (float) -Math.log(chance(cosine)));
            }
        }
        return biases;
    }

    /** That vectors at an angle have the same code in at least two tables, each binomially. */
    static double chance(double cosine) {
        double sameBit = 1 - Math.acos(Math.clamp(cosine, -1, 1)) / Math.PI;
        return Beta.regularizedBeta(Math.pow(sameBit, TABLE_BITS), 2, TABLES - 1);
    }

    static int[][] sampledTokens(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        boolean[][] q = signs(in.get("q"), in.get("vectors"));
        boolean[][] k = signs(in.get("k"), in.get("vectors"));
        int[][] sampled = TokenSelection.top(q.length, n, most(n), (row, j) -> {
            long same = IntStream.range(0, TABLES).filter(t -> IntStream.range(t * TABLE_BITS, (t + 1) * TABLE_BITS)
                    .allMatch(b -> q[row][b] == k[row / n * n + j][b])).count();
            return isSampled(n, row % n, j) && same >= 2 ? same : Double.NEGATIVE_INFINITY;
        });
        return IntStream.range(0, q.length).mapToObj(row -> {
            int end = row % n + 1;
            int[] exact = TokenSelection.with(sampled[row], 0, Math.min(Setup.SINKS, end));
            return TokenSelection.with(exact, Math.max(0, end - TokenSelection.count(n)), end);
        }).toArray(int[][]::new);
    }

    /** {@code softmax(q·k / sqrt(dim) - log u) v} with {@code u = 1 - (1 - p^K)^L - L p^K (1 - p^K)^(L-1)}, {@code p = 1 - angle / pi}. */
    private static double[] sampledTwin(Map<String, Tensor> in) {
        int n = Setup.length(in.get("q"));
        int dim = in.get("q").shape().dim(3);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        return TokenSelection.attend(SoftmaxTwin.doubles(in.get("v")), in.get("v").shape(), sampledTokens(in), (row, j) -> {
            int key = row / n * n + j;
            double score = SoftmaxTwin.dot(q, row, k, key, dim);
            double lengths = Math.sqrt(SoftmaxTwin.dot(q, row, q, row, dim) * SoftmaxTwin.dot(k, key, k, key, dim));
            double sameCode = Math.pow(1 - Math.acos(Math.clamp(score / lengths, -1, 1)) / Math.PI, TABLE_BITS);
            double once = TABLES * sameCode * Math.pow(1 - sameCode, TABLES - 1);
            return isSampled(n, row % n, j) ? score - Math.log(1 - Math.pow(1 - sameCode, TABLES) - once) : score;
        });
    }
}
