package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.ProjectionSpec;
import tessera.RotarySpec;
import tessera.Shape;
import tessera.Tensor;

/**
 * Multi-head latent attention (arXiv:2405.04434). A token's hidden state x is its keys, head by head; a query has channels without
 * positions and then channels that turn, two to one, and the latent four times as many as the former, as in DeepSeek-V2. The cache
 * {@code [batch, 1, length, rank + turning]} holds {@code [c, kR]} of each token, {@code c = x W_DKV}, {@code kR = RoPE(x W_KR)}.
 */
final class LatentMethods {

    static final List<Method> ALL = List.of(new Method("K03", LatentMethods::absorbed, LatentTwin::of));

    private LatentMethods() {
    }

    /** Sizes that follow from those of a query: channels that turn by positions, channels without, and the rank of the latent. */
    record Sizes(int turning, int still, int rank) {

        /** @throws IllegalArgumentException if a head has no room for both kinds of channels */
        static Sizes of(int headDim) {
            if (headDim < 3) {
                throw new IllegalArgumentException("headDim must be at least 3, two channels of it for positions, got " + headDim);
            }
            int turning = 2 * Math.max(1, headDim / 6);
            return new Sizes(turning, headDim - turning, 4 * (headDim - turning));
        }

        int cached() {
            return rank + turning;
        }
    }

    /**
     * Keys are never made: {@code qA_h = [qN_h W_UK,h^T, qR_h]} attends over the cache, one key/value head for all, whose first channels
     * are the values, and {@code o_h = (P c) W_UV,h}.
     */
    static Case absorbed(Tensor q, Tensor k, Tensor v, long seed) {
        Map<String, Tensor> inputs = inputs(q, k, v, seed);
        Shape s = q.shape();
        Sizes sizes = Sizes.of(s.dim(3));
        AttentionSpec attention = AttentionSpec.of(s.dim(0), s.dim(1), s.dim(2), sizes.cached()).kvHeads(1).valuesFromKeys(sizes.rank)
                .scale(scale(q)).causal().dtype(q.dtype()).build();
        Tensor absorb = keyWeight(inputs.get("upK"), sizes, true);
        return new Case(List.of(latent(inputs), cache(q, sizes),
                new Step("absorbed", projection(s, s.dim(1), s.dim(3), sizes.cached()).withDType(q.dtype()), there -> Map.of("x", there.get("q"), "weight", absorb)),
                turned("queries", s, s.dim(1), sizes.rank, sizes.turning, "absorbed.out"),
                new Step("attention", attention, there -> Map.of("q", there.get("queries.out"), "k", there.get("cache.out"))),
                new Step("values", projection(s, s.dim(1), sizes.rank, s.dim(3)), there -> Map.of("x", there.get("attention.out"), "weight", there.get("upV")))),
                inputs).caching("cache.out");
    }

    /** Keys {@code K_h = [c W_UK,h, kR]} and values {@code V_h = c W_UV,h} of every head, made from the cache, and attention over them. */
    static Case expanded(Tensor q, Tensor k, Tensor v, long seed) {
        Map<String, Tensor> inputs = inputs(q, k, v, seed);
        Shape s = q.shape();
        int heads = s.dim(1);
        Sizes sizes = Sizes.of(s.dim(3));
        Tensor up = keyWeight(inputs.get("upK"), sizes, false);
        Tensor down = valueWeight(inputs.get("upV"), sizes);
        return new Case(List.of(latent(inputs), cache(q, sizes),
                turned("queries", s, heads, sizes.still, sizes.turning, "q"),
                new Step("keys", projection(s, 1, sizes.cached(), s.dim(3)).withWeightHeads(heads), there -> Map.of("x", there.get("cache.out"), "weight", up)),
                new Step("values", projection(s, 1, sizes.cached(), s.dim(3)).withWeightHeads(heads), there -> Map.of("x", there.get("cache.out"), "weight", down)),
                new Step("attention", Setup.attention(q).scale(scale(q)).causal().build(),
                        there -> Map.of("q", there.get("queries.out"), "k", there.get("keys.out"), "v", there.get("values.out")))),
                inputs).caching("cache.out");
    }

    private static float scale(Tensor q) {
        return (float) (1 / Math.sqrt(q.shape().dim(3)));
    }

    private static Map<String, Tensor> inputs(Tensor q, Tensor k, Tensor v, long seed) {
        Shape s = q.shape();
        Sizes sizes = Sizes.of(s.dim(3));
        return Setup.inputs(q, k, v, Map.of("x", sideBySide(k), "down", weight(Shape.of(1, s.dim(1) * s.dim(3), sizes.cached()), seed),
                "upK", weight(Shape.of(s.dim(1), sizes.rank, sizes.still), seed + 1), "upV", weight(Shape.of(s.dim(1), sizes.rank, s.dim(3)), seed + 2)));
    }

    /** [batch, 1, length, heads * dim] of [batch, heads, length, dim]: the hidden state of a token is what its heads hold. */
    static Tensor sideBySide(Tensor x) {
        Shape s = x.shape();
        Tensor y = Tensor.zeros(x.dtype(), Shape.of(s.dim(0), 1, s.dim(2), s.dim(1) * s.dim(3)));
        int row = s.dim(1) * s.dim(3);
        for (int e = 0; e < s.elements(); e++) {
            int token = e / s.dim(3) % s.dim(2);
            int head = e / s.dim(3) / s.dim(2);
            y.set((head / s.dim(1) * s.dim(2) + token) * row + head % s.dim(1) * s.dim(3) + e % s.dim(3), x.get(e));
        }
        return y;
    }

    /** Normal numbers over the root of how many are summed, so that what they project keeps its size. */
    static Tensor weight(Shape shape, long seed) {
        return Setup.map(Tensor.random(shape, seed), x -> x / Math.sqrt(shape.dim(1)));
    }

    private static Step latent(Map<String, Tensor> inputs) {
        Shape x = inputs.get("x").shape();
        ProjectionSpec spec = projection(x, 1, x.dim(3), inputs.get("down").shape().dim(2)).withDType(inputs.get("x").dtype());
        return new Step("latent", spec, there -> Map.of("x", there.get("x"), "weight", there.get("down")));
    }

    /** Of tokens with so many heads, each by a weight of its own. */
    static ProjectionSpec projection(Shape tokens, int heads, int from, int to) {
        return ProjectionSpec.channels(tokens.dim(0), heads, tokens.dim(2), from, to).withWeightHeads(heads);
    }

    private static Step cache(Tensor q, Sizes sizes) {
        return turned("cache", q.shape(), 1, sizes.rank, sizes.turning, "latent.out");
    }

    /** The last {@code turning} channels turn, neighbours by neighbours; {@code still} ones before them have angles of 0. */
    private static Step turned(String name, Shape tokens, int heads, int still, int turning, String of) {
        int dim = still + turning;
        if (still % 2 != 0) {
            throw new IllegalArgumentException("headDim must be even where keys are made, so that channels turn in pairs, got " + dim);
        }
        RotarySpec spec = new RotarySpec(tokens.dim(0), heads, tokens.dim(2), dim, dim, 0, true, DType.F32);
        Tensor cos = angles(tokens, still, turning, Math::cos);
        Tensor sin = angles(tokens, still, turning, Math::sin);
        return new Step(name, spec, there -> Map.of("x", there.get(of), "cos", cos, "sin", sin));
    }

    private static Tensor angles(Shape tokens, int still, int turning, DoubleUnaryOperator function) {
        int pairs = (still + turning) / 2;
        Tensor angles = Tensor.zeros(tokens.dim(0), tokens.dim(2), pairs);
        for (int e = 0; e < angles.shape().elements(); e++) {
            int pair = e % pairs - still / 2;
            double angle = pair < 0 ? 0 : e / pairs % tokens.dim(2) * Math.pow(10000, -2.0 * pair / turning);
            angles.set(e, (float) function.applyAsDouble(angle));
        }
        return angles;
    }

    /** W_UK of each head beside the identity for the channels that turn: [heads, cached, headDim], or transposed. */
    private static Tensor keyWeight(Tensor up, Sizes sizes, boolean transposed) {
        int headDim = sizes.still + sizes.turning;
        Tensor weight = transposed ? Tensor.zeros(up.shape().dim(0), headDim, sizes.cached()) : Tensor.zeros(up.shape().dim(0), sizes.cached(), headDim);
        for (int e = 0; e < weight.shape().elements(); e++) {
            int row = e / weight.shape().dim(2) % weight.shape().dim(1);
            int column = e % weight.shape().dim(2);
            int cached = transposed ? column : row;
            int channel = transposed ? row : column;
            boolean latent = cached < sizes.rank && channel < sizes.still;
            float same = cached - sizes.rank == channel - sizes.still ? 1 : 0;
            weight.set(e, latent ? up.get((e / (headDim * sizes.cached()) * sizes.rank + cached) * sizes.still + channel) : channel < sizes.still ? 0 : same);
        }
        return weight;
    }

    /** W_UV of each head, and nothing of the channels that turn: [heads, cached, headDim]. */
    private static Tensor valueWeight(Tensor up, Sizes sizes) {
        int dim = up.shape().dim(2);
        Tensor weight = Tensor.zeros(up.shape().dim(0), sizes.cached(), dim);
        for (int e = 0; e < weight.shape().elements(); e++) {
            int cached = e / dim % sizes.cached();
            weight.set(e, cached < sizes.rank ? up.get((e / dim / sizes.cached() * sizes.rank + cached) * dim + e % dim) : 0);
        }
        return weight;
    }
}
