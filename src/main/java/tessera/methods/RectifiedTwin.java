package tessera.methods;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** Rectified sparse attention as it decodes: one token after the other, with caches of keys and values that are written again. */
final class RectifiedTwin {
    private final Map<String, Tensor> in;
    private final int batch;
    private final int heads;
    private final int kvHeads;
    private final int n;
    private final int dim;
    private final int block;

    /** Which blocks each token reads in either layer, [batch * kvHeads][token][block], once it has run. */
    private final boolean[][][] first;
    private final boolean[][][] second;

    RectifiedTwin(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        this.in = in;
        batch = shape.dim(0);
        heads = shape.dim(1);
        kvHeads = in.get("k").shape().dim(1);
        n = shape.dim(2);
        dim = shape.dim(3);
        block = Setup.block(n);
        first = new boolean[batch * kvHeads][n][];
        second = new boolean[batch * kvHeads][n][];
    }

    /** What the first and the second layer choose. */
    List<BlockChoice> choices() {
        run();
        return List.of(new BlockChoice(first), new BlockChoice(second));
    }

    double[] run() {
        double[] out = new double[batch * heads * n * dim];
        for (int b = 0; b < batch; b++) {
            decode(b, out);
        }
        return out;
    }

    private void decode(int b, double[] out) {
        double[][][] q = read("q", b, heads);
        double[][][] k = read("k", b, kvHeads);
        double[][][] v = read("v", b, kvHeads);
        double[][][] cacheK = new double[kvHeads][n][];
        double[][][] cacheV = new double[kvHeads][n][];
        int frame = RectifiedMethods.RECENT * block;
        for (int t = 0; t < n; t++) {
            double[][] query = at(q, t);
            double[] token = attention(query, k, v, t, choose(first, b, query, k, t));
            write(cacheK, t, project(token, "weightK", kvHeads));
            write(cacheV, t, project(token, "weightV", kvHeads));
            query = project(token, "weightQ", heads);
            token = attention(query, cacheK, cacheV, t, choose(second, b, query, cacheK, t));
            for (int h = 0; h < heads; h++) {
                System.arraycopy(token, h * dim, out, ((b * heads + h) * n + t) * dim, dim);
            }
            for (int s = t - frame + 1; s <= t && (t + 1) % frame == 0; s++) {
                double[] dense = attention(at(q, s), k, v, s, null);
                write(cacheK, s, project(dense, "weightK", kvHeads));
                write(cacheV, s, project(dense, "weightV", kvHeads));
            }
        }
    }

    private double[][][] read(String name, int b, int count) {
        Tensor x = in.get(name);
        return IntStream.range(0, count).mapToObj(h -> IntStream.range(0, n).mapToObj(t -> IntStream.range(0, dim)
                .mapToDouble(c -> x.get(((b * count + h) * n + t) * dim + c)).toArray()).toArray(double[][]::new)).toArray(double[][][]::new);
    }

    private static double[][] at(double[][][] x, int t) {
        return IntStream.range(0, x.length).mapToObj(h -> x[h][t]).toArray(double[][]::new);
    }

    private static void write(double[][][] cache, int t, double[][] vectors) {
        IntStream.range(0, cache.length).forEach(h -> cache[h][t] = vectors[h]);
    }

    private double[][] project(double[] x, String name, int toHeads) {
        Tensor weight = in.get(name);
        return IntStream.range(0, toHeads).mapToObj(h -> IntStream.range(0, dim).mapToDouble(f -> IntStream.range(0, x.length)
                .mapToDouble(c -> x[c] * weight.get((h * x.length + c) * dim + f)).sum()).toArray()).toArray(double[][]::new);
    }

    /** Blocks of each key head, by the bounds of the group's mean query. */
    private boolean[][] choose(boolean[][][] chosen, int b, double[][] query, double[][][] k, int t) {
        int group = heads / kvHeads;
        int count = Math.max(RectifiedMethods.LEAST, (int) (RectifiedMethods.SHARE * (t / block + 1)));
        return IntStream.range(0, kvHeads).mapToObj(h -> {
            double[] scores = new double[Math.ceilDiv(n, block)];
            for (int c = 0; c <= t / block; c++) {
                for (int d = 0; d < dim; d++) {
                    int channel = d;
                    double mean = IntStream.range(h * group, (h + 1) * group).mapToDouble(head -> query[head][channel]).average().orElseThrow();
                    scores[c] += IntStream.range(c * block, Math.min(t + 1, (c + 1) * block)).mapToDouble(j -> mean * k[h][j][channel]).max().orElseThrow();
                }
            }
            chosen[b * kvHeads + h][t] = BlockChoice.best(scores, c -> c <= t / block, c -> c > t / block - RectifiedMethods.RECENT, count);
            return chosen[b * kvHeads + h][t];
        }).toArray(boolean[][]::new);
    }

    /** Of all heads, over all tokens up to t or those of chosen blocks. */
    private double[] attention(double[][] query, double[][][] k, double[][][] v, int t, boolean[][] choices) {
        int group = heads / kvHeads;
        return SoftmaxTwin.of(heads, t + 1, dim, (h, j) -> choices == null || choices[h / group][j / block]
                ? SoftmaxTwin.dot(query[h], 0, k[h / group][j], 0, dim) : Double.NEGATIVE_INFINITY, (h, j, c) -> v[h / group][j][c]).out();
    }
}
