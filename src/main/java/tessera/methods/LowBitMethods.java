package tessera.methods;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.NumberFormat;
import tessera.NumberFormat.Floats;
import tessera.QuantSpec;
import tessera.QuantisedAttentionSpec;
import tessera.RotarySpec;
import tessera.Shape;
import tessera.Tensor;

/** Softmax attention over queries, keys and values in fewer bits; the formulas are in {@link LowBitTwin}. Sizes of blocks are those of {@link Setup}. */
final class LowBitMethods {

    /** Tokens of a channel, and channels of a token, that share a scale (arXiv:2402.02750). */
    static final int GROUP = 32;

    /** Numbers that share a scale of FP8 (arXiv:2505.11594). */
    static final int MICRO = 16;

    /** The largest value of SageAttention2++, so that sums of its products stay within float16 (arXiv:2505.21136). */
    static final float NARROW = 4.5f;

    /** Levels that lie closer around the middle of a channel's range, where most of its numbers are. */
    static final float[] LEVELS = {0, 51 / 256f, 87 / 256f, 114 / 256f, 142 / 256f, 169 / 256f, 205 / 256f, 1};

    static final List<Method> ALL = List.of(
            new Method("H04", LowBitMethods::blocks, LowBitTwin::blocks),
            new Method("H06", (q, k, v, _) -> smoothed(q, k, v, int8(), Floats.FP8), in -> LowBitTwin.smoothed(in, LowBitTwin.FP8_MOST)),
            new Method("H07", (q, k, v, _) -> smoothed(q, k, v, int8(), Floats.FP8.upTo(NARROW)), in -> LowBitTwin.smoothed(in, NARROW)),
            new Method("H08", (q, k, v, _) -> smoothed(q, k, v, Floats.FP4, Floats.FP4), LowBitTwin::microscaled),
            new Method("H12", LowBitMethods::cached, LowBitTwin::cached),
            new Method("H13", LowBitMethods::codebook, LowBitTwin::codebook));

    private LowBitMethods() {
    }

    private static NumberFormat int8() {
        return new NumberFormat.Integers(8, true);
    }

    private static QuantSpec quant(Tensor x, NumberFormat format) {
        Shape shape = x.shape();
        return QuantSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), format).withDType(x.dtype());
    }

    private static Step step(String name, QuantSpec spec, String x) {
        return new Step(name, spec, there -> Map.of("x", there.get(x)));
    }

    /** Queries, keys and values are FP8, a scale for each block. */
    private static Case blocks(Tensor q, Tensor k, Tensor v, long seed) {
        List<Step> steps = new ArrayList<>();
        for (Map.Entry<String, Tensor> x : List.of(Map.entry("q", q), Map.entry("k", k), Map.entry("v", v))) {
            int dim = x.getValue().shape().dim(3);
            steps.add(step(x.getKey() + "8", quant(x.getValue(), Floats.FP8).groups(Setup.block(Setup.length(q)), dim), x.getKey()));
        }
        steps.add(new Step("attention", Setup.attention(q).causal().build(), there -> Step.renamed(there, Map.of("q", "q8.out", "k", "k8.out", "v", "v8.out"))));
        return new Case(steps, Setup.inputs(q, k, v));
    }

    /**
     * Keys less their mean, queries less the mean of their block, both rounded. What the mean of the queries would have given with keys that
     * are not rounded is one more product: rounded queries and that mean stand side by side, as do rounded keys and those that are not.
     */
    private static Case smoothed(Tensor q, Tensor k, Tensor v, NumberFormat factors, NumberFormat values) {
        Shape shape = q.shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        int block = Setup.block(n);
        boolean micro = factors == Floats.FP4;
        AttentionSpec attention = AttentionSpec.of(shape.dim(0), shape.dim(1), n, 2 * dim).valueDim(dim).scale((float) (1 / Math.sqrt(dim))).causal()
                .dtype(q.dtype()).build();
        return new Case(List.of(
                step("q8", quant(q, factors).round().groups(micro ? 1 : block, micro ? MICRO : dim).smooth(block), "q"),
                step("k8", quant(k, factors).round().groups(micro ? 1 : block, micro ? MICRO : dim).smooth(n), "k"),
                step("v8", quant(v, values).groups(micro ? MICRO : n, 1), "v"),
                new Step("attention", attention, there -> Map.of(
                        "q", beside(there.get("q8.out"), (at, c) -> there.get("q8.mean").get(run(at, n, block) * dim + c)),
                        "k", beside(there.get("k8.out"), (at, c) -> there.get("k").get(at * dim + c) - there.get("k8.mean").get(at / n * dim + c)),
                        "v", there.get("v8.out")))), Setup.inputs(q, k, v));
    }

    /** The run of a token (batch, head, token). */
    private static int run(int token, int n, int tokens) {
        return token / n * Math.ceilDiv(n, tokens) + token % n / tokens;
    }

    private interface Element {
        float at(int token, int channel);
    }

    /** Twice as many channels: those of x, then others. */
    private static Tensor beside(Tensor x, Element others) {
        int dim = x.shape().dim(3);
        Tensor both = Tensor.zeros(x.shape().dim(0), x.shape().dim(1), x.shape().dim(2), 2 * dim);
        for (int e = 0; e < both.shape().elements(); e++) {
            int token = e / (2 * dim);
            int c = e % (2 * dim);
            both.set(e, c < dim ? x.get(token * dim + c) : others.at(token, c - dim));
        }
        return both;
    }

    /** Tokens that are quantised: whole groups, so that at least a window of the last ones is not. */
    static int packed(int n) {
        return (n - Setup.window(n)) / GROUP * GROUP;
    }

    /** Keys by channel and values by token, in two bits; the last tokens are whole. */
    private static Case cached(Tensor q, Tensor k, Tensor v, long seed) {
        int n = Setup.length(q);
        int packed = packed(n);
        if (packed == 0) {
            return new Case(Setup.attention(q).causal().build(), Setup.inputs(q, k, v));
        }
        NumberFormat twoBits = new NumberFormat.Integers(2, false);
        Tensor firstK = CacheMethods.tokens(k, 0, packed);
        Tensor firstV = CacheMethods.tokens(v, 0, packed);
        QuantSpec keys = quant(firstK, twoBits).groups(GROUP, 1);
        QuantSpec values = quant(firstV, twoBits).groups(1, GROUP);
        Map<String, String> names = Map.of("kCodes", "keys.codes", "kScales", "keys.scales", "vCodes", "values.codes", "vScales", "values.scales",
                "k", "lastK", "v", "lastV");
        return new Case(List.of(step("keys", keys, "firstK"), step("values", values, "firstV"),
                new Step("attention", new QuantisedAttentionSpec(Setup.attention(q).causal().build(), keys, values), there -> Step.renamed(there, names))),
                Setup.inputs(q, k, v, Map.of("firstK", firstK, "firstV", firstV, "lastK", CacheMethods.tokens(k, packed, n), "lastV",
                        CacheMethods.tokens(v, packed, n))));
    }

    /**
     * Keys by channel, before they turn, and values by token, in three bits of a given codebook; the largest number of each token is kept
     * apart. Keys are restored before they turn.
     */
    private static Case codebook(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        NumberFormat book = new NumberFormat.Codebook(3);
        QuantSpec keys = quant(k, book).groups(n, 1);
        QuantSpec values = quant(v, book).groups(1, dim);
        RotarySpec turn = new RotarySpec(shape.dim(0), shape.dim(1), n, dim, dim - dim % 2, 0, false, q.dtype());
        Tensor channelsK = largest(k);
        Tensor channelsV = largest(v);
        Map<String, Tensor> inputs = Setup.inputs(q, k, v, Map.of("codebook", Tensor.of(Shape.of(LEVELS.length), LEVELS).to(q.dtype()),
                "kChannels", channelsK, "vChannels", channelsV, "kOutliers", picked(k, channelsK), "vOutliers", picked(v, channelsV),
                "kRest", without(k, channelsK), "vRest", without(v, channelsV), "cos", angles(shape, true), "sin", angles(shape, false)));
        return new Case(List.of(
                new Step("kPacked", keys, there -> Step.renamed(there, Map.of("x", "kRest"))),
                new Step("vPacked", values, there -> Step.renamed(there, Map.of("x", "vRest"))),
                new Step("kBack", keys.withOutliers(1), there -> restored(there, "k")),
                new Step("vBack", values.withOutliers(1), there -> restored(there, "v")),
                new Step("kTurned", turn, there -> Step.renamed(there, Map.of("x", "kBack.out"))),
                new Step("qTurned", turn, there -> Step.renamed(there, Map.of("x", "q"))),
                new Step("attention", Setup.attention(q).causal().build(),
                        there -> Step.renamed(there, Map.of("q", "qTurned.out", "k", "kTurned.out", "v", "vBack.out")))), inputs);
    }

    private static Map<String, Tensor> restored(Map<String, Tensor> there, String x) {
        return Step.renamed(there, Map.of("codes", x + "Packed.codes", "scales", x + "Packed.scales", "outlierChannels", x + "Channels", "outliers", x + "Outliers"));
    }

    /** The channel with the largest magnitude of each token. */
    private static Tensor largest(Tensor x) {
        int dim = x.shape().dim(3);
        Shape one = Shape.of(x.shape().dim(0), x.shape().dim(1), x.shape().dim(2), 1);
        return Groups.numbers(one, token -> {
            int best = 0;
            for (int c = 1; c < dim; c++) {
                best = Math.abs(x.get(token * dim + c)) > Math.abs(x.get(token * dim + best)) ? c : best;
            }
            return best;
        });
    }

    private static Tensor picked(Tensor x, Tensor channels) {
        Tensor picked = Tensor.zeros(x.dtype(), channels.shape());
        for (int token = 0; token < channels.shape().elements(); token++) {
            picked.set(token, x.get(token * x.shape().dim(3) + (int) channels.get(token)));
        }
        return picked;
    }

    private static Tensor without(Tensor x, Tensor channels) {
        Tensor rest = Tensor.zeros(x.dtype(), x.shape());
        x.copyTo(rest);
        for (int token = 0; token < channels.shape().elements(); token++) {
            rest.set(token * x.shape().dim(3) + (int) channels.get(token), 0);
        }
        return rest;
    }

    /** Cosines or sines of {@code n / 10000^(2p / dim)} for each token and pair of channels (arXiv:2104.09864). */
    private static Tensor angles(Shape shape, boolean cosine) {
        int pairs = shape.dim(3) / 2;
        Tensor angles = Tensor.zeros(DType.F32, Shape.of(shape.dim(0), shape.dim(2), pairs));
        for (int e = 0; e < angles.shape().elements(); e++) {
            double angle = e / pairs % shape.dim(2) * Math.pow(10000, -2.0 * (e % pairs) / shape.dim(3));
            angles.set(e, (float) (cosine ? Math.cos(angle) : Math.sin(angle)));
        }
        return angles;
    }
}
