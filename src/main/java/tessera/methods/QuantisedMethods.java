package tessera.methods;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntPredicate;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import tessera.AttentionSpec;
import tessera.DType;
import tessera.PermuteSpec;
import tessera.Shape;
import tessera.Tensor;
import tessera.masks.Blocks;
import tessera.masks.Mask;

/** Softmax attention over blocks of a video whose tokens are sorted and rounded block by block. Volumes are those of {@link VideoMethods}. */
final class QuantisedMethods {

    /** Orders of the axes (frame, row, column), outermost first. */
    private static final int[][] AXES = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    /** Share of the blocks beside the diagonal that are kept. */
    private static final double KEPT = 0.3;

    static final List<Method> ALL = List.of(
            new Method("P20", QuantisedMethods::reordered, QuantisedMethods::reorderedTwin),
            new Method("D10", QuantisedMethods::tiled, QuantisedMethods::tiledTwin));

    private QuantisedMethods() {
    }

    /** q, k and v in an order, the attention of what they become, and its result back in the order that was. */
    private static List<Step> sorted(Tensor q, PermuteSpec gather, AttentionSpec attention, Quantiser quantiser) {
        Shape shape = q.shape();
        List<Step> steps = new ArrayList<>();
        for (String name : List.of("q", "k", "v")) {
            steps.add(new Step(name + "Sorted", gather, there -> Map.of("x", there.get(name), "index", there.get("order"))));
        }
        steps.add(new Step("attention", attention, there -> quantiser.of(there.get("qSorted.out"), there.get("kSorted.out"), there.get("vSorted.out"))));
        PermuteSpec scatter = PermuteSpec.scatter(shape.dim(0), shape.dim(1), gather.outLength(), shape.dim(3), shape.dim(2))
                .withIndex(gather.indexBatch(), gather.indexHeads());
        steps.add(new Step("back", scatter, there -> Map.of("x", there.get("attention.out"), "index", there.get("order"))));
        return steps;
    }

    private interface Quantiser {
        Map<String, Tensor> of(Tensor q, Tensor k, Tensor v);
    }

    /** Each head has an order of the axes and a mask of blocks, which a calibration would find: drawn. Queries and keys are INT8. */
    private static Case reordered(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int block = Setup.block(n);
        int blocks = Math.ceilDiv(n, block);
        SplittableRandom random = new SplittableRandom(seed);
        Tensor axes = Groups.numbers(Shape.of(heads), _ -> random.nextInt(AXES.length));
        Tensor kept = Tensor.zeros(DType.I8, Shape.of(heads, blocks, blocks));
        for (int i = 0; i < kept.shape().elements(); i++) {
            boolean diagonal = i / blocks % blocks == i % blocks;
            kept.set(i, random.nextDouble() < KEPT || diagonal ? 1 : 0);
        }
        int[][] orders = IntStream.range(0, heads).mapToObj(h -> byAxes(n, AXES[(int) axes.get(h)])).toArray(int[][]::new);
        Tensor order = Groups.numbers(Shape.of(1, heads, n), i -> orders[i / n][i % n]);
        Mask mask = new Blocks(heads, n, n, block, block, (h, qb, kb) -> kept.get((h * blocks + qb) * blocks + kb) > 0);
        PermuteSpec gather = PermuteSpec.gather(shape.dim(0), heads, n, shape.dim(3), n).withIndex(1, heads).withDType(q.dtype());
        AttentionSpec attention = AttentionSpec.of(shape.dim(0), heads, n, shape.dim(3)).mask(mask).build();
        return new Case(sorted(q, gather, attention, (x, y, z) -> Map.of("q", Rounding.int8(x, block), "k", Rounding.int8(y, block), "v", z)),
                Setup.inputs(q, k, v, Map.of("order", order, "axes", axes, "keptBlocks", kept)));
    }

    /** The tokens of a volume, the first axis of an order varying slowest. */
    private static int[] byAxes(int n, int[] axes) {
        int[] sizes = VideoMethods.grid(n);
        int[] strides = {sizes[1] * sizes[2], sizes[2], 1};
        IntPredicate there = token -> token < n;
        return IntStream.range(0, sizes[0] * sizes[1] * sizes[2]).map(place -> {
            int last = place % sizes[axes[2]];
            int middle = place / sizes[axes[2]] % sizes[axes[1]];
            int first = place / sizes[axes[2]] / sizes[axes[1]];
            return first * strides[axes[0]] + middle * strides[axes[1]] + last * strides[axes[2]];
        }).filter(there).toArray();
    }

    private static double[] reorderedTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int heads = shape.dim(1);
        int n = shape.dim(2);
        int block = Setup.block(n);
        int blocks = Math.ceilDiv(n, block);
        int[][] blockOf = IntStream.range(0, heads).mapToObj(h -> {
            long[] keys = IntStream.range(0, n).mapToLong(token -> sortKey(n, token, AXES[(int) in.get("axes").get(h)])).toArray();
            long[] sorted = Arrays.stream(keys).sorted().toArray();
            return Arrays.stream(keys).mapToInt(key -> Arrays.binarySearch(sorted, key) / block).toArray();
        }).toArray(int[][]::new);
        double[] q = rounded(in.get("q"), blockOf, 127, Math::rint);
        double[] k = rounded(in.get("k"), blockOf, 127, Math::rint);
        return SoftmaxTwin.of(shape, q, k, SoftmaxTwin.doubles(in.get("v")), heads,
                (h, i, j) -> in.get("keptBlocks").get((h * blocks + blockOf[h][i]) * blocks + blockOf[h][j]) > 0).out();
    }

    /** Grows with the token's coordinates, with the first axis most. */
    private static long sortKey(int n, int token, int[] axes) {
        int[] at = coordinates(n, token);
        return ((long) at[axes[0]] << 40) + ((long) at[axes[1]] << 20) + at[axes[2]];
    }

    private static int[] coordinates(int n, int token) {
        int[] sizes = VideoMethods.grid(n);
        return new int[] {token / (sizes[1] * sizes[2]), token / sizes[2] % sizes[1], token % sizes[2]};
    }

    /** Each value over the largest magnitude of its block, rounded between -largest and largest. */
    private static double[] rounded(Tensor x, int[][] blockOf, int largest, DoubleUnaryOperator round) {
        int dim = x.shape().dim(3);
        int n = x.shape().dim(2);
        int blocks = 1 + Arrays.stream(blockOf).flatMapToInt(Arrays::stream).max().orElseThrow();
        double[] values = SoftmaxTwin.doubles(x);
        double[] most = new double[values.length / dim / n * blocks];
        int[] blockAt = IntStream.range(0, values.length).map(e -> e / dim / n * blocks + blockOf[e / dim / n % blockOf.length][e / dim % n]).toArray();
        for (int e = 0; e < values.length; e++) {
            most[blockAt[e]] = Math.max(most[blockAt[e]], Math.abs(values[e]));
        }
        Arrays.setAll(values, e -> round.applyAsDouble(values[e] / (most[blockAt[e]] / largest)) * (most[blockAt[e]] / largest));
        return values;
    }

    /** Tokens along each axis of a tile; a tile is half a block of {@link Setup}, or a whole one of long sequences. */
    private static int side(int n) {
        return n >= 1024 ? 4 : 2;
    }

    private static int[] tiles(int n) {
        return Arrays.stream(VideoMethods.grid(n)).map(size -> Math.ceilDiv(size, side(n))).toArray();
    }

    /** Tile by tile, each padded to a cube; a tile sees near tiles along all axes. Queries, keys and values are FP8. */
    private static Case tiled(Tensor q, Tensor k, Tensor v, long seed) {
        Shape shape = q.shape();
        int n = shape.dim(2);
        int side = side(n);
        int tile = side * side * side;
        int[] tiles = tiles(n);
        int[] sizes = VideoMethods.grid(n);
        int padded = tile * tiles[0] * tiles[1] * tiles[2];
        Tensor order = Groups.numbers(Shape.of(1, 1, padded), at -> {
            int t = at / tile;
            int frame = t / (tiles[1] * tiles[2]) * side + at % tile / (side * side);
            int row = t / tiles[2] % tiles[1] * side + at % tile / side % side;
            int column = t % tiles[2] * side + at % side;
            int token = (frame * sizes[1] + row) * sizes[2] + column;
            return row < sizes[1] && column < sizes[2] && token < n ? token : -1;
        });
        Mask near = new Blocks(1, padded, padded, tile, tile, (_, qb, kb) -> sees(tiles, qb, kb));
        Mask mask = near.and((_, _, _, key) -> order.get(key) >= 0);
        PermuteSpec gather = PermuteSpec.gather(shape.dim(0), shape.dim(1), n, shape.dim(3), padded).withIndex(1, 1).withDType(q.dtype());
        AttentionSpec attention = AttentionSpec.of(shape.dim(0), shape.dim(1), padded, shape.dim(3)).mask(mask).build();
        return new Case(sorted(q, gather, attention, (x, y, z) -> Map.of("q", Rounding.fp8(x, tile), "k", Rounding.fp8(y, tile),
                "v", Rounding.fp8(z, tile))), Setup.inputs(q, k, v, Map.of("order", order)));
    }

    private static boolean sees(int[] tiles, int query, int key) {
        boolean near = true;
        for (int axis = 2, u = query, t = key; axis >= 0; u /= tiles[axis], t /= tiles[axis], axis--) {
            int half = VideoMethods.window(tiles[axis], VideoMethods.NEAR) / 2;
            near &= Math.abs(t % tiles[axis] - Math.clamp(u % tiles[axis], half, tiles[axis] - 1 - half)) <= half;
        }
        return near;
    }

    private static double[] tiledTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int[] tiles = tiles(n);
        int[][] at = IntStream.range(0, n).mapToObj(token -> Arrays.stream(coordinates(n, token)).map(place -> place / side(n)).toArray())
                .toArray(int[][]::new);
        int[][] tileOf = {IntStream.range(0, n).map(token -> (at[token][0] * tiles[1] + at[token][1]) * tiles[2] + at[token][2]).toArray()};
        double[] numbers = IntStream.range(0, 127).mapToDouble(QuantisedMethods::fp8).toArray();
        DoubleUnaryOperator nearest = x -> Math.copySign(nearest(numbers, Math.abs(x)), x);
        return SoftmaxTwin.of(shape, rounded(in.get("q"), tileOf, 448, nearest), rounded(in.get("k"), tileOf, 448, nearest),
                rounded(in.get("v"), tileOf, 448, nearest), shape.dim(1), (_, i, j) -> IntStream.range(0, 3).allMatch(axis -> {
                    int width = VideoMethods.window(tiles[axis], VideoMethods.NEAR);
                    int start = Math.max(0, Math.min(at[i][axis] - width / 2, tiles[axis] - width));
                    return at[j][axis] >= start && at[j][axis] < start + width;
                })).out();
    }

    /** The number with those seven bits: an exponent of four, three bits of the fraction. */
    private static double fp8(int bits) {
        int exponent = bits >> 3;
        double fraction = (bits & 7) / 8.0;
        return exponent == 0 ? fraction * Math.pow(2, -6) : (1 + fraction) * Math.pow(2, exponent - 7);
    }

    private static double nearest(double[] numbers, double x) {
        return DoubleStream.of(numbers).boxed().min((a, b) -> Double.compare(Math.abs(x - a), Math.abs(x - b))).orElseThrow();
    }
}
