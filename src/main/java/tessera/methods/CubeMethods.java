package tessera.methods;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.Epilogue;
import tessera.Estimator;
import tessera.PermuteSpec;
import tessera.PoolSpec;
import tessera.SelectSpec;
import tessera.Shape;
import tessera.Tensor;

/** Bidirectional softmax attention of videos, over chosen cubes of tokens. Sizes are those of {@link Setup}. */
final class CubeMethods {

    /** Share of a head's scores that chosen pairs of a query and a cube have at least, as in VMoBA. */
    static final double SHARE = 0.25;

    /** One of so many cubes is chosen, as in VSA. */
    static final int ONE_OF = 8;

    static final List<Method> ALL = List.of(
            new Method("D13", CubeMethods::mixed, in -> CubeTwin.mixed(in, CubeTwin.mixedChoice(in))),
            new Method("D20", CubeMethods::coarseAndFine, in -> CubeTwin.coarseAndFine(in, CubeTwin.fineChoice(in))));

    private CubeMethods() {
    }

    /** Heads take turns to see tokens in lines, planes and cubes. */
    static Cubes turns(Shape shape) {
        return Cubes.of(shape.dim(2), IntStream.range(0, shape.dim(0) * shape.dim(1)).mapToObj(head -> Cubes.Form.values()[head % shape.dim(1) % 3])
                .toArray(Cubes.Form[]::new));
    }

    static Cubes cubes(Shape shape) {
        return Cubes.of(shape.dim(2), IntStream.range(0, shape.dim(0) * shape.dim(1)).mapToObj(_ -> Cubes.Form.CUBE).toArray(Cubes.Form[]::new));
    }

    /** Orders of the tokens: sorted by cube; with cubes filled up, and which of those tokens are there. */
    private static Map<String, Tensor> orders(Shape shape, Cubes cubes) {
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        return Map.of("order", cubes.groups().order(batch, heads), "starts", cubes.groups().starts(batch, heads),
                "padded", cubes.groups().padded(cubes.size(), batch, heads), "present", cubes.present(batch, heads),
                "cubes", Groups.numbers(Shape.of(batch, heads, shape.dim(2)), e -> cubes.cube(e / shape.dim(2), e % shape.dim(2))));
    }

    /** A step {@code name + "Mean"} with the mean of each cube: [batch, heads, cubes, dim]. */
    private static List<Step> means(String name, Shape shape, Cubes cubes, DType dtype) {
        return List.of(
                new Step(name + "Sorted", PermuteSpec.gather(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), shape.dim(2)).withDType(dtype),
                        there -> Map.of("x", there.get(name), "index", there.get("order"))),
                new Step(name + "Mean", PoolSpec.given(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), cubes.count(), PoolSpec.Reduction.MEAN),
                        there -> Map.of("x", there.get(name + "Sorted.out"), "starts", there.get("starts"))));
    }

    /** Tokens in the order of their cubes, each filled up with zeros. */
    private static Step padded(String name, Shape shape, Cubes cubes, DType dtype) {
        return new Step(name + "Padded", PermuteSpec.gather(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3), cubes.padded()).withDType(dtype),
                there -> Map.of("x", there.get(name), "index", there.get("padded")));
    }

    /** Pairs of a query and a cube, the best of all that a head has, by the weights that each query gives the means of all cubes. */
    private static Case mixed(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        Cubes cubes = turns(shape);
        SelectSpec choice = SelectSpec.of(shape.dim(0), shape.dim(1), shape.dim(2), shape.dim(3)).keys(cubes.padded()).blocks(1, cubes.size())
                .estimator(new Estimator.GivenDot()).weighted().perHead().cover(SHARE).build();
        List<Step> steps = new ArrayList<>(means("k", shape, cubes, q.dtype()));
        steps.add(new Step("choice", choice, there -> Map.of("q", there.get("q").to(DType.F32), "k", there.get("kMean.out"),
                "sizes", there.get("sizes"))));
        steps.add(padded("k", shape, cubes, q.dtype()));
        steps.add(padded("v", shape, cubes, q.dtype()));
        AttentionSpec attention = Setup.attention(q).keys(cubes.padded()).maskTensor(shape.dim(0), shape.dim(1), 1, cubes.padded())
                .listed(shape.dim(1), choice.lists() + 1, cubes.size()).build();
        steps.add(new Step("attention", attention, there -> Map.of("q", there.get("q"), "k", there.get("kPadded.out").to(q.dtype()),
                "v", there.get("vPadded.out").to(q.dtype()), "mask", there.get("present"),
                "keyBlocks", withOwn(there.get("choice.keyBlocks"), there.get("cubes")))));
        Map<String, Tensor> inputs = Setup.inputs(q, k, v, orders(shape, cubes));
        inputs.put("sizes", sizes(shape, cubes));
        return new Case(steps, inputs).selecting("choice.keyBlocks", in -> CubeTwin.mixedChoice(in).lists(shape.dim(1)));
    }

    /** 1 for a cube, 0 where a head has fewer of them: [batch, heads, cubes]. */
    private static Tensor sizes(Shape shape, Cubes cubes) {
        Tensor sizes = Tensor.zeros(shape.dim(0), shape.dim(1), cubes.count());
        for (int head = 0; head < shape.dim(0) * shape.dim(1); head++) {
            for (int token = 0; token < shape.dim(2); token++) {
                sizes.set(head * cubes.count() + cubes.cube(head, token), 1);
            }
        }
        return sizes;
    }

    /** Each list with the query's own cube too. */
    private static Tensor withOwn(Tensor lists, Tensor cubes) {
        int n = lists.shape().dim(1);
        int heads = lists.shape().dim(2);
        int count = lists.shape().dim(3) + 1;
        return Groups.numbers(Shape.of(lists.shape().dim(0), n, heads, count), e -> {
            int row = e / count;
            int token = (row / heads / n * heads + row % heads) * n + row / heads % n;
            return (int) (e % count < count - 1 ? lists.get(row * (count - 1) + e % count) : cubes.get(token));
        });
    }

    /** Attention of cubes as one token each, and of the tokens of cubes to those of the cubes that score highest; added by gates, which are drawn. */
    private static Case coarseAndFine(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int batch = shape.dim(0);
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int dim = shape.dim(3);
        Cubes cubes = cubes(shape);
        int size = cubes.size();
        SelectSpec choice = SelectSpec.of(batch, heads, cubes.count(), dim).keys(cubes.padded()).blocks(1, size).estimator(new Estimator.GivenDot())
                .topK(Math.ceilDiv(cubes.count(), ONE_OF)).build();
        List<Step> steps = new ArrayList<>();
        List.of("q", "k", "v").forEach(name -> steps.addAll(means(name, shape, cubes, q.dtype())));
        Map<String, String> means = Map.of("q", "qMean.out", "k", "kMean.out", "v", "vMean.out");
        steps.add(new Step("coarse", AttentionSpec.of(batch, heads, cubes.count(), dim).build(), there -> Step.renamed(there, means)));
        steps.add(new Step("choice", choice, there -> Step.renamed(there, means)));
        List.of("q", "k", "v").forEach(name -> steps.add(padded(name, shape, cubes, q.dtype())));
        steps.add(new Step("attention", AttentionSpec.of(batch, heads, cubes.padded(), dim).maskTensor(batch, heads, 1, cubes.padded())
                .listed(heads, choice.lists(), size, size).build(), there -> Map.of("q", there.get("qPadded.out"), "k", there.get("kPadded.out"),
                "v", there.get("vPadded.out"), "mask", there.get("present"), "keyBlocks", there.get("choice.keyBlocks"))));
        steps.add(new Step("fine", PermuteSpec.scatter(batch, heads, cubes.padded(), dim, n), there -> Map.of("x", there.get("attention.out"),
                "index", there.get("padded"))));
        steps.add(new Step("broadcast", PermuteSpec.gather(batch, heads, cubes.count(), dim, n), there -> Map.of("x", there.get("coarse.out"),
                "index", there.get("cubes"))));
        for (String branch : List.of("broadcast", "fine")) {
            steps.add(new Step(branch + "Gated", Setup.epilogue(shape, new Epilogue.Gate(Epilogue.Gate.Function.IDENTITY), DType.F32), there ->
                    Map.of("x", there.get(branch + ".out"), "g", there.get(branch + "Gate"))));
        }
        steps.add(new Step("sum", Setup.epilogue(shape, new Epilogue.Add(1), DType.F32), there ->
                Map.of("x", there.get("broadcastGated.out"), "y", there.get("fineGated.out"))));
        Map<String, Tensor> inputs = Setup.inputs(q, k, v, orders(shape, cubes));
        inputs.put("broadcastGate", Setup.uniform(shape, seed, 0, 1));
        inputs.put("fineGate", Setup.uniform(shape, seed + 1, 0, 1));
        return new Case(steps, inputs).selecting("choice.keyBlocks", in -> CubeTwin.fineChoice(in).lists(heads));
    }
}
