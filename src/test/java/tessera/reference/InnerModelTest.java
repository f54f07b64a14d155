package tessera.reference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tessera.FastWeightSpec;
import tessera.FastWeightSpec.Loss;
import tessera.FastWeightSpec.Model;
import tessera.Shape;

/** Derivations against differences of the loss, for every weight of every model; the orthogonal step by its properties. */
class InnerModelTest {
    private final SplittableRandom random = new SplittableRandom(3);

    @TestFactory
    Stream<DynamicTest> theGradientIsTheSlopeOfTheLoss() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Model model : Model.values()) {
            for (Loss loss : Loss.values()) {
                tests.add(DynamicTest.dynamicTest(model + " " + loss, () -> check(model, loss)));
            }
        }
        return tests.stream();
    }

    private void check(Model model, Loss loss) {
        int d = 5;
        FastWeightSpec spec = FastWeightSpec.of(1, 1, 1, d).model(model, model.isDeep() ? 7 : 0).loss(loss).initialWeights().build();
        InnerModel inner = new InnerModel(spec, vector(d), vector(d));
        double[][][] w = spec.weights().values().stream().map(this::matrix).toArray(double[][][]::new);
        double[] k = vector(d);
        double[] v = vector(d);
        double[][][] gradient = inner.gradient(w, k, v);
        for (int n = 0; n < w.length; n++) {
            for (int c = 0; c < w[n].length; c++) {
                for (int e = 0; e < w[n][c].length; e++) {
                    double at = w[n][c][e];
                    w[n][c][e] = at + 1e-5;
                    double above = inner.loss(w, k, v);
                    w[n][c][e] = at - 1e-5;
                    double below = inner.loss(w, k, v);
                    w[n][c][e] = at;
                    assertEquals((above - below) / 2e-5, gradient[n][c][e], 1e-7, n + ": " + c + ", " + e);
                }
            }
        }
    }

    @Test
    void anOrthogonalStepHasSingularValuesNearOne() {
        for (int[] size : new int[][] {{6, 6}, {9, 4}, {4, 9}}) {
            double[][] x = OrthogonalStep.muon(matrix(Shape.of(size)));
            for (int turn = 0; turn < 100; turn++) {
                double[] y = vector(Math.min(size[0], size[1]));
                double ratio = length(size[0] <= size[1] ? times(y, x) : times(y, transposed(x))) / length(y);
                assertTrue(ratio > 0.6 && ratio < 1.4, "stretched by " + ratio);
            }
        }
    }

    @Test
    void columnsKeepTheirLengths() {
        double[][] w = transposed(matrix(Shape.of(4, 6)));
        double[][] moved = transposed(OrthogonalStep.of(w, matrix(Shape.of(6, 4))));
        double[][] before = transposed(w);
        for (int e = 0; e < 4; e++) {
            assertEquals(length(before[e]), length(moved[e]), 1e-12);
            assertTrue(Math.abs(before[e][0] - moved[e][0]) > 1e-3, "moved");
        }
    }

    private double[][] matrix(Shape shape) {
        double[][] w = new double[shape.rank() == 3 ? 1 : shape.dim(-2)][];
        for (int c = 0; c < w.length; c++) {
            w[c] = vector(shape.dim(-1));
        }
        return w;
    }

    private double[] vector(int size) {
        return random.doubles(size, -1, 1).toArray();
    }

    private static double length(double[] x) {
        double squares = 0;
        for (double v : x) {
            squares += v * v;
        }
        return Math.sqrt(squares);
    }

    private static double[] times(double[] x, double[][] w) {
        double[] y = new double[w[0].length];
        for (int c = 0; c < x.length; c++) {
            for (int e = 0; e < y.length; e++) {
                y[e] += x[c] * w[c][e];
            }
        }
        return y;
    }

    private static double[][] transposed(double[][] a) {
        double[][] result = new double[a[0].length][a.length];
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < a[0].length; j++) {
                result[j][i] = a[i][j];
            }
        }
        return result;
    }
}
