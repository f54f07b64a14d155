package tessera.methods;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Epilogue;
import tessera.EpilogueSpec;
import tessera.PermuteSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Mask;

/** Bidirectional softmax attention that saves work across the steps of a diffusion, or by a pattern that suits each head. */
final class DiffusionMethods {

    /** How far an earlier step's tokens are from the later one's. */
    private static final float CHANGE = 0.1f;

    /** Of so many queries one is sampled. */
    private static final int SAMPLED = 100;

    static final List<Method> ALL = List.of(
            new Method("P12", DiffusionMethods::residual, DiffusionMethods::residualTwin),
            new Method("P16", DiffusionMethods::chosen, DiffusionMethods::chosenTwin));

    private DiffusionMethods() {
    }

    /**
     * Two steps. The first one's tokens are the second one's with noise; it computes all pairs, and what they add to a window. The
     * second one computes its window only, and adds that.
     */
    private static Case residual(Tensor q, Tensor k, Tensor v, long seed) {
        Map<String, Tensor> inputs = Setup.inputs(q, k, v, Map.of("earlierQ", earlier(q, seed), "earlierK", earlier(k, seed + 1),
                "earlierV", earlier(v, seed + 2)));
        Map<String, String> earlier = Map.of("q", "earlierQ", "k", "earlierK", "v", "earlierV");
        int side = Setup.window(Setup.length(q));
        AttentionSpec window = Setup.attention(q).mask(Mask.window(side, side)).build();
        Shape shape = q.shape();
        EpilogueSpec minus = Setup.epilogue(shape, new Epilogue.Add(-1), DType.F32);
        EpilogueSpec plus = Setup.epilogue(shape, new Epilogue.Add(1), DType.F32);
        return new Case(List.of(
                new Step("full", Setup.attention(q).build(), there -> Step.renamed(there, earlier)),
                new Step("earlierWindow", window, there -> Step.renamed(there, earlier)),
                new Step("residual", minus, there -> Map.of("x", there.get("full.out"), "y", there.get("earlierWindow.out"))),
                new Step("window", window, there -> there),
                new Step("sum", plus, there -> Map.of("x", there.get("window.out"), "y", there.get("residual.out")))), inputs);
    }

    private static Tensor earlier(Tensor x, long seed) {
        return Setup.map(x, Tensor.random(x.shape(), seed), (later, noise) -> later + CHANGE * noise).to(x.dtype());
    }

    private static double[] residualTwin(Map<String, Tensor> in) {
        int side = Setup.window(Setup.length(in.get("q")));
        SoftmaxTwin.Allowed near = (_, i, j) -> Math.abs(i - j) <= side;
        double[] full = SoftmaxTwin.of(in.get("earlierQ"), in.get("earlierK"), in.get("earlierV"), (_, _, _) -> true);
        double[] window = SoftmaxTwin.of(in.get("earlierQ"), in.get("earlierK"), in.get("earlierV"), near);
        double[] later = SoftmaxTwin.of(in.get("q"), in.get("k"), in.get("v"), near);
        return IntStream.range(0, later.length).mapToDouble(e -> later[e] + full[e] - window[e]).toArray();
    }

    /** Rows are sampled, with all pairs and with either pattern; each head of each batch takes the pattern with the smaller error. */
    private static Case chosen(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        FrameOrders video = new FrameOrders(n);
        int[] sampled = new SplittableRandom(seed).ints(0, n).distinct().limit(Math.ceilDiv(n, SAMPLED)).toArray();
        Tensor rows = Groups.numbers(Shape.of(1, 1, sampled.length), i -> sampled[i]);
        AttentionSpec sample = AttentionSpec.of(batch, heads, sampled.length, dim).keys(n).dtype(q.dtype()).build();
        PermuteSpec gather = PermuteSpec.gather(batch, heads, n, dim, video.padded()).withDType(q.dtype());
        AttentionSpec attention = AttentionSpec.of(batch, heads, video.padded(), dim).maskTensor(batch, heads, 1, video.padded())
                .listed(heads, video.lists(), video.block()).build();
        List<Step> steps = new ArrayList<>();
        steps.add(new Step("sample", PermuteSpec.gather(batch, heads, n, dim, sampled.length).withIndex(1, 1).withDType(q.dtype()),
                there -> Map.of("x", there.get("q"), "index", there.get("sampledRows"))));
        steps.add(sampledStep("full", sample));
        steps.add(sampledStep("spatial", sample.toBuilder().mask((_, i, _, j) -> video.seesSpatially(sampled[i], j)).build()));
        steps.add(sampledStep("temporal", sample.toBuilder().mask((_, i, _, j) -> video.seesTemporally(sampled[i], j)).build()));
        for (String name : List.of("q", "k", "v")) {
            steps.add(new Step(name + "Sorted", gather, there -> Map.of("x", there.get(name), "index", order(there, video))));
        }
        steps.add(new Step("attention", attention, there -> sortedInputs(there, video)));
        steps.add(new Step("back", PermuteSpec.scatter(batch, heads, video.padded(), dim, n), there ->
                Map.of("x", there.get("attention.out"), "index", order(there, video))));
        return new Case(steps, Setup.inputs(q, k, v, Map.of("sampledRows", rows)));
    }

    private static Step sampledStep(String name, AttentionSpec spec) {
        return new Step(name, spec, there -> Map.of("q", there.get("sample.out"), "k", there.get("k"), "v", there.get("v")));
    }

    /** Which heads of all batches are temporal. */
    private static boolean[] temporal(Map<String, Tensor> there) {
        Tensor full = there.get("full.out");
        int size = full.shape().dim(2) * full.shape().dim(3);
        boolean[] temporal = new boolean[full.shape().elements() / size];
        for (int head = 0; head < temporal.length; head++) {
            temporal[head] = error(there.get("temporal.out"), full, head * size, size) < error(there.get("spatial.out"), full, head * size, size);
        }
        return temporal;
    }

    private static double error(Tensor some, Tensor all, int from, int size) {
        return IntStream.range(from, from + size).mapToDouble(e -> Math.pow(some.get(e) - all.get(e), 2)).sum();
    }

    private static Tensor order(Map<String, Tensor> there, FrameOrders video) {
        boolean[] temporal = temporal(there);
        Shape full = there.get("full.out").shape();
        return Groups.numbers(Shape.of(full.dim(0), full.dim(1), video.padded()), i -> video.token(temporal[i / video.padded()], i % video.padded()));
    }

    private static Map<String, Tensor> sortedInputs(Map<String, Tensor> there, FrameOrders video) {
        boolean[] temporal = temporal(there);
        Shape full = there.get("full.out").shape();
        int heads = full.dim(1);
        int lists = video.lists();
        Tensor order = order(there, video);
        Tensor real = Tensor.zeros(DType.I8, Shape.of(full.dim(0), heads, 1, video.padded()));
        for (int i = 0; i < real.shape().elements(); i++) {
            real.set(i, order.get(i) >= 0 ? 1 : 0);
        }
        Map<String, Tensor> inputs = new LinkedHashMap<>(Map.of("q", there.get("qSorted.out"), "k", there.get("kSorted.out"),
                "v", there.get("vSorted.out"), "mask", real));
        inputs.put("keyBlocks", Groups.numbers(Shape.of(full.dim(0), video.padded(), heads, lists), i -> {
            int at = i / lists / heads;
            return video.keyBlock(temporal[at / video.padded() * heads + i / lists % heads], at % video.padded(), i % lists);
        }));
        return inputs;
    }

    private static double[] chosenTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int size = shape.dim(2) * shape.dim(3);
        int frame = Setup.block(shape.dim(2));
        double[] full = SoftmaxTwin.of(in, (_, _, _, _) -> true);
        double[] spatial = SoftmaxTwin.of(in, (_, _, i, j) -> Math.abs(i / frame - j / frame) <= FrameOrders.FRAMES || j < frame);
        double[] temporal = SoftmaxTwin.of(in, (_, _, i, j) -> Math.abs(i % frame - j % frame) <= frame / 8);
        int[] rows = IntStream.range(0, in.get("sampledRows").shape().elements()).map(r -> (int) in.get("sampledRows").get(r)).toArray();
        double[] out = new double[full.length];
        for (int head = 0; head < full.length / size; head++) {
            double sum = 0;
            for (int row : rows) {
                for (int e = head * size + row * shape.dim(3); e < head * size + (row + 1) * shape.dim(3); e++) {
                    sum += Math.pow(spatial[e] - full[e], 2) - Math.pow(temporal[e] - full[e], 2);
                }
            }
            System.arraycopy(sum > 0 ? temporal : spatial, head * size, out, head * size, size);
        }
        return out;
    }
}
