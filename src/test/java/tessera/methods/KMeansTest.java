package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tessera.Shape;
import tessera.Tensor;
import tessera.Tessera;
import tessera.engine.Device;
import tessera.methods.KMeans.Distance;

/** k-means against Lloyd's rounds in double precision, on clusters that are there, and with clusters that would be empty. */
class KMeansTest {

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void roundsAreLloyds(Device device) {
        Tensor x = Tensor.random(Shape.of(2, 3, 63, 5), 1);
        for (Distance distance : Distance.values()) {
            KMeans.Result result = KMeans.of(x, 4, 5, distance, 9, device);
            int[] drawn = new SplittableRandom(9).ints(0, 63).distinct().limit(4).toArray();
            for (int row = 0; row < 6; row++) {
                double[][] tokens = rows(x, row, 63);
                double[][] centroids = Arrays.stream(drawn).mapToObj(i -> tokens[i].clone()).toArray(double[][]::new);
                int[] of = nearest(tokens, centroids, distance);
                for (int t = 0; t < 5; t++) {
                    centroids = means(tokens, of, 4);
                    of = nearest(tokens, centroids, distance);
                }
                assertArrayEquals(of, result.groups().of()[row]);
                double[][] found = rows(result.centroids(), row, 4);
                for (int m = 0; m < 4; m++) {
                    assertArrayEquals(centroids[m], found[m], 1e-5);
                }
            }
        }
    }

    private static double[][] rows(Tensor x, int row, int n) {
        int dim = x.shape().dim(3);
        return IntStream.range(0, n).mapToObj(i -> IntStream.range(0, dim).mapToDouble(c -> x.get((row * n + i) * dim + c)).toArray()).toArray(double[][]::new);
    }

    private static int[] nearest(double[][] tokens, double[][] centroids, Distance distance) {
        return Arrays.stream(tokens).mapToInt(token -> {
            double[] distances = Arrays.stream(centroids).mapToDouble(m -> distance == Distance.SQUARED
                    ? IntStream.range(0, token.length).mapToDouble(c -> Math.pow(token[c] - m[c], 2)).sum()
                    : 1 - product(token, m) / Math.sqrt(product(token, token) * product(m, m))).toArray();
            return IntStream.range(0, distances.length).reduce((a, b) -> distances[b] < distances[a] ? b : a).orElseThrow();
        }).toArray();
    }

    private static double product(double[] a, double[] b) {
        return IntStream.range(0, a.length).mapToDouble(c -> a[c] * b[c]).sum();
    }

    private static double[][] means(double[][] tokens, int[] of, int clusters) {
        return IntStream.range(0, clusters).mapToObj(m -> IntStream.range(0, tokens[0].length).mapToDouble(c ->
                IntStream.range(0, of.length).filter(i -> of[i] == m).mapToDouble(i -> tokens[i][c]).average().orElseThrow()).toArray()).toArray(double[][]::new);
    }

    @ParameterizedTest
    @MethodSource("tessera.Tessera#devices")
    void aClusterThatWouldBeEmptyTakesTheFarthestToken(Device device) {
        Tensor x = Tensor.of(Shape.of(1, 1, 6, 1), 2, 2, 2, 2, 2, 3);
        KMeans.Result result = KMeans.of(x, 3, 3, Distance.SQUARED, 1, device);
        int[][] members = result.groups().members(0);
        assertTrue(Arrays.stream(members).allMatch(group -> group.length > 0), Arrays.deepToString(members));
        assertEquals(1, Arrays.stream(members).filter(group -> group.length == 1 && group[0] == 5).count(), "the token that differs is alone");
        for (float centroid : result.centroids().toArray()) {
            assertTrue(centroid == 2 || centroid == 3, "" + centroid);
        }
    }

    @Test
    void theSameSeedGivesTheSameClusters() {
        Tensor x = Tensor.random(Shape.of(1, 2, 100, 60), 3);
        Device jvm = Tessera.device("jvm");
        KMeans.Result once = KMeans.of(x, 7, 4, Distance.COSINE, 5, jvm);
        assertArrayEquals(once.groups().of(), KMeans.of(x, 7, 4, Distance.COSINE, 5, jvm).groups().of());
    }

    @Test
    void moreClustersThanTokensAreRefused() {
        String message = assertThrows(IllegalArgumentException.class, () ->
                KMeans.of(Tensor.zeros(1, 1, 3, 2), 4, 1, Distance.SQUARED, 1, Tessera.device("jvm"))).getMessage();
        assertTrue(message.contains("1 to 3 clusters") && message.contains("got 4"), message);
    }
}
