package tessera.methods;

import java.util.Comparator;
import java.util.Map;
import java.util.stream.IntStream;
import tessera.Shape;
import tessera.Tensor;

/** What {@link CubeMethods} should give, with tokens where they are: nothing is sorted or filled up. */
final class CubeTwin {

    private CubeTwin() {
    }

    /** Means of the tokens of each cube: [head][cube * dim + channel]. */
    private static double[][] means(double[] x, Cubes cubes, int n, int dim) {
        return IntStream.range(0, x.length / dim / n).mapToObj(head -> {
            double[] means = new double[cubes.count() * dim];
            int[] sizes = new int[cubes.count()];
            for (int t = 0; t < n; t++) {
                sizes[cubes.cube(head, t)]++;
            }
            for (int e = 0; e < n * dim; e++) {
                int cube = cubes.cube(head, e / dim);
                means[cube * dim + e % dim] += x[head * n * dim + e] / sizes[cube];
            }
            return means;
        }).toArray(double[][]::new);
    }

    private static int count(Cubes cubes, int head) {
        return 1 + IntStream.of(cubes.groups().of()[head]).max().orElseThrow();
    }

    static BlockChoice mixedChoice(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        Cubes cubes = CubeMethods.turns(shape);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[][] means = means(SoftmaxTwin.doubles(in.get("k")), cubes, n, dim);
        boolean[][][] chosen = new boolean[means.length][n][cubes.count()];
        for (int head = 0; head < means.length; head++) {
            int count = count(cubes, head);
            double[] weights = new double[n * count];
            for (int i = 0; i < n; i++) {
                double sum = 0;
                for (int c = 0; c < count; c++) {
                    weights[i * count + c] = Math.exp(SoftmaxTwin.dot(q, head * n + i, means[head], c, dim));
                    sum += weights[i * count + c];
                }
                for (int c = 0; c < count; c++) {
                    weights[i * count + c] /= sum;
                }
            }
            double sum = 0;
            for (int pair : IntStream.range(0, n * count).boxed().sorted(Comparator.comparing(p -> -weights[p])).mapToInt(Integer::intValue).toArray()) {
                if (sum <= CubeMethods.SHARE * n) {
                    chosen[head][pair / count][pair % count] = true;
                }
                sum += weights[pair];
            }
        }
        return new BlockChoice(chosen);
    }

    static double[] mixed(Map<String, Tensor> in, BlockChoice choice) {
        int n = in.get("q").shape().dim(2);
        int heads = in.get("q").shape().dim(1);
        Cubes cubes = CubeMethods.turns(in.get("q").shape());
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        int dim = q.length / n / heads / in.get("q").shape().dim(0);
        return SoftmaxTwin.of(q.length / dim, n, dim, (row, j) -> {
            int cube = cubes.cube(row / n, j);
            boolean seen = choice.sees(row / n, row % n, cube) || cube == cubes.cube(row / n, row % n);
            return seen ? SoftmaxTwin.dot(q, row, k, row / n * n + j, dim) : Double.NEGATIVE_INFINITY;
        }, (row, j, c) -> v[(row / n * n + j) * dim + c]).out();
    }

    /** One choice for the queries of a cube. */
    static BlockChoice fineChoice(Map<String, Tensor> in) {
        Shape shape = in.get("q").shape();
        int dim = shape.dim(3);
        Cubes cubes = CubeMethods.cubes(shape);
        double[][] q = means(SoftmaxTwin.doubles(in.get("q")), cubes, shape.dim(2), dim);
        double[][] k = means(SoftmaxTwin.doubles(in.get("k")), cubes, shape.dim(2), dim);
        return BlockChoice.of(q.length, cubes.count(), (head, row) -> BlockChoice.best(IntStream.range(0, cubes.count())
                .mapToDouble(c -> SoftmaxTwin.dot(q[head], row, k[head], c, dim)).toArray(), _ -> true, _ -> false,
                Math.ceilDiv(cubes.count(), CubeMethods.ONE_OF)));
    }

    static double[] coarseAndFine(Map<String, Tensor> in, BlockChoice choice) {
        Shape shape = in.get("q").shape();
        int n = shape.dim(2);
        int dim = shape.dim(3);
        Cubes cubes = CubeMethods.cubes(shape);
        double[] q = SoftmaxTwin.doubles(in.get("q"));
        double[] k = SoftmaxTwin.doubles(in.get("k"));
        double[] v = SoftmaxTwin.doubles(in.get("v"));
        double[][] meanQ = means(q, cubes, n, dim);
        double[][] meanK = means(k, cubes, n, dim);
        double[][] meanV = means(v, cubes, n, dim);
        double[] coarse = SoftmaxTwin.of(q.length / dim, cubes.count(), dim, (row, c) ->
                SoftmaxTwin.dot(meanQ[row / n], cubes.cube(row / n, row % n), meanK[row / n], c, dim),
                (row, c, channel) -> meanV[row / n][c * dim + channel]).out();
        double[] fine = SoftmaxTwin.of(q.length / dim, n, dim, (row, j) -> choice.sees(row / n, cubes.cube(row / n, row % n), cubes.cube(row / n, j))
                ? SoftmaxTwin.dot(q, row, k, row / n * n + j, dim) : Double.NEGATIVE_INFINITY, (row, j, c) -> v[(row / n * n + j) * dim + c]).out();
        return IntStream.range(0, q.length).mapToDouble(e -> in.get("broadcastGate").get(e) * coarse[e] + in.get("fineGate").get(e) * fine[e]).toArray();
    }
}
